output "bucket_names" {
  description = "Names of the buckets by use: features, output and upload."
  value       = { for use, bucket in aws_s3_bucket.this : use => bucket.bucket }
  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
