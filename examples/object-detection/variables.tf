variable "workteam_arn" {
  description = "ARN of the private or vendor work team that labels."
  type        = string
}
