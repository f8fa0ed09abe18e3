# The module of the workflow refuses a definition that Step Functions would refuse in the middle of an apply.

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

run "refuses_a_definition_over_one_megabyte" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition              = join("", [for number in range(1024) : join("", [for digit in range(103) : "0123456789"])])
    deployment              = { account_id = "123456789012", partition = "aws", region = "us-east-1" }
    function_arns           = { poll_queue = "arn:aws:lambda:us-east-1:123456789012:function:digits-poll-queue" }
    iam                     = { path = "/" }
    job_state_function      = { arn = "arn:aws:lambda:us-east-1:123456789012:function:digits-job-state-change", name = "digits-job-state-change" }
    job_state_rule          = { arn = "arn:aws:events:us-east-1:123456789012:rule/digits-job-state", name = "digits-job-state" }
    kms_key_arn             = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    labeling_job_arn_prefix = "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/digits-"
    log_group_name          = "/aws/vendedlogs/states/digits"
    log_level               = "ERROR"
    log_retention_days      = 30
    name                    = "digits"
    role_name               = "digits-workflow-us-east-1"
    schedule                = { enabled = true, expression = "cron(0 12 * * ? *)", timezone = "UTC" }
    schedule_arn            = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/digits"
    schedule_role_name      = "digits-schedule-us-east-1"
    state_machine_arn       = "arn:aws:states:us-east-1:123456789012:stateMachine:digits"
    undelivered_queue_arn   = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered"
  }

  expect_failures = [aws_sfn_state_machine.this]
}

run "refuses_a_moment_that_is_past" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition              = "{}"
    deployment              = { account_id = "123456789012", partition = "aws", region = "us-east-1" }
    function_arns           = { poll_queue = "arn:aws:lambda:us-east-1:123456789012:function:digits-poll-queue" }
    iam                     = { path = "/" }
    job_state_function      = { arn = "arn:aws:lambda:us-east-1:123456789012:function:digits-job-state-change", name = "digits-job-state-change" }
    job_state_rule          = { arn = "arn:aws:events:us-east-1:123456789012:rule/digits-job-state", name = "digits-job-state" }
    kms_key_arn             = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    labeling_job_arn_prefix = "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/digits-"
    log_group_name          = "/aws/vendedlogs/states/digits"
    log_level               = "ERROR"
    log_retention_days      = 30
    name                    = "digits"
    role_name               = "digits-workflow-us-east-1"
    schedule                = { enabled = true, expression = "at(2025-01-01T00:00:00)", timezone = "UTC" }
    schedule_arn            = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/digits"
    schedule_role_name      = "digits-schedule-us-east-1"
    state_machine_arn       = "arn:aws:states:us-east-1:123456789012:stateMachine:digits"
    undelivered_queue_arn   = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered"
  }

  expect_failures = [terraform_data.schedule]
}
