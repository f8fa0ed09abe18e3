# Keys, roles and the principals that may use the buckets.

variable "administrator_principal_arns" {
  description = "Roles and users that may always read, write and delete the objects of all three buckets. Null uses the principal that runs Terraform; list the principals if several of them run it, so that the bucket policies do not change with the caller."
  type        = list(string)
  default     = null

  validation {
    condition = alltrue([
      for arn in coalesce(var.administrator_principal_arns, []) :
      can(regex(local.principal_arn_pattern, arn))
    ])
    error_message = "administrator_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

variable "ground_truth_role" {
  description = <<-EOT
    An existing execution role for the labeling jobs. Null creates one.

    - `arn` - ARN of the role. It must trust sagemaker.amazonaws.com and be able to read the upload bucket, to read and write the output bucket and to use the key. With verification of a task type for which Ground Truth has no functions, it must also be able to invoke the functions prepare_verification and consolidate_verification of the output function_arns.
  EOT
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.ground_truth_role == null || can(regex(local.role_arn_pattern, var.ground_truth_role.arn))
    error_message = "ground_truth_role.arn must be the ARN of an IAM role."
  }

  validation {
    condition     = var.ground_truth_role == null || local.ground_truth_enabled
    error_message = "ground_truth_role needs workteam_arn: without a work team nothing of Ground Truth is deployed."
  }
}

variable "iam" {
  description = <<-EOT
    Settings of every IAM role of the module.

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

variable "kms_deletion_window_days" {
  description = "Days between terraform destroy and the deletion of the key that the module creates, from 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = (
      var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30 &&
      floor(var.kms_deletion_window_days) == var.kms_deletion_window_days
    )
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }
}

variable "kms_key" {
  description = <<-EOT
    An existing symmetric key for everything the module encrypts. Null creates one.

    - `arn` - ARN of the key, not of an alias. Its policy must contain the statements of the output required_key_policy_json.
  EOT
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key; an alias does not do, because bucket policies compare the key's ARN."
  }
}

variable "lift_writer_denials" {
  description = "Whether to remove from the bucket policies the statement that denies writes and deletes by all but the pipeline's roles, upload_principal_arns, maintenance roles and administrators. IAM alone then decides who may change uploads, labels and records; the rules for readers, TLS and encryption do not change. Use it only while you [look in CloudTrail for the principal that was denied](operations.md#a-write-that-a-bucket-denies)."
  type        = bool
  default     = false
  nullable    = false
}

variable "reader_principal_arns" {
  description = "Roles and users, of this account or another, that may read results and features."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex(local.principal_arn_pattern, arn))])
    error_message = "reader_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

variable "upload_principal_arns" {
  description = "Roles and users, of this account or another, that may write uploads."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.upload_principal_arns : can(regex(local.principal_arn_pattern, arn))])
    error_message = "upload_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}
