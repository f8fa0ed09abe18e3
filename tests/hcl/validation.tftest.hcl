# Values that variables.tf refuses at plan.

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

run "refuses_job_name_with_an_underscore" {
  command = plan

  variables {
    job_name = "my_digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_in_upper_case" {
  command = plan

  variables {
    job_name = "Digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_that_starts_with_a_digit" {
  command = plan

  variables {
    job_name = "1digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_with_a_trailing_hyphen" {
  command = plan

  variables {
    job_name = "digits-"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_with_a_double_hyphen" {
  command = plan

  variables {
    job_name = "my--digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_of_two_characters" {
  command = plan

  variables {
    job_name = "ab"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_of_25_characters" {
  command = plan

  variables {
    job_name = "abcdefghijklmnopqrstuvwxy"
  }

  expect_failures = [var.job_name]
}

run "refuses_task_type_that_is_unknown" {
  command = plan

  variables {
    task_type = "image_captioning"
  }

  expect_failures = [var.task_type]
}

run "refuses_workteam_that_is_public_crowd" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default"
  }

  expect_failures = [var.workteam_arn]
}

run "refuses_workteam_that_is_no_arn" {
  command = plan

  variables {
    workteam_arn = "my-team"
  }

  expect_failures = [var.workteam_arn]
}

run "refuses_workteam_arn_of_another_service" {
  command = plan

  variables {
    workteam_arn = "arn:aws:iam:us-east-1:123456789012:workteam/private-crowd/digits"
  }

  expect_failures = [var.workteam_arn]
}

run "warns_of_a_private_team_of_another_account" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/digits"
  }

  expect_failures = [check.private_work_teams]
}

run "refuses_workteam_of_another_region" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/digits"
  }

  expect_failures = [var.workteam_arn]
}

run "refuses_labels_with_a_duplicate" {
  command = plan

  variables {
    labels = ["cat", "dog", "cat"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_with_an_empty_name" {
  command = plan

  variables {
    labels = ["cat", ""]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_with_a_name_of_257_characters" {
  command = plan

  variables {
    labels = ["cat", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_fewer_than_the_task_type_needs" {
  command = plan

  variables {
    labels = ["cat"]
  }

  expect_failures = [var.labels]
}

run "refuses_fifty_one_tags" {
  command = plan

  variables {
    tags = { for number in range(51) : "tag-${number}" => "x" }
  }

  expect_failures = [var.tags]
}

run "refuses_labels_with_a_newline" {
  command = plan

  variables {
    labels = ["cat", "do\ng"]
  }

  expect_failures = [var.labels]
}

run "refuses_one_label_for_texts" {
  command = plan

  variables {
    task_type = "text_single_label_classification"
    labels    = ["complaint"]
  }

  expect_failures = [var.labels]
}

run "refuses_fifty_one_labels_for_boxes" {
  command = plan

  variables {
    task_type = "image_bounding_box"
    labels    = [for number in range(51) : "label ${number}"]
  }

  expect_failures = [var.labels]
}

run "refuses_fifty_one_labels_for_several_labels_of_an_image" {
  command = plan

  variables {
    task_type = "image_multi_label_classification"
    labels    = [for number in range(51) : "label ${number}"]
  }

  expect_failures = [var.labels]
}

run "refuses_fifty_one_labels_for_several_labels_of_a_text" {
  command = plan

  variables {
    task_type = "text_multi_label_classification"
    labels    = [for number in range(51) : "label ${number}"]
  }

  expect_failures = [var.labels]
}

run "refuses_no_labels_for_entities" {
  command = plan

  variables {
    task_type = "named_entity_recognition"
    labels    = []
  }

  expect_failures = [var.labels]
}

run "refuses_deployment_to_a_partition_in_upper_case" {
  command = plan

  variables {
    deployment = { account_id = "123456789012", partition = "AWS", region = "us-east-1" }
  }

  expect_failures = [var.deployment]
}
