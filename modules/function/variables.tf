variable "code_signing_config_arn" {
  description = "Code signing configuration that has to accept the package; null for none."
  type        = string
  default     = null
}

variable "deployment" {
  description = "Account, partition and region of the deployment, read once at the root."
  type = object({
    account_id = string
    partition  = string
    region     = string
  })
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "function_arn" {
  description = "ARN that the function will have."
  type        = string
}

variable "handler" {
  description = "Dotted path of the handler."
  type        = string
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

variable "layer_arns" {
  description = "Versions of layers."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_group_arn" {
  description = "ARN of the log group."
  type        = string
}

variable "log_group_name" {
  description = "Name of the log group."
  type        = string
}

variable "memory_mb" {
  description = "Memory in MB."
  type        = number
}

variable "name" {
  description = "Name of the function."
  type        = string
}

variable "package" {
  description = "The caller's build of the code, a local zip or an S3 object; null takes the shipped one."
  type = object({
    path              = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  })
  default = null
}

variable "reserved_concurrency" {
  description = "Reserved concurrent executions of the function; null shares the account's concurrency."
  type        = number
  default     = null
}

variable "role_name" {
  description = "Name of the function's role."
  type        = string
}

variable "runtime" {
  description = "Python runtime."
  type        = string
}

variable "statements" {
  description = "What the function may do, by statement id; conditions as in IAM: operator, key, values."
  type = map(object({
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))), {})
  }))
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout_seconds" {
  description = "Longest run in seconds."
  type        = number
}

variable "tracing_enabled" {
  description = "Whether the function sends traces to X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc" {
  description = "Subnets and security groups of the function; null for Lambda's own network."
  type = object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  })
  default = null
}
