# Inputs at the edge of what is allowed are accepted, and the switches do what they say.

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

run "accepts_the_least_that_is_needed" {
  command = plan

  assert {
    condition     = output.ground_truth_role_arn == "arn:aws:iam::123456789012:role/digits-ground-truth-us-east-1"
    error_message = "A role for the labeling jobs is created by default."
  }
}

run "accepts_null_for_every_input_with_a_default" {
  command = plan

  variables {
    administrator_principal_arns = null
    alarms                       = null
    dashboard                    = null
    categories_s3_uri            = null
    engine                       = null
    extra_features               = null
    feature_group                = null
    force_destroy                = null
    functions                    = null
    ground_truth_role            = null
    iam                          = null
    ignored_keys                 = null
    instructions                 = null
    kms_deletion_window_days     = null
    kms_key                      = null
    label_details                = null
    label_studio                 = null
    lambda_package               = null
    lambda_runtime               = null
    log_retention_days           = null
    max_attempts                 = null
    max_items_per_run            = null
    queue                        = null
    reader_principal_arns        = null
    schedule                     = null
    state_machine_log_level      = null
    tags                         = null
    task                         = null
    template_s3_uri              = null
    text_items                   = null
    upload_principal_arns        = null
    verification                 = null
  }
}

run "accepts_paths_to_any_key_and_patterns_of_any_keys" {
  command = plan

  variables {
    extra_features = {
      flat    = "meta.lang"
      index   = "meta.tags.0"
      pointer = "/meta/a~1b/0"
      space   = "meta data.the language"
    }
    ignored_keys = ["*.xmp", "drafts/*", "a[0-9]?.jpg", "été *"]
  }
}

run "one_poller_claims_the_items_of_a_usual_run" {
  command = plan

  variables {
    max_items_per_run = 25000
  }

  assert {
    condition     = local.pollers == 1
    error_message = "Up to 25,000 items are claimed by one poller."
  }
}

run "several_pollers_claim_the_items_of_a_larger_run" {
  command = plan

  variables {
    max_items_per_run = 25001
  }

  assert {
    condition     = local.pollers == 2
    error_message = "Each poller claims up to 25,000 items."
  }
}

run "no_more_pollers_than_the_function_may_have" {
  command = plan

  variables {
    max_items_per_run = 100000
    functions         = { reserved_concurrency = { poll_queue = 3 } }
  }

  assert {
    condition     = local.pollers == 3
    error_message = "A fourth poller would be throttled."
  }
}

run "accepts_the_largest_values" {
  command = plan

  variables {
    job_name          = "abcdefghijklmnopqrstuvwx"
    max_attempts      = 10
    max_items_per_run = 100000

    queue  = { message_retention_seconds = 1209599 }
    alarms = { oldest_message_age_seconds = 1209598 }

    task = {
      availability_seconds = 2592000
      keywords             = ["a", "b", "c", "d", "thirty characters and no more1"]
      max_concurrent_tasks = 5000
      time_limit_seconds   = 28800
      workers_per_object   = 9
    }
  }

  assert {
    condition     = local.pollers == 4
    error_message = "The largest runs have four pollers."
  }
}

run "accepts_every_kind_of_schedule_cron" {
  command = plan

  variables {
    schedule = { expression = "cron(15 10 ? * MON-FRI 2026-2030)", timezone = "America/Argentina/Buenos_Aires" }
  }
}

run "accepts_every_kind_of_schedule_rate" {
  command = plan

  variables {
    schedule = { expression = "rate(1 hour)" }
  }
}

run "accepts_every_kind_of_schedule_at" {
  command = plan

  variables {
    schedule = { expression = "at(2026-12-01T08:00:00)", enabled = false }
  }
}

run "takes_the_callers_key_and_role" {
  command = plan

  variables {
    kms_key           = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
    ground_truth_role = { arn = "arn:aws:iam::123456789012:role/labeling" }
  }

  assert {
    condition     = output.kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    error_message = "The caller's key is used."
  }

  assert {
    condition     = output.ground_truth_role_arn == "arn:aws:iam::123456789012:role/labeling"
    error_message = "The caller's role is used."
  }
}

run "accepts_a_vendors_team_of_another_account" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:us-east-1:111122223333:workteam/vendor-crowd/digits"
  }
}

