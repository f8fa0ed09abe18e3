variable "consumer_timeout_seconds" {
  description = "Longest time the function that drains the intake queue runs."
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

variable "job_state_rule_arn" {
  description = "Rule on labeling job states, whose undelivered events are kept here; null without Ground Truth."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "message_retention_seconds" {
  description = "Seconds a message may wait in the intake queue."
  type        = number
}

variable "queue_arns" {
  description = "ARNs of the queues by use: dead_letter, intake and undelivered."
  type        = map(string)
}

variable "queue_names" {
  description = "Names of the queues by use: dead_letter, intake and undelivered."
  type        = map(string)
}

variable "splitter" {
  description = "Function that sends the items of an upload to the intake queue; null sends the upload itself there."
  type = object({
    arn  = string
    name = string
  })
  default = null
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "upload_bucket_name" {
  description = "Bucket whose new objects are to be labeled."
  type        = string
}

variable "upload_rule_arn" {
  description = "ARN of the rule on uploads."
  type        = string
}

variable "upload_rule_name" {
  description = "Name of the rule on uploads."
  type        = string
}
