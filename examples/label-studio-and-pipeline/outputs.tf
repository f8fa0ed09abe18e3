output "admin_password_secret_arn" {
  description = "Secret with the password of admin_email at its first login."
  value       = module.label_studio.admin_password_secret_arn
}

output "feature_group_name" {
  description = "Feature group that takes the records."
  value       = module.labeling.feature_group_name
}

output "state_machine_arn" {
  description = "State machine of the pipeline; start it by hand with the input {}."
  value       = module.labeling.state_machine_arn
}

output "upload_bucket_name" {
  description = "Bucket to upload to."
  value       = module.labeling.upload_bucket_name
}

output "url" {
  description = "Where people label."
  value       = module.label_studio.url
}
