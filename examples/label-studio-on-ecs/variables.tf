variable "access_logs" {
  description = <<-EOT
    Where both load balancers write access logs. Null writes none.

    - `bucket_name` - Bucket in the same region whose policy admits the delivery of load balancer logs.
    - `prefix` - (Optional) Beginning of the keys. Defaults to `label-studio`.
  EOT
  type = object({
    bucket_name = string
    prefix      = optional(string, "label-studio")
  })
  default = null
}

variable "admin_email" {
  description = "Email address of the first user, as which the pipeline calls the API. Label Studio creates the user at its first start."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+$", var.admin_email))
    error_message = "admin_email must be an email address."
  }
}

variable "database" {
  description = <<-EOT
    Size and backups of the PostgreSQL database.

    - `backup_retention_days` - (Optional) Days to which the database can be restored, from 1 to 35. Defaults to 14.
    - `instance_class` - (Optional) Defaults to `db.t4g.micro`.
    - `max_storage_gb` - (Optional) Limit to which the storage of 20 GB grows by itself, from 22. Defaults to 100.
    - `multi_az` - (Optional) Whether a standby runs in a second availability zone, at twice the price. Defaults to false.
  EOT
  type = object({
    backup_retention_days = optional(number, 14)
    instance_class        = optional(string, "db.t4g.micro")
    max_storage_gb        = optional(number, 100)
    multi_az              = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.backup_retention_days >= 1 && var.database.backup_retention_days <= 35
    error_message = "database.backup_retention_days must be from 1 to 35; without backups, labels that are not collected yet would exist once."
  }

  validation {
    condition     = var.database.max_storage_gb >= 22
    error_message = "database.max_storage_gb must be at least 22, a tenth more than the 20 GB that the database begins with."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database and the load balancers. Set it to false and apply before terraform destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "domain_name" {
  description = "Host name that people open, such as label-studio.example.com. The pipeline's functions use the name pipeline.<domain_name>."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name)) && length(var.domain_name) <= 64
    error_message = "domain_name must be a host name in lower case, without https:// and with at most 64 characters, the longest first name of a certificate."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 hosted zone of domain_name, for two names and the validation of their certificate."
  type        = string

  validation {
    condition     = can(regex("^[A-Z0-9]+$", var.hosted_zone_id))
    error_message = "hosted_zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ."
  }
}

variable "iam" {
  description = <<-EOT
    Settings of both IAM roles.

    - `path` - (Optional) Path of the roles. Defaults to `/`.
    - `permissions_boundary_arn` - (Optional) Permissions boundary of the roles. Defaults to none.
  EOT
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.iam.path))
    error_message = "iam.path must start and end with a slash."
  }

  validation {
    condition = (
      var.iam.permissions_boundary_arn == null ||
      can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary_arn))
    )
    error_message = "iam.permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "image" {
  description = <<-EOT
    Version of the image heartexlabs/label-studio.

    - `digest` - (Optional) Digest of the image, `sha256:` and 64 digits, of that version. It is pulled instead of the tag, which its publisher could move. Defaults to none.
    - `version` - (Optional) Tag, 1.23.2 or newer. Defaults to `1.23.2`.
  EOT
  type = object({
    digest  = optional(string)
    version = optional(string, "1.23.2")
  })
  default  = {}
  nullable = false

  validation {
    # 1.22.0 and older have CVE-2026-22033; 1.23.2 guards webhooks and S3 endpoints on each connection.
    condition = try(
      sum([for place, number in split(".", var.image.version) : parseint(number, 10) * pow(1000, 2 - place)]) >= 1023002,
      false,
    ) && can(regex("^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$", var.image.version))
    error_message = "image.version must be three numbers and at least 1.23.2: any member can exploit known vulnerabilities of older versions."
  }

  validation {
    condition     = var.image.digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.image.digest))
    error_message = "image.digest must be sha256: and 64 hexadecimal digits in lower case."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch Logs keeps the logs of Label Studio and of the database."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch Logs accepts, such as 30, 90 or 365."
  }
}

variable "name" {
  description = "Beginning of every name. It cannot change after the first apply, because secrets and logs would be replaced."
  type        = string
  default     = "label-studio"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9]){1,21}$", var.name)) && length(var.name) <= 22
    error_message = "name must have 2 to 22 lower-case letters, digits and single hyphens, begin with a letter and not end with a hyphen, as names of databases and load balancers do."
  }
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

  validation {
    condition = alltrue([
      for url in [var.oidc.authorization_endpoint, var.oidc.issuer, var.oidc.token_endpoint, var.oidc.user_info_endpoint] :
      startswith(url, "https://")
    ])
    error_message = "oidc: issuer and endpoints must begin with https://, which load balancers require."
  }

  validation {
    condition     = var.oidc.session_hours > 0 && var.oidc.session_hours <= 168
    error_message = "oidc.session_hours must be more than 0 and at most 168, the week that a load balancer can keep a session."
  }
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

  validation {
    condition     = length(var.people.cidr_blocks) > 0 && alltrue([for block in var.people.cidr_blocks : can(cidrnetmask(block))])
    error_message = "people.cidr_blocks must hold at least one IPv4 range, such as 203.0.113.0/24."
  }

  validation {
    condition     = length(var.people.subnet_ids) >= 2
    error_message = "people.subnet_ids must hold subnets of at least two availability zones, which load balancers require."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets in at least two availability zones, for the task, the database and the pipeline's load balancer. They need a route to Docker Hub and to AWS, such as a NAT gateway."
  type        = set(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids must hold subnets of at least two availability zones, which RDS and load balancers require."
  }
}

variable "secret_versions" {
  description = <<-EOT
    Raise a number to have Terraform replace a secret and start Label Studio with it.

    - `database_password` - (Optional) Defaults to 1.
    - `secret_key` - (Optional) A new key ends all sessions and voids all personal access tokens. Defaults to 1.
  EOT
  type = object({
    database_password = optional(number, 1)
    secret_key        = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for version in values(var.secret_versions) : version >= 1 && floor(version) == version])
    error_message = "secret_versions must hold whole numbers from 1."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "upload_bucket" {
  description = <<-EOT
    The bucket with the objects to label: the only data of the account that Label Studio can read.

    - `kms_key_arn` - Key that encrypts its objects.
    - `name` - Name of the bucket; the pipeline's output `upload_bucket_name`.
  EOT
  type = object({
    kms_key_arn = string
    name        = string
  })

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.upload_bucket.kms_key_arn))
    error_message = "upload_bucket.kms_key_arn must be the ARN of a KMS key, not of an alias."
  }

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.upload_bucket.name))
    error_message = "upload_bucket.name must be the name of a bucket, without s3://."
  }
}

variable "vpc_id" {
  description = "VPC of the subnets."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must be the id of a VPC, such as vpc-0123456789abcdef0."
  }
}
