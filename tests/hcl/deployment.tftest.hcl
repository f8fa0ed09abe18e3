# A deployment that the caller states and the provider contradicts.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
      arn        = "arn:aws:sts::123456789012:assumed-role/deployment/session"
    }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_service" {
    defaults = { region = "us-east-1" }
  }
}

variables {
  job_name     = "digits"
  task_type    = "image_single_label_classification"
  labels       = ["cat", "dog"]
  workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digits"
}

run "refuses_another_account_than_the_providers" {
  command = plan

  variables {
    deployment   = { account_id = "210987654321", region = "us-east-1" }
    workteam_arn = "arn:aws:sagemaker:us-east-1:210987654321:workteam/private-crowd/digits"
  }

  expect_failures = [data.aws_caller_identity.current]
}

run "refuses_another_partition_than_the_providers" {
  command = plan

  variables {
    deployment = { account_id = "123456789012", partition = "aws-cn", region = "us-east-1" }
  }

  expect_failures = [data.aws_partition.current]
}

run "refuses_another_region_than_the_providers" {
  command = plan

  variables {
    deployment   = { account_id = "123456789012", region = "us-west-2" }
    workteam_arn = "arn:aws:sagemaker:us-west-2:123456789012:workteam/private-crowd/digits"
  }

  expect_failures = [data.aws_service.sagemaker]
}
