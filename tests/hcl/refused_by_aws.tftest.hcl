# What AWS would refuse in the middle of an apply, or change without a word, is refused at plan.

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

run "refuses_job_name_aws_digits" {
  command = plan

  variables {
    job_name = "aws-digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_awsome" {
  command = plan

  variables {
    job_name = "awsome"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_ssm_digits" {
  command = plan

  variables {
    job_name = "ssm-digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_sthree_digits" {
  command = plan

  variables {
    job_name = "sthree-digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_job_name_amzn_s3_demo_digits" {
  command = plan

  variables {
    job_name = "amzn-s3-demo-digits"
  }

  expect_failures = [var.job_name]
}

run "refuses_schedule_with_both_days" {
  command = plan

  variables {
    schedule = { expression = "cron(0 8 * * * *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_at_hour_25" {
  command = plan

  variables {
    schedule = { expression = "cron(0 25 * * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_with_a_step_of_zero" {
  command = plan

  variables {
    schedule = { expression = "cron(*/0 8 * * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_with_an_unknown_weekday" {
  command = plan

  variables {
    schedule = { expression = "cron(0 8 ? * FOO *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_rate_of_zero" {
  command = plan

  variables {
    schedule = { expression = "rate(0 hours)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_at_a_day_that_is_none" {
  command = plan

  variables {
    schedule = { expression = "at(2190-02-30T00:00:00)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_in_an_unknown_time_zone" {
  command = plan

  variables {
    schedule = { timezone = "Europe/Berln" }
  }

  expect_failures = [var.schedule]
}

run "refuses_labels_with_a_line_separator" {
  command = plan

  variables {
    labels = ["a\u2028b", "c"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_with_a_paragraph_separator" {
  command = plan

  variables {
    labels = ["a\u2029b", "c"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_with_a_tab" {
  command = plan

  variables {
    labels = ["a\tb", "c"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_with_a_direction_mark" {
  command = plan

  variables {
    labels = ["a\u202eb", "c"]
  }

  expect_failures = [var.labels]
}

run "refuses_labels_that_show_nothing" {
  command = plan

  variables {
    labels = ["\u200d", "c"]
  }

  expect_failures = [var.labels]
}

run "refuses_task_title_with_a_line_separator" {
  command = plan

  variables {
    task = { title = "a\u2028b" }
  }

  expect_failures = [var.task]
}

run "refuses_task_description_with_a_space_around" {
  command = plan

  variables {
    task = { description = " a" }
  }

  expect_failures = [var.task]
}

run "refuses_instructions_with_a_control_character" {
  command = plan

  variables {
    instructions = { full = "a\u0007b" }
  }

  expect_failures = [var.instructions]
}

run "refuses_label_description_with_a_control_character" {
  command = plan

  variables {
    label_details = { cat = { description = "a\u0001b" } }
  }

  expect_failures = [var.label_details]
}

run "refuses_tags_of_aws" {
  command = plan

  variables {
    tags = { "aws:team" = "a" }
  }

  expect_failures = [var.tags]
}

run "refuses_tags_with_a_long_value" {
  command = plan

  variables {
    tags = { team = join("", [for number in range(257) : "v"]) }
  }

  expect_failures = [var.tags]
}

run "refuses_tags_with_an_unknown_character" {
  command = plan

  variables {
    tags = { "team!" = "a" }
  }

  expect_failures = [var.tags]
}

run "refuses_eleven_labels_on_the_shipped_page" {
  command = plan

  variables {
    labels = [for number in range(11) : "label ${number}"]
  }

  expect_failures = [var.labels]
}

run "refuses_deployment_of_a_short_account" {
  command = plan

  variables {
    deployment = { account_id = "1234", region = "us-east-1" }
  }

  expect_failures = [var.deployment]
}

run "refuses_a_region_that_is_none" {
  command = plan

  variables {
    deployment = { account_id = "123456789012", region = "Ireland" }
  }

  expect_failures = [var.deployment]
}

run "refuses_a_class_of_masks_named_background" {
  command = plan

  variables {
    task_type = "image_semantic_segmentation"
    labels    = ["Background", "cat"]
  }

  expect_failures = [var.labels]
}

run "refuses_verification_category_with_a_line_separator" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers"
      categories   = ["Good", "Not\u2028good"]
    }
  }

  expect_failures = [var.verification]
}