run "accepts_the_limits_of_image_bounding_box" {
  command = plan

  variables {
    task_type         = "image_bounding_box"
    labels            = [for number in range(50) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_the_limits_of_image_multi_label_classification" {
  command = plan

  variables {
    task_type         = "image_multi_label_classification"
    labels            = [for number in range(50) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_the_limits_of_image_semantic_segmentation" {
  command = plan

  variables {
    task_type         = "image_semantic_segmentation"
    labels            = [for number in range(500) : "label ${number}"]
    max_items_per_run = 20000
  }
}

run "accepts_the_limits_of_image_single_label_classification" {
  command = plan

  variables {
    task_type         = "image_single_label_classification"
    labels            = [for number in range(10) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_the_limits_of_named_entity_recognition" {
  command = plan

  variables {
    task_type         = "named_entity_recognition"
    labels            = [for number in range(500) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_the_limits_of_text_multi_label_classification" {
  command = plan

  variables {
    task_type         = "text_multi_label_classification"
    labels            = [for number in range(50) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_the_limits_of_text_single_label_classification" {
  command = plan

  variables {
    task_type         = "text_single_label_classification"
    labels            = [for number in range(500) : "label ${number}"]
    max_items_per_run = 100000
  }
}

run "accepts_one_label_where_one_is_enough" {
  command = plan

  variables {
    task_type     = "named_entity_recognition"
    labels        = ["person"]
    label_details = { person = { description = "A human being.", short_display_name = "P" } }
    text_items    = "file"
  }
}

run "verifies_with_nothing_but_a_work_team" {
  command = plan

  variables {
    verification = { workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers" }
  }

  assert {
    condition     = length(setsubtract(["consolidate_verification", "prepare_verification", "start_verification_job"], keys(output.function_arns))) == 0
    error_message = "A task type that Ground Truth cannot verify has functions of the module for it."
  }
}

run "verifies_boxes_with_the_functions_of_the_service" {
  command = plan

  variables {
    task_type    = "image_bounding_box"
    verification = { workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers" }
  }

  assert {
    condition     = contains(keys(output.function_arns), "start_verification_job") && !contains(keys(output.function_arns), "prepare_verification")
    error_message = "Ground Truth has functions of its own for the verification of boxes."
  }
}

run "verifies_nothing_by_default" {
  command = plan

  assert {
    condition     = !contains(keys(output.function_arns), "start_verification_job")
    error_message = "Null turns verification off."
  }
}

run "accepts_null_for_everything_of_verification_but_the_work_team" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers"
      accepted_category    = null
      availability_seconds = null
      categories           = null
      categories_s3_uri    = null
      description          = null
      instructions         = null
      keywords             = null
      max_concurrent_tasks = null
      sample_percent       = null
      template_s3_uri      = null
      time_limit_seconds   = null
      title                = null
      workers_per_object   = null
    }
  }
}

run "accepts_the_largest_values_of_verification" {
  command = plan

  variables {
    job_name  = "abcdefghijklmnopqrstuvwx"
    task_type = "text_single_label_classification"
    labels    = [for number in range(500) : "label ${number}"]
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers"
      availability_seconds = 2592000
      categories           = [for number in range(10) : "judgement of thirty letters ${number}"]
      description          = join("", [for number in range(255) : "d"])
      keywords             = ["a", "b", "c", "d", "thirty characters and no more1"]
      max_concurrent_tasks = 5000
      sample_percent       = 100
      time_limit_seconds   = 28800
      title                = join("", [for number in range(128) : "t"])
      workers_per_object   = 9
    }
  }
}

run "accepts_the_smallest_values_of_verification" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers"
      availability_seconds = 60
      categories           = ["1", "2"]
      description          = "d"
      keywords             = ["k"]
      max_concurrent_tasks = 1
      sample_percent       = 0.001
      time_limit_seconds   = 30
      title                = "t"
      workers_per_object   = 1
    }
  }
}

run "accepts_an_own_file_of_judgements_where_the_service_makes_the_tasks" {
  command = plan

  variables {
    task_type = "image_semantic_segmentation"
    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/reviewers"
      accepted_category = "Fine"
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }
}

run "accepts_words_and_emoji_that_are_joined" {
  command = plan

  variables {
    labels       = ["می\u200cخواهم", "👩\u200d🌾", "a\u00a0b"]
    instructions = { full = "One line.\n\tAnother\r\n", short = "Short" }
    tags         = { "team:cost-center" = "a b/c=1+1@x_y.z" }
  }
}

run "accepts_ten_labels_on_the_shipped_page" {
  command = plan

  variables {
    labels = [for number in range(10) : "label ${number}"]
  }
}

run "accepts_more_labels_on_an_own_page" {
  command = plan

  variables {
    labels          = [for number in range(11) : "label ${number}"]
    template_s3_uri = "s3://my-files/page.liquid.html"
  }
}

run "accepts_a_moment_to_come" {
  command = plan

  variables {
    schedule = { expression = "at(2190-01-01T00:00:00)", timezone = "Asia/Kolkata" }
  }
}

run "accepts_a_label_background_where_there_are_no_masks" {
  command = plan

  variables {
    labels = ["background", "cat"]
  }
}

run "accepts_a_deployment_that_is_the_providers" {
  command = plan

  variables {
    deployment = { account_id = "123456789012", region = "us-east-1" }
  }
}
