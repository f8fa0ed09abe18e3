# Values that variables_operations.tf refuses at plan.

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

run "refuses_alarm_at_no_dead_letter" {
  command = plan

  variables {
    alarms = { dead_letter_threshold = 0 }
  }

  expect_failures = [var.alarms]
}

run "refuses_dashboard_with_a_negative_answer_price" {
  command = plan

  variables {
    dashboard = { answer_price = -0.01 }
  }

  expect_failures = [var.dashboard]
}

run "refuses_dashboard_with_a_negative_fee" {
  command = plan

  variables {
    dashboard = { object_fee = -1 }
  }

  expect_failures = [var.dashboard]
}

run "refuses_alarm_on_an_age_the_queue_never_reaches" {
  command = plan

  variables {
    alarms = { oldest_message_age_seconds = 1123200 }
  }

  expect_failures = [var.alarms]
}

run "refuses_alarm_action_that_is_no_arn" {
  command = plan

  variables {
    alarms = { actions = ["on-call"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_log_retention_the_service_does_not_know" {
  command = plan

  variables {
    log_retention_days = 42
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_log_level_unknown" {
  command = plan

  variables {
    state_machine_log_level = "DEBUG"
  }

  expect_failures = [var.state_machine_log_level]
}

run "refuses_runtime_that_is_no_python" {
  command = plan

  variables {
    lambda_runtime = "nodejs22.x"
  }

  expect_failures = [var.lambda_runtime]
}

run "refuses_package_from_two_places" {
  command = plan

  variables {
    lambda_package = { path = "main.tf", s3_bucket = "b", s3_key = "k" }
  }

  expect_failures = [var.lambda_package]
}

run "refuses_package_in_a_bucket_without_a_key" {
  command = plan

  variables {
    lambda_package = { s3_bucket = "b" }
  }

  expect_failures = [var.lambda_package]
}

run "refuses_package_that_does_not_exist" {
  command = plan

  variables {
    lambda_package = { path = "nowhere.zip" }
  }

  expect_failures = [var.lambda_package]
}

run "refuses_functions_signing_config_that_is_no_arn" {
  command = plan

  variables {
    functions      = { code_signing_config_arn = "csc-0d1234567890abcde" }
    lambda_package = { s3_bucket = "my-files", s3_key = "signed/labeling_lambdas.zip" }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_signing_without_a_package" {
  command = plan

  variables {
    functions = { code_signing_config_arn = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0d1234567890abcde" }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_six_layers" {
  command = plan

  variables {
    functions = { layer_arns = [for version in range(6) : "arn:aws:lambda:us-east-1:123456789012:layer:agent:${version}"] }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_layer_without_a_version" {
  command = plan

  variables {
    functions = { layer_arns = ["arn:aws:lambda:us-east-1:123456789012:layer:agent"] }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_concurrency_of_an_unknown_step" {
  command = plan

  variables {
    functions = { reserved_concurrency = { split_images = 5 } }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_concurrency_of_nothing" {
  command = plan

  variables {
    functions = { reserved_concurrency = { poll_queue = 0 } }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_vpc_without_security_groups" {
  command = plan

  variables {
    functions = { vpc = { security_group_ids = [], subnet_ids = ["subnet-1"] } }
  }

  expect_failures = [var.functions]
}

run "refuses_functions_vpc_without_subnets" {
  command = plan

  variables {
    functions = { vpc = { security_group_ids = ["sg-1"], subnet_ids = [] } }
  }

  expect_failures = [var.functions]
}
