# Ground Truth has no functions of its own in most regions; the plan says so instead of the first run.

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

override_data {
  target = data.aws_service.sagemaker
  values = { region = "eu-north-1" }
}

run "refuses_a_region_without_ground_truth_functions" {
  command = plan

  variables {
    job_name     = "digits"
    task_type    = "image_single_label_classification"
    labels       = ["cat", "dog"]
    workteam_arn = "arn:aws:sagemaker:eu-north-1:123456789012:workteam/private-crowd/digits"
  }

  expect_failures = [var.engine]
}

run "refuses_it_for_texts_too" {
  command = plan

  variables {
    job_name     = "names"
    task_type    = "named_entity_recognition"
    labels       = ["person"]
    workteam_arn = "arn:aws:sagemaker:eu-north-1:123456789012:workteam/private-crowd/names"
  }

  expect_failures = [var.engine]
}

run "refuses_it_for_a_work_team_beside_label_studio" {
  command = plan

  variables {
    job_name     = "digits"
    task_type    = "image_single_label_classification"
    labels       = ["cat", "dog"]
    engine       = "label_studio"
    workteam_arn = "arn:aws:sagemaker:eu-north-1:123456789012:workteam/private-crowd/digits"
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:token-AbCdEf"
      url              = "https://label-studio.example.com"
    }
  }

  expect_failures = [var.engine]
}

run "labels_there_in_label_studio" {
  command = plan

  variables {
    deployment = { account_id = "123456789012", region = "eu-north-1" }
    job_name   = "digits"
    task_type  = "image_single_label_classification"
    labels     = ["cat", "dog"]
    engine     = "label_studio"
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:token-AbCdEf"
      url              = "https://label-studio.example.com"
    }
  }

  assert {
    condition     = output.ground_truth_role_arn == null
    error_message = "Nothing of Ground Truth is deployed without a work team."
  }
}
