variable "definition" {
  description = "The rendered definition of the state machine."
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

variable "function_arns" {
  description = "Functions that the state machine calls, by step."
  type        = map(string)
}

variable "iam" {
  description = "Path and permissions boundary of the role."
  type = object({
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "job_state" {
  description = "Rule on the states of Ground Truth's labeling jobs, and the function that then answers the workflow; null without Ground Truth."
  type = object({
    function_arn  = string
    function_name = string
    rule_arn      = string
    rule_name     = string
  })
  default = null
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "labeling_job_arn_prefix" {
  description = "What the ARNs of the pipeline's labeling jobs begin with."
  type        = string
}

variable "log_group_name" {
  description = "Name of the state machine's log group."
  type        = string
}

variable "log_level" {
  description = "Events of the state machine that are logged."
  type        = string
}

variable "log_retention_days" {
  description = "Days the log group keeps its events."
  type        = number
}

variable "name" {
  description = "Name of the state machine and its schedule."
  type        = string
}

variable "role_name" {
  description = "Name of the state machine's role."
  type        = string
}

variable "schedule" {
  description = "When the state machine is started."
  type = object({
    enabled    = bool
    expression = string
    timezone   = string
  })
}

variable "schedule_arn" {
  description = "ARN of the schedule."
  type        = string
}

variable "schedule_role_name" {
  description = "Name of the schedule's role."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the state machine, as a string, for policies that come before it."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tracing_enabled" {
  description = "Whether executions are traced with X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "undelivered_queue_arn" {
  description = "Queue of events and schedule calls that could not be delivered."
  type        = string
}
