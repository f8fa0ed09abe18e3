variable "actions" {
  description = "ARNs that alarms notify besides the topic."
  type        = list(string)
}

variable "dashboard" {
  description = "What a labeled and a verified object cost, in dollars, on the dashboard; null for no dashboard."
  type = object({
    label_cost  = number
    verify_cost = number
  })
  default = null
}

variable "dead_letter_threshold" {
  description = "Messages in the dead-letter queue that raise the alarm."
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

variable "function_names" {
  description = "Names of the functions by step."
  type        = map(string)
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "name" {
  description = "Name of the pipeline; alarms and topic begin with it."
  type        = string
}

variable "oldest_message_age_seconds" {
  description = "Age of the oldest waiting upload that raises the alarm."
  type        = number
}

variable "queue_names" {
  description = "Names of the queues by use: dead_letter, intake and undelivered."
  type        = map(string)
}

variable "rule_names" {
  description = "Names of the rules by use: upload, and job_state with Ground Truth."
  type        = map(string)
}

variable "state_machine_arn" {
  description = "ARN of the state machine."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
