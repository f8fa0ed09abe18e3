variable "functions_vpc" {
  description = <<-EOT
    Where functions run that reach a private address of Label Studio. Null runs them outside of a VPC.

    - `security_group_ids` - Groups that allow outbound HTTPS.
    - `subnet_ids` - Subnets with a route to Label Studio, and a NAT gateway or endpoints for the services that functions call.
  EOT
  type = object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  })
  default = null
}

variable "label_studio" {
  description = <<-EOT
    The Label Studio, version 1.23.2 or newer.

    - `reader_role_arns` - Roles with which it shows uploads.
    - `token_secret_arn` - Secret with the token of a user, in the region of the pipeline.
    - `token_secret_kms_key_arn` - (Optional) Key of yours that encrypts the secret. Defaults to none: the key that AWS manages.
    - `url` - Its address, `https://` and a host.
  EOT
  type = object({
    reader_role_arns         = list(string)
    token_secret_arn         = string
    token_secret_kms_key_arn = optional(string)
    url                      = string
  })
}
