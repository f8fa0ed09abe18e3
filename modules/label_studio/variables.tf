variable "alarm_actions" {
  description = "ARNs that the alarm notifies."
  type        = list(string)
}

variable "deployment" {
  description = "Account, partition and region of the deployment, read once at the root."
  type = object({
    account_id = string
    partition  = string
    region     = string
  })
}

variable "function" {
  description = "Function that works on jobs in Label Studio."
  type = object({
    arn  = string
    name = string
  })
}

variable "iam" {
  description = "Path and permissions boundary of the role."
  type = object({
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "interval_minutes" {
  description = "Minutes between two calls of the function."
  type        = number
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "name" {
  description = "Name of the schedule and of the alarm."
  type        = string
}

variable "role_name" {
  description = "Name of the schedule's role."
  type        = string
}

variable "schedule_arn" {
  description = "ARN of the schedule."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
