# Values that variables_intake.tf refuses at plan.

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

run "refuses_schedule_in_words" {
  command = plan

  variables {
    schedule = { expression = "every day" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_cron_of_five_fields" {
  command = plan

  variables {
    schedule = { expression = "cron(0 12 * * ?)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_rate_with_a_wrong_plural" {
  command = plan

  variables {
    schedule = { expression = "rate(1 hours)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_rate_without_a_unit" {
  command = plan

  variables {
    schedule = { expression = "rate(5)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_at_without_a_time" {
  command = plan

  variables {
    schedule = { expression = "at(2026-12-01)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_schedule_timezone_with_a_space" {
  command = plan

  variables {
    schedule = { timezone = "Central Europe" }
  }

  expect_failures = [var.schedule]
}

run "refuses_ignored_key_that_matches_every_key" {
  command = plan

  variables {
    ignored_keys = ["**?"]
  }

  expect_failures = [var.ignored_keys]
}

run "refuses_empty_ignored_key" {
  command = plan

  variables {
    ignored_keys = [""]
  }

  expect_failures = [var.ignored_keys]
}

run "refuses_ignored_key_with_an_end_of_line" {
  command = plan

  variables {
    ignored_keys = ["a\n.jpg"]
  }

  expect_failures = [var.ignored_keys]
}

run "refuses_more_ignored_keys_than_an_environment_holds" {
  command = plan

  variables {
    ignored_keys = [for number in range(200) : "*.${number}"]
  }

  expect_failures = [var.ignored_keys]
}

run "refuses_retention_as_long_as_the_dead_letter_queues" {
  command = plan

  variables {
    queue = { message_retention_seconds = 1209600 }
  }

  expect_failures = [var.queue]
}

run "refuses_retention_under_an_hour" {
  command = plan

  variables {
    queue = { message_retention_seconds = 60 }
  }

  expect_failures = [var.queue]
}

run "refuses_no_attempts" {
  command = plan

  variables {
    max_attempts = 0
  }

  expect_failures = [var.max_attempts]
}

run "refuses_eleven_attempts" {
  command = plan

  variables {
    max_attempts = 11
  }

  expect_failures = [var.max_attempts]
}

run "refuses_no_items_per_run" {
  command = plan

  variables {
    max_items_per_run = 0
  }

  expect_failures = [var.max_items_per_run]
}

run "refuses_more_items_per_run_than_a_job_takes" {
  command = plan

  variables {
    max_items_per_run = 100001
  }

  expect_failures = [var.max_items_per_run]
}

run "refuses_more_items_per_run_than_a_segmentation_job_takes" {
  command = plan

  variables {
    task_type         = "image_semantic_segmentation"
    max_items_per_run = 20001
  }

  expect_failures = [var.max_items_per_run]
}

run "refuses_text_items_in_words" {
  command = plan

  variables {
    task_type  = "text_single_label_classification"
    text_items = "sentence"
  }

  expect_failures = [var.text_items]
}

run "refuses_text_items_for_images" {
  command = plan

  variables {
    text_items = "file"
  }

  expect_failures = [var.text_items]
}
