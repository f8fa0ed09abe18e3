output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "code_sha256" {
  description = "Digest of the package that was deployed, in Base64, as Lambda states it."
  value       = aws_lambda_function.this.code_sha256
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}
