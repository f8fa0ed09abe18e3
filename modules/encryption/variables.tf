variable "deletion_window_days" {
  description = "Days between the destruction of the created key and its deletion."
  type        = number
}

variable "deployment" {
  description = "Account, partition and region of the deployment, read once at the root."
  type = object({
    account_id = string
    partition  = string
    region     = string
  })
}

variable "event_rule_arns" {
  description = "EventBridge rules that write to queues encrypted with the key."
  type        = list(string)
}

variable "existing_key" {
  description = "The caller's key; null creates one."
  type = object({
    arn = string
  })
  default = null
}

variable "label_studio_role_arns" {
  description = "Roles that may decrypt uploads because Label Studio shows them."
  type        = list(string)
}

variable "log_group_arns" {
  description = "Log groups encrypted with the key."
  type        = list(string)
}

variable "name" {
  description = "Name of the pipeline; the alias of the created key."
  type        = string
}

variable "reader_principal_arns" {
  description = "Principals that may decrypt objects."
  type        = list(string)
}

variable "role_arns" {
  description = "Roles of the pipeline that use the key."
  type        = list(string)
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "upload_principal_arns" {
  description = "Principals that may encrypt objects."
  type        = list(string)
}
