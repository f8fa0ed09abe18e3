# Values that variables_storage.tf refuses at plan.

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

run "refuses_feature_group_name_with_a_trailing_hyphen" {
  command = plan

  variables {
    feature_group = { name = "labels-" }
  }

  expect_failures = [var.feature_group]
}

run "refuses_feature_group_maintenance_role_of_another_account" {
  command = plan

  variables {
    feature_group = { maintenance_role_arns = ["arn:aws:iam::210987654321:role/compactor"] }
  }

  expect_failures = [var.feature_group]
}

run "refuses_feature_group_maintenance_role_that_is_a_user" {
  command = plan

  variables {
    feature_group = { maintenance_role_arns = ["arn:aws:iam::123456789012:user/compactor"] }
  }

  expect_failures = [var.feature_group]
}

run "refuses_feature_group_table_format_unknown" {
  command = plan

  variables {
    feature_group = { table_format = "Delta" }
  }

  expect_failures = [var.feature_group]
}

run "refuses_extra_feature_with_a_space_in_its_name" {
  command = plan

  variables {
    extra_features = { "my feature" = "a" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_that_the_service_reserves" {
  command = plan

  variables {
    extra_features = { write_time = "a" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_that_is_a_column_of_ours" {
  command = plan

  variables {
    extra_features = { Confidence = "a" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_features_that_differ_in_case_only" {
  command = plan

  variables {
    extra_features = { weather = "a", Weather = "b" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_with_an_empty_path" {
  command = plan

  variables {
    extra_features = { weather = "" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_of_a_key_that_is_not_handed_through" {
  command = plan

  variables {
    extra_features = { weather = "$weather" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_with_white_space_around_a_key" {
  command = plan

  variables {
    extra_features = { weather = "capture. weather" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_with_a_pointer_that_escapes_nothing" {
  command = plan

  variables {
    extra_features = { weather = "/capture~2weather" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_extra_feature_with_an_empty_part_in_its_path" {
  command = plan

  variables {
    extra_features = { weather = "capture..weather" }
  }

  expect_failures = [var.extra_features]
}

run "refuses_access_logs_in_a_bucket_without_a_name" {
  command = plan

  variables {
    access_logs = { bucket_name = "Logs" }
  }

  expect_failures = [var.access_logs]
}
