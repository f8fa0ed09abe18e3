# The module of one function refuses an environment that Lambda would refuse in the middle of an apply.

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

run "refuses_an_environment_over_four_kilobytes" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    deployment      = { account_id = "123456789012", partition = "aws", region = "us-east-1" }
    description     = "Does nothing."
    environment     = { TEXT = join("", [for number in range(410) : "0123456789"]) }
    function_arn    = "arn:aws:lambda:us-east-1:123456789012:function:digits-poll-queue"
    handler         = "labeling_lambdas.handlers.poll_queue.handler"
    iam             = { path = "/" }
    kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    log_group_arn   = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/digits-poll-queue"
    log_group_name  = "/aws/lambda/digits-poll-queue"
    memory_mb       = 256
    name            = "digits-poll-queue"
    role_name       = "digits-poll-queue-us-east-1"
    runtime         = "python3.13"
    statements      = {}
    timeout_seconds = 60
  }

  expect_failures = [aws_lambda_function.this]
}
