# Rules of the Terraform language and of the AWS provider. tests/conventions checks naming and documentation.

tflint {
  required_version = ">= 0.50"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

plugin "aws" {
  enabled = true
  version = "0.40.0"
  source  = "github.com/terraform-linters/tflint-ruleset-aws"
}

# Files are named by topic: functions.tf, checks.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
