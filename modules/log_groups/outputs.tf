output "names" {
  description = "Names of the log groups, by function or use."
  value       = { for use, group in aws_cloudwatch_log_group.this : use => group.name }
}
