variable "reviewers_workteam_arn" {
  description = "ARN of the work team that verifies. Null takes workteam_arn."
  type        = string
  default     = null
}

variable "workteam_arn" {
  description = "ARN of the private or vendor work team that labels."
  type        = string
}
