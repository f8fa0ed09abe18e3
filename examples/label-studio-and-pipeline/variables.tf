variable "admin_email" {
  description = "Email address of the first user, as which the pipeline calls the API. Label Studio creates the user at its first start."
  type        = string
}

variable "domain_name" {
  description = "Host name that people open, such as label-studio.example.com. The pipeline's functions use the name pipeline.<domain_name>."
  type        = string
}

variable "hosted_zone_id" {
  description = "Public Route 53 hosted zone of domain_name, for two names and the validation of their certificate."
  type        = string
}

variable "oidc" {
  description = <<-EOT
    The identity provider at which people log in before their browser reaches Label Studio. Register `https://<domain_name>/oauth2/idpresponse` there as redirect URI.

    - `authorization_endpoint` - Its URL from the provider's `.well-known/openid-configuration`, as are the other URLs.
    - `client_id` - Client that is registered for the load balancer.
    - `issuer` - Issuer of the tokens.
    - `session_hours` - (Optional) Hours until people log in again. Defaults to 12.
    - `token_endpoint` - URL at which the load balancer exchanges codes for tokens.
    - `user_info_endpoint` - URL of the user's claims.
  EOT
  type = object({
    authorization_endpoint = string
    client_id              = string
    issuer                 = string
    session_hours          = optional(number, 12)
    token_endpoint         = string
    user_info_endpoint     = string
  })
}

variable "oidc_client_secret" {
  description = "Secret of oidc.client_id. The provider has no write-only argument for it, so it is in the state: encrypt the state, and give it in the environment as TF_VAR_oidc_client_secret."
  type        = string
  sensitive   = true
}

variable "people" {
  description = <<-EOT
    From where people reach the load balancer that asks them to log in.

    - `cidr_blocks` - IPv4 ranges, such as that of your offices; `0.0.0.0/0` admits everyone to the login.
    - `internal` - (Optional) Whether it has private addresses only, for people in the VPC or behind a VPN. Defaults to false.
    - `subnet_ids` - Subnets in at least two availability zones, with a route to the identity provider; public ones unless `internal`.
  EOT
  type = object({
    cidr_blocks = set(string)
    internal    = optional(bool, false)
    subnet_ids  = set(string)
  })
}

variable "private_subnet_ids" {
  description = "Private subnets in at least two availability zones, for the task, the database and the pipeline's load balancer. They need a route to Docker Hub and to AWS, such as a NAT gateway."
  type        = set(string)
}

variable "vpc_id" {
  description = "VPC of the subnets."
  type        = string
}
