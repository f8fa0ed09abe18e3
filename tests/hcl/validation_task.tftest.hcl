# Values that variables_task.tf refuses at plan.

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

run "refuses_labels_together_with_categories" {
  command = plan

  variables {
    categories_s3_uri = "s3://my-bucket/categories.json"
  }

  expect_failures = [var.categories_s3_uri]
}

run "refuses_neither_labels_nor_categories" {
  command = plan

  variables {
    labels = null
  }

  expect_failures = [var.categories_s3_uri]
}

run "refuses_categories_uri_that_is_none" {
  command = plan

  variables {
    labels            = null
    categories_s3_uri = "https://my-bucket/categories.json"
  }

  expect_failures = [var.categories_s3_uri]
}

run "refuses_categories_uri_without_a_key" {
  command = plan

  variables {
    labels            = null
    categories_s3_uri = "s3://my-bucket"
  }

  expect_failures = [var.categories_s3_uri]
}

run "refuses_template_uri_that_is_none" {
  command = plan

  variables {
    template_s3_uri = "template.liquid.html"
  }

  expect_failures = [var.template_s3_uri]
}

run "refuses_title_of_129_characters" {
  command = plan

  variables {
    task = { title = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
  }

  expect_failures = [var.task]
}

run "refuses_title_that_is_empty" {
  command = plan

  variables {
    task = { title = "" }
  }

  expect_failures = [var.task]
}

run "refuses_description_of_256_characters" {
  command = plan

  variables {
    task = { description = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
  }

  expect_failures = [var.task]
}

run "refuses_description_with_a_newline" {
  command = plan

  variables {
    task = { description = "one\ntwo" }
  }

  expect_failures = [var.task]
}

run "refuses_six_keywords" {
  command = plan

  variables {
    task = { keywords = ["a", "b", "c", "d", "e", "f"] }
  }

  expect_failures = [var.task]
}

run "refuses_no_keywords" {
  command = plan

  variables {
    task = { keywords = [] }
  }

  expect_failures = [var.task]
}

run "refuses_keyword_with_a_hyphen" {
  command = plan

  variables {
    task = { keywords = ["hand-written"] }
  }

  expect_failures = [var.task]
}

run "refuses_keyword_with_an_underscore" {
  command = plan

  variables {
    task = { keywords = ["hand_written"] }
  }

  expect_failures = [var.task]
}

run "refuses_keyword_with_two_spaces" {
  command = plan

  variables {
    task = { keywords = ["hand  written"] }
  }

  expect_failures = [var.task]
}

run "refuses_keyword_of_31_characters" {
  command = plan

  variables {
    task = { keywords = ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] }
  }

  expect_failures = [var.task]
}

run "refuses_no_workers" {
  command = plan

  variables {
    task = { workers_per_object = 0 }
  }

  expect_failures = [var.task]
}

run "refuses_ten_workers" {
  command = plan

  variables {
    task = { workers_per_object = 10 }
  }

  expect_failures = [var.task]
}

run "refuses_half_a_worker" {
  command = plan

  variables {
    task = { workers_per_object = 1.5 }
  }

  expect_failures = [var.task]
}

run "refuses_time_limit_of_29_seconds" {
  command = plan

  variables {
    task = { time_limit_seconds = 29 }
  }

  expect_failures = [var.task]
}

run "refuses_time_limit_over_eight_hours" {
  command = plan

  variables {
    task = { time_limit_seconds = 28801 }
  }

  expect_failures = [var.task]
}

run "refuses_time_limit_longer_than_the_availability" {
  command = plan

  variables {
    task = { time_limit_seconds = 3600, availability_seconds = 1800 }
  }

  expect_failures = [var.task]
}

run "refuses_availability_over_30_days" {
  command = plan

  variables {
    task = { availability_seconds = 2592001 }
  }

  expect_failures = [var.task]
}

run "refuses_availability_under_a_minute" {
  command = plan

  variables {
    task = { availability_seconds = 59 }
  }

  expect_failures = [var.task]
}

run "refuses_no_concurrent_tasks" {
  command = plan

  variables {
    task = { max_concurrent_tasks = 0 }
  }

  expect_failures = [var.task]
}

run "refuses_more_than_5000_concurrent_tasks" {
  command = plan

  variables {
    task = { max_concurrent_tasks = 5001 }
  }

  expect_failures = [var.task]
}

run "refuses_details_of_a_label_that_there_is_not" {
  command = plan

  variables {
    label_details = { bird = { description = "It flies." } }
  }

  expect_failures = [var.label_details]
}

run "refuses_a_short_display_name_where_none_is_shown" {
  command = plan

  variables {
    label_details = { cat = { short_display_name = "C" } }
  }

  expect_failures = [var.label_details]
}

run "refuses_a_short_display_name_that_is_empty" {
  command = plan

  variables {
    task_type     = "named_entity_recognition"
    label_details = { cat = { short_display_name = "" } }
  }

  expect_failures = [var.label_details]
}

run "refuses_a_short_display_name_of_257_characters" {
  command = plan

  variables {
    task_type     = "named_entity_recognition"
    label_details = { cat = { short_display_name = join("", [for number in range(257) : "x"]) } }
  }

  expect_failures = [var.label_details]
}

run "refuses_a_short_display_name_with_a_tab" {
  command = plan

  variables {
    task_type     = "named_entity_recognition"
    label_details = { cat = { short_display_name = "C\tT" } }
  }

  expect_failures = [var.label_details]
}

run "refuses_a_template_where_the_service_shows_its_own" {
  command = plan

  variables {
    task_type       = "named_entity_recognition"
    template_s3_uri = "s3://my-bucket/template.liquid.html"
  }

  expect_failures = [var.template_s3_uri]
}
