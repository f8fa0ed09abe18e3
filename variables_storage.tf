# What is stored: buckets and feature records.

variable "access_logs" {
  description = <<-EOT
    Where S3 writes its access logs of the three buckets. Null writes none.

    - `bucket_name` - Name of a bucket in the same region and account whose policy lets `logging.s3.amazonaws.com` write.
    - `prefix` - (Optional) Beginning of the logs' keys; the pipeline's name and the bucket's use follow. Defaults to `s3/`.
  EOT
  type = object({
    bucket_name = string
    prefix      = optional(string, "s3/")
  })
  default = null

  validation {
    condition     = var.access_logs == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_logs.bucket_name))
    error_message = "access_logs.bucket_name must be the name of a bucket, 3 to 63 lower case letters, digits, dots and hyphens."
  }
}

variable "extra_features" {
  description = "Further features of each record: name to path in the output line, for example { weather = \"capture.weather\" }. A path is a key, keys and indexes of lists joined by dots, or a JSON pointer such as /capture/weather. Those known when the feature group is created are columns; later ones go into extra_json."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.extra_features) : can(regex(local.feature_name_pattern, name))])
    error_message = "extra_features: a name is 1 to 64 letters, digits, hyphens and underscores, and starts and ends with a letter or digit."
  }

  validation {
    condition = length(setintersection(
      [for name in keys(var.extra_features) : lower(name)],
      ["api_invocation_time", "is_deleted", "write_time"],
    )) == 0
    error_message = "extra_features: api_invocation_time, is_deleted and write_time are reserved by the Feature Store."
  }

  validation {
    condition     = length(setintersection([for name in keys(var.extra_features) : lower(name)], keys(local.base_features))) == 0
    error_message = "extra_features: a name must not be one of the pipeline's own columns: ${join(", ", keys(local.base_features))}."
  }

  validation {
    condition     = length(distinct([for name in keys(var.extra_features) : lower(name)])) == length(var.extra_features)
    error_message = "extra_features: names must differ in more than upper and lower case, because the offline store's tables ignore case."
  }

  validation {
    condition = alltrue([
      for path in values(var.extra_features) :
      can(regex("^[^.$/\\s]([^.\\n\\r]*[^.\\s])?(\\.[^.\\s]([^.\\n\\r]*[^.\\s])?)*$", path)) ||
      can(regex("^/([^~$/\\n\\r]|~[01])([^~\\n\\r]|~[01])*$", path))
    ])
    error_message = "extra_features: a path is one or more keys of the output line joined by dots, without white space around a key, or a JSON pointer; keys that begin with $ are not handed through."
  }
}

variable "feature_group" {
  description = <<-EOT
    The feature group that the records are written to.

    - `maintenance_role_arns` - (Optional) Roles of this account that compact the offline store, [which does not happen automatically](records.md#read-the-offline-store). They may read, write and delete its objects and use the key. Defaults to `[]`.
    - `name` - (Optional) Its name. Defaults to job_name.
    - `online_store_enabled` - (Optional) Whether records can also be read at low latency. Defaults to `false`.
    - `table_format` - (Optional) `Iceberg` or `Glue`. Defaults to `Iceberg`, whose small files [you can compact](records.md#read-the-offline-store).
  EOT
  type = object({
    maintenance_role_arns = optional(list(string), [])
    name                  = optional(string)
    online_store_enabled  = optional(bool, false)
    table_format          = optional(string, "Iceberg")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.feature_group.name == null || can(regex(local.feature_name_pattern, var.feature_group.name))
    error_message = "feature_group.name must be 1 to 64 letters, digits, hyphens and underscores, and start and end with a letter or digit."
  }

  validation {
    condition = alltrue([
      for arn in var.feature_group.maintenance_role_arns : can(regex(local.role_arn_pattern, arn))
    ])
    error_message = "feature_group.maintenance_role_arns must hold ARNs of IAM roles, without wildcards."
  }

  validation {
    # Neither the bucket's nor the key's policy admits another account's roles.
    condition     = alltrue([for arn in var.feature_group.maintenance_role_arns : try(split(":", arn)[4], "") == local.current.account_id])
    error_message = "feature_group.maintenance_role_arns must hold roles of the account of the deployment, ${local.current.account_id}."
  }

  validation {
    condition     = contains(["Glue", "Iceberg"], var.feature_group.table_format)
    error_message = "feature_group.table_format must be Glue or Iceberg."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy may delete buckets with objects in them and the ledger. ALL UPLOADS, LABELS AND RECORDS ARE LOST."
  type        = bool
  default     = false
  nullable    = false
}
