# What a pipeline is made with and keeps. Its resources hold data and cannot take another name, key or place: the provider
# would replace them. So the values of the first apply are kept in the state and every name is made of those, whatever is
# changed or not known yet at a later plan.

locals {
  # Where Terraform runs now, or where the caller states that it does.
  current = {
    account_id = var.deployment == null ? data.aws_caller_identity.current.account_id : var.deployment.account_id
    partition  = var.deployment == null ? data.aws_partition.current.partition : var.deployment.partition
    region     = var.deployment == null ? data.aws_service.sagemaker.region : var.deployment.region
  }
  wanted = merge(local.current, {
    feature_group_name   = coalesce(var.feature_group.name, var.job_name)
    iam_path             = var.iam.path
    job_name             = var.job_name
    kms_key_arn          = var.kms_key == null ? null : var.kms_key.arn
    online_store_enabled = var.feature_group.online_store_enabled
    table_format         = var.feature_group.table_format
  })
  second_pipeline = "deploy a second pipeline with the new value beside this one (docs/upgrading.md, What a pipeline keeps)"
}

resource "terraform_data" "identity" {
  input = local.wanted

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input.job_name == local.wanted.job_name
      error_message = "job_name must stay ${self.input.job_name}: the buckets, queues, ledger and feature group are named after it and hold data. Keep it, or ${local.second_pipeline}."
    }

    postcondition {
      condition = (
        self.input.account_id == local.wanted.account_id &&
        self.input.partition == local.wanted.partition &&
        self.input.region == local.wanted.region
      )
      error_message = "deployment: this pipeline is in ${self.input.region} of account ${self.input.account_id}, and Terraform runs for ${local.wanted.region} of account ${local.wanted.account_id}. Use the credentials and the region of the first, or ${local.second_pipeline}, with a state of its own."
    }

    postcondition {
      condition     = self.input.feature_group_name == local.wanted.feature_group_name
      error_message = "feature_group.name must stay ${self.input.feature_group_name}: a feature group cannot be renamed, and its records would be lost. Keep it, or ${local.second_pipeline}."
    }

    postcondition {
      condition     = self.input.table_format == local.wanted.table_format
      error_message = "feature_group.table_format must stay ${self.input.table_format}: the format of a feature group cannot be changed, and its records would be lost. Keep it, or ${local.second_pipeline}."
    }

    postcondition {
      condition     = self.input.online_store_enabled == local.wanted.online_store_enabled
      error_message = "feature_group.online_store_enabled must stay ${self.input.online_store_enabled}: the online store cannot be turned on or off, and the group's records would be lost. Keep it, or ${local.second_pipeline}."
    }

    # Whether a key is given is known also where its ARN is not.
    postcondition {
      condition     = (self.input.kms_key_arn == null) == (var.kms_key == null)
      error_message = "kms_key must stay ${self.input.kms_key_arn == null ? "null" : "the caller's key"}: what is stored is encrypted with ${self.input.kms_key_arn == null ? "the key that the module made, which would be deleted" : "that key, which the pipeline could no longer use"}. Keep it, or ${local.second_pipeline}."
    }

    postcondition {
      condition     = var.kms_key == null || coalesce(self.input.kms_key_arn, "none") == coalesce(local.wanted.kms_key_arn, "none")
      error_message = "kms_key.arn must stay ${coalesce(self.input.kms_key_arn, "unset")}: what is stored is encrypted with that key, which the pipeline could no longer use. Keep it, or ${local.second_pipeline}."
    }

    postcondition {
      condition     = self.input.iam_path == local.wanted.iam_path
      error_message = "iam.path must stay ${self.input.iam_path}: the feature group keeps the ARN of its role, path included. Keep it, or ${local.second_pipeline}."
    }
  }
}
