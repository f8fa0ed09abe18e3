output "categories_s3_uri" {
  description = "S3 URI of the label category file."
  value       = local.categories_s3_uri
}

output "label_schema" {
  description = "Short hash of the categories and the template that a label was made with."
  value       = local.label_schema
}

output "template_s3_uri" {
  description = "S3 URI of the worker template; null when the service shows its own user interface."
  value       = local.template_s3_uri
}

output "verification" {
  description = "S3 URIs of the worker template and the category file of verification jobs; null when labels are not verified."
  value       = local.verification_files
}
