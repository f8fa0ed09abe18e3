variable "prefix" {
  description = "What the parameters' names begin with, without a closing slash."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "values" {
  description = "Values by the last part of the parameter's name."
  type        = map(string)
}
