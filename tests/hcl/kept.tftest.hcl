# What a pipeline keeps from its first apply on: a plan of it with another value is refused.

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
  kms_key      = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
}

run "applies_what_is_kept" {
  command = apply

  plan_options {
    target = [terraform_data.identity]
  }
}

run "refuses_another_job_name" {
  command = plan

  variables {
    job_name      = "letters"
    feature_group = { name = "digits" }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_another_region" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:us-west-2:123456789012:workteam/private-crowd/digits"
  }

  override_data {
    target = data.aws_service.sagemaker
    values = { region = "us-west-2" }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_another_name_of_the_feature_group" {
  command = plan

  variables {
    feature_group = { name = "letters" }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_another_table_format" {
  command = plan

  variables {
    feature_group = { table_format = "Glue" }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_to_turn_the_online_store_on" {
  command = plan

  variables {
    feature_group = { online_store_enabled = true }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_to_leave_the_callers_key" {
  command = plan

  variables {
    kms_key = null
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_another_key" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-1:123456789012:key/66666666-7777-8888-9999-000000000000" }
  }

  expect_failures = [terraform_data.identity]
}

run "refuses_another_path_of_roles" {
  command = plan

  variables {
    iam = { path = "/labeling/" }
  }

  expect_failures = [terraform_data.identity]
}
