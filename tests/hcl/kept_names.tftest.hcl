# What holds data keeps the name that it was made with. The root gives it no other, because it keeps the name of the
# pipeline; a submodule is applied here with one name and planned with another.

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
  # What several submodules take.
  bucket_names = { features = "digits-features", output = "digits-output", upload = "digits-upload" }
  deployment   = { account_id = "123456789012", partition = "aws", region = "us-east-1" }
  iam          = { path = "/" }
  kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  queue_names  = { dead_letter = "digits-dead-letter", intake = "digits-intake", undelivered = "digits-undelivered" }

  # modules/feature_group
  base_features        = { event_time = "Fractional", source_ref = "String" }
  bucket_arn           = "arn:aws:s3:::digits-features"
  bucket_name          = "digits-features"
  extra_feature_names  = []
  online_store_enabled = false
  table_format         = "Iceberg"

  # modules/intake
  consumer_timeout_seconds  = 60
  job_state_rule_arn        = "arn:aws:events:us-east-1:123456789012:rule/digits-job-state"
  message_retention_seconds = 604800
  queue_arns = {
    dead_letter = "arn:aws:sqs:us-east-1:123456789012:digits-dead-letter"
    intake      = "arn:aws:sqs:us-east-1:123456789012:digits-intake"
    undelivered = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered"
  }
  upload_bucket_name = "digits-upload"
  upload_rule_arn    = "arn:aws:events:us-east-1:123456789012:rule/digits-upload"
  upload_rule_name   = "digits-upload"

  # modules/ledger
  deletion_protection_enabled = true

  # modules/log_groups
  names          = { finish_run = "/aws/lambda/digits-finish-run" }
  retention_days = 30

  # modules/storage
  administrator_principal_arns = ["arn:aws:iam::123456789012:root"]
  bucket_arns                  = { features = "arn:aws:s3:::digits-features", output = "arn:aws:s3:::digits-output", upload = "arn:aws:s3:::digits-upload" }
  force_destroy                = false
  image_outputs                = false
  image_uploads                = false
  label_studio_role_arns       = []
  lift_writer_denials          = false
  pipeline_reader_role_arns    = { features = [], output = [], upload = [] }
  pipeline_writer_role_arns    = { features = [], output = [], upload = [] }
  reader_principal_arns        = []
  upload_principal_arns        = []

  # modules/workflow
  definition              = "{}"
  function_arns           = { poll_queue = "arn:aws:lambda:us-east-1:123456789012:function:digits-poll-queue" }
  job_state_function      = { arn = "arn:aws:lambda:us-east-1:123456789012:function:digits-job-state-change", name = "digits-job-state-change" }
  job_state_rule          = { arn = "arn:aws:events:us-east-1:123456789012:rule/digits-job-state", name = "digits-job-state" }
  labeling_job_arn_prefix = "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/digits-"
  log_group_name          = "/aws/vendedlogs/states/digits"
  log_level               = "ERROR"
  log_retention_days      = 30
  role_name               = "digits-us-east-1"
  schedule                = { enabled = true, expression = "cron(0 12 * * ? *)", timezone = "UTC" }
  schedule_arn            = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/digits"
  schedule_role_name      = "digits-schedule-us-east-1"
  state_machine_arn       = "arn:aws:states:us-east-1:123456789012:stateMachine:digits"
  undelivered_queue_arn   = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered"

  # The ledger, the feature group and the state machine.
  name = "digits"
}

run "applies_feature_group" {
  command = apply

  plan_options {
    target = [aws_sagemaker_feature_group.this]
  }

  override_resource {
    target = aws_iam_role.this
    values = { arn = "arn:aws:iam::123456789012:role/digits-us-east-1" }
  }

  module {
    source = "./modules/feature_group"
  }
}

run "refuses_another_name_of_the_feature_group_itself" {
  command = plan

  module {
    source = "./modules/feature_group"
  }

  variables {
    name = "letters"
  }

  expect_failures = [aws_sagemaker_feature_group.this]
}

run "applies_intake" {
  command = apply

  plan_options {
    target = [aws_sqs_queue.dead_letter, aws_sqs_queue.intake, aws_sqs_queue.undelivered]
  }

  override_resource {
    target = aws_sqs_queue.intake
    values = { arn = "arn:aws:sqs:us-east-1:123456789012:digits-intake" }
  }

  override_resource {
    target = aws_sqs_queue.undelivered
    values = { arn = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered" }
  }

  module {
    source = "./modules/intake"
  }
}

run "refuses_another_name_of_the_dead_letter_queue" {
  command = plan

  module {
    source = "./modules/intake"
  }

  variables {
    queue_names = { dead_letter = "letters-dead-letter", intake = "digits-intake", undelivered = "digits-undelivered" }
  }

  expect_failures = [aws_sqs_queue.dead_letter]
}

run "refuses_another_name_of_the_intake_queue" {
  command = plan

  module {
    source = "./modules/intake"
  }

  variables {
    queue_names = { dead_letter = "digits-dead-letter", intake = "letters-intake", undelivered = "digits-undelivered" }
  }

  expect_failures = [aws_sqs_queue.intake]
}

run "refuses_another_name_of_the_undelivered_queue" {
  command = plan

  module {
    source = "./modules/intake"
  }

  variables {
    queue_names = { dead_letter = "digits-dead-letter", intake = "digits-intake", undelivered = "letters-undelivered" }
  }

  expect_failures = [aws_sqs_queue.undelivered]
}

run "applies_ledger" {
  command = apply

  plan_options {
    target = [aws_dynamodb_table.this]
  }

  module {
    source = "./modules/ledger"
  }
}

run "refuses_another_name_of_the_ledger" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    name = "letters"
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "applies_log_groups" {
  command = apply

  plan_options {
    target = [aws_cloudwatch_log_group.this]
  }

  module {
    source = "./modules/log_groups"
  }
}

run "refuses_another_name_of_a_functions_log_group" {
  command = plan

  module {
    source = "./modules/log_groups"
  }

  variables {
    names = { finish_run = "/aws/lambda/letters-finish-run" }
  }

  expect_failures = [aws_cloudwatch_log_group.this]
}

run "applies_storage" {
  command = apply

  plan_options {
    target = [aws_s3_bucket.this]
  }

  module {
    source = "./modules/storage"
  }
}

run "refuses_another_name_of_a_bucket" {
  command = plan

  module {
    source = "./modules/storage"
  }

  variables {
    bucket_names = { features = "digits-features", output = "digits-output", upload = "letters-upload" }
  }

  expect_failures = [aws_s3_bucket.this]
}

run "applies_workflow" {
  command = apply

  plan_options {
    target = [aws_cloudwatch_log_group.this]
  }

  module {
    source = "./modules/workflow"
  }
}

run "refuses_another_name_of_the_state_machines_log_group" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    log_group_name = "/aws/vendedlogs/states/letters"
  }

  expect_failures = [aws_cloudwatch_log_group.this]
}
