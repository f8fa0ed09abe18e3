variable "base_features" {
  description = "Names and types of the columns every record has."
  type        = map(string)
}

variable "bucket_arn" {
  description = "ARN of the bucket of the offline store."
  type        = string
}

variable "bucket_name" {
  description = "Name of the bucket of the offline store."
  type        = string
}

variable "deployment" {
  description = "Account, partition and region of the deployment, read once at the root."
  type = object({
    account_id = string
    partition  = string
    region     = string
  })
}

variable "extra_feature_names" {
  description = "Names of the caller's features; columns if the group is created with them."
  type        = list(string)
}

variable "iam" {
  description = "Path and permissions boundary of the role."
  type = object({
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "name" {
  description = "Name of the feature group."
  type        = string
}

variable "online_store_enabled" {
  description = "Whether records can also be read at low latency."
  type        = bool
}

variable "role_name" {
  description = "Name of the role that writes the offline store."
  type        = string
}

variable "table_format" {
  description = "Table format of the offline store, Iceberg or Glue."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
