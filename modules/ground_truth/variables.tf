variable "categories_s3_uri" {
  description = "The caller's label category file; used when labels is null."
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

variable "existing_role" {
  description = "The caller's execution role; null creates one."
  type = object({
    arn = string
  })
  default = null
}

variable "iam" {
  description = "Path and permissions boundary of the role."
  type = object({
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "instructions" {
  description = "Instructions for workers, as plain text."
  type = object({
    full  = string
    short = string
  })
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "label_details" {
  description = "Details of labels, by label name."
  type = map(object({
    description        = optional(string)
    short_display_name = optional(string)
  }))
  default  = {}
  nullable = false
}

variable "labels" {
  description = "Names of the labels, in order; null when the caller brings a category file."
  type        = list(string)
  default     = null
}

variable "output_bucket_arn" {
  description = "ARN of the bucket that takes manifests and annotations."
  type        = string
}

variable "output_bucket_name" {
  description = "Name of the bucket that takes templates, categories, manifests and annotations."
  type        = string
}

variable "role_name" {
  description = "Name of the execution role."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "template_file" {
  description = "Name of the task type's worker template among those that ship with the module; null when the service shows its own user interface."
  type        = string
  default     = null
}

variable "template_s3_uri" {
  description = "The caller's worker template; null takes the shipped one."
  type        = string
  default     = null
}

variable "title" {
  description = "Title that workers see."
  type        = string
}

variable "upload_bucket_arn" {
  description = "ARN of the bucket with the objects to label."
  type        = string
}

variable "verification" {
  description = "What verification jobs need; null when labels are not verified. Your own category file or template replaces the shipped one."
  type = object({
    categories           = list(string)
    categories_s3_uri    = optional(string)
    function_arns        = list(string)
    instructions         = object({ full = string, short = string })
    label_attribute_name = string
    template_file        = string
    template_s3_uri      = optional(string)
    title                = string
  })
  default = null
}
