variable "deletion_protection_enabled" {
  description = "Whether the table is protected against deletion."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "name" {
  description = "Name of the table."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
