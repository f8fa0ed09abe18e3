output "names" {
  description = "Names of the parameters by their last part."
  value       = { for key, parameter in aws_ssm_parameter.this : key => parameter.name }
}
