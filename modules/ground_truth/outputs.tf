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
