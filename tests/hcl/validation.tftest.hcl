# Each input that breaks a rule is refused at plan, by the validation of the variable that is to blame.

mock_provider "aws" {
  source = "./tests/hcl/mocks"
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

run "refuses_extra_feature_with_an_empty_part_in_its_path" {
  command = plan

  variables {
    extra_features = { weather = "capture..weather" }
  }

  expect_failures = [var.extra_features]
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

run "refuses_alarm_at_no_dead_letter" {
  command = plan

  variables {
    alarms = { dead_letter_threshold = 0 }
  }

  expect_failures = [var.alarms]
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

run "refuses_key_deleted_after_six_days" {
  command = plan

  variables {
    kms_deletion_window_days = 6
  }

  expect_failures = [var.kms_deletion_window_days]
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

run "refuses_more_items_per_run_than_a_segmentation_job_takes" {
  command = plan

  variables {
    task_type         = "image_semantic_segmentation"
    max_items_per_run = 20001
  }

  expect_failures = [var.max_items_per_run]
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

run "refuses_a_template_where_the_service_shows_its_own" {
  command = plan

  variables {
    task_type       = "named_entity_recognition"
    template_s3_uri = "s3://my-bucket/template.liquid.html"
  }

  expect_failures = [var.template_s3_uri]
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

run "refuses_access_logs_in_a_bucket_without_a_name" {
  command = plan

  variables {
    access_logs = { bucket_name = "Logs" }
  }

  expect_failures = [var.access_logs]
}
