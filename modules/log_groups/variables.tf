variable "kms_key_arn" {
  description = "Key that encrypts the logs."
  type        = string
}

variable "names" {
  description = "Names of the log groups, by function or use."
  type        = map(string)
}

variable "retention_days" {
  description = "Days the log groups keep their events."
  type        = number
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
