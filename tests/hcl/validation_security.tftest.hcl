# Values that variables_security.tf refuses at plan.

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

run "refuses_ground_truth_role_that_is_a_name" {
  command = plan

  variables {
    ground_truth_role = { arn = "labeling" }
  }

  expect_failures = [var.ground_truth_role]
}

run "refuses_key_that_is_an_alias" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-1:123456789012:alias/labeling" }
  }

  expect_failures = [var.kms_key]
}

run "refuses_upload_principal_with_a_wildcard" {
  command = plan

  variables {
    upload_principal_arns = ["arn:aws:iam::123456789012:role/*"]
  }

  expect_failures = [var.upload_principal_arns]
}

run "refuses_reader_principal_that_is_an_account" {
  command = plan

  variables {
    reader_principal_arns = ["arn:aws:iam::123456789012:root"]
  }

  expect_failures = [var.reader_principal_arns]
}

run "refuses_administrator_principal_that_is_a_name" {
  command = plan

  variables {
    administrator_principal_arns = ["admin"]
  }

  expect_failures = [var.administrator_principal_arns]
}

run "refuses_iam_path_without_a_slash_at_the_end" {
  command = plan

  variables {
    iam = { path = "/labeling" }
  }

  expect_failures = [var.iam]
}

run "refuses_permissions_boundary_that_is_a_name" {
  command = plan

  variables {
    iam = { permissions_boundary_arn = "boundary" }
  }

  expect_failures = [var.iam]
}

run "refuses_key_deleted_after_six_days" {
  command = plan

  variables {
    kms_deletion_window_days = 6
  }

  expect_failures = [var.kms_deletion_window_days]
}
