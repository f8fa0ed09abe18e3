terraform {
  required_version = ">= 1.11" # write-only arguments, which keep passwords out of the state

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
