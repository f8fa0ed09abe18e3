output "feature_group_names" {
  description = "Feature groups by pipeline."
  value       = { for name, pipeline in module.labeling : name => pipeline.feature_group_name }
}

output "upload_bucket_names" {
  description = "Buckets to upload to, by pipeline."
  value       = { for name, pipeline in module.labeling : name => pipeline.upload_bucket_name }
}
