output "alarm_topic_arn" {
  description = "Topic that every alarm notifies. Subscribe to it."
  value       = module.monitoring.topic_arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null without `dashboard`."
  value       = module.monitoring.dashboard_name
}

output "dead_letter_queue_url" {
  description = "Queue of the dead-lettered items, each with its reason."
  value       = module.intake.queue_urls.dead_letter
}

output "feature_group_arn" {
  description = "ARN of the feature group that the records are written to."
  value       = module.feature_group.arn
}

output "feature_group_name" {
  description = "Name of the feature group."
  value       = module.feature_group.name
}

output "features_bucket_name" {
  description = "Bucket of the offline feature store."
  value       = module.storage.bucket_names.features
}

output "function_arns" {
  description = "ARNs of the functions by step."
  value       = { for step, function in module.function : step => function.arn }
}

output "ground_truth_role_arn" {
  description = "Execution role of Ground Truth's labeling jobs; null without workteam_arn."
  value       = local.ground_truth_role_arn
}

output "kms_key_arn" {
  description = "Key that encrypts everything."
  value       = module.encryption.key_arn
}

output "ledger_table_name" {
  description = "Table of items and runs."
  value       = module.ledger.name
}

output "output_bucket_name" {
  description = "Bucket of manifests, annotations and run reports."
  value       = module.storage.bucket_names.output
  depends_on  = [module.storage]
}

output "required_key_policy_json" {
  description = "Statements that the policy of your own key must contain."
  value       = module.encryption.required_key_policy_json
}

output "schedule_name" {
  description = "Schedule that starts the state machine."
  value       = module.workflow.schedule_name
}

output "ssm_parameter_names" {
  description = "Names of the SSM parameters by what they hold."
  value       = { for key, parameter in aws_ssm_parameter.published : key => parameter.name }
}

output "state_machine_arn" {
  description = "State machine of the pipeline; to start it manually, use the input {}."
  value       = module.workflow.state_machine_arn
  depends_on  = [module.ledger]
}

output "undelivered_queue_url" {
  description = "Queue of events and schedule calls that could not be delivered, and of upload events whose text could not be split."
  value       = module.intake.queue_urls.undelivered
}

output "upload_bucket_name" {
  description = "Bucket to upload to. Terraform returns it once uploads are certain to reach the queue."
  value       = module.storage.bucket_names.upload
  depends_on  = [module.intake, module.storage]
}

output "upload_queue_url" {
  description = "Queue of the uploads that wait for a run."
  value       = module.intake.queue_urls.intake
  depends_on  = [module.intake]
}
