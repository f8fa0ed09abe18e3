variable "administrator_principal_arns" {
  description = "Roles and users that may always read, write and delete; null takes the one that runs Terraform."
  type        = list(string)
  default     = null
}

variable "label_studio_token_secret_arn" {
  description = "ARN of the secret with the token of a user of Label Studio."
  type        = string
  default     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/api-token-AbCdEf"
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role; null for none."
  type        = string
  default     = null
}

variable "reader_principal_arns" {
  description = "Roles and users that may read results and features."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "upload_principal_arns" {
  description = "Roles and users that may upload."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "workteam_arn" {
  description = "ARN of the private or vendor work team that labels."
  type        = string
}
