# Where the module is deployed, and by whom: account, partition and region of the provider, and the deploying principal.

data "aws_caller_identity" "current" {
  lifecycle {
    postcondition {
      condition     = try(var.deployment.account_id, self.account_id) == self.account_id
      error_message = "deployment.account_id is not the account of the provider's credentials, ${self.account_id}."
    }
  }
}

data "aws_partition" "current" {
  lifecycle {
    postcondition {
      condition     = try(var.deployment.partition, self.partition) == self.partition
      error_message = "deployment.partition is not the partition of the provider, ${self.partition}."
    }
  }
}

# The region, from a data source that providers 5 and 6 read alike: provider 6 deprecates data.aws_region.name, and
# provider 5 has no data.aws_region.region.
data "aws_service" "sagemaker" {
  service_id = "sagemaker"

  lifecycle {
    postcondition {
      condition     = try(var.deployment.region, self.region) == self.region
      error_message = "deployment.region is not the region of the provider, ${self.region}."
    }
  }
}

locals {
  deploying_arn = data.aws_caller_identity.current.arn
  # The ARN of a role session has no path of the role, hence one pattern with a path and one without.
  session_role = try(regex("^arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([^/]+)/", local.deploying_arn)[0], null)
  deploying_principal_arns = local.session_role == null ? [local.deploying_arn] : [
    for name in [local.session_role, "*/${local.session_role}"] :
    "arn:${local.partition}:iam::${local.account_id}:role/${name}"
  ]
  administrator_principal_arns = concat(
    ["arn:${local.partition}:iam::${local.account_id}:root"],
    var.administrator_principal_arns == null ? local.deploying_principal_arns : var.administrator_principal_arns,
  )
}
