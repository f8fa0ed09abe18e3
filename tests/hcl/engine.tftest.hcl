# What the inputs of the engines allow and refuse at plan.

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
  job_name  = "digits"
  task_type = "image_single_label_classification"
  labels    = ["cat", "dog"]
  engine    = "label_studio"
  label_studio = {
    token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
    url              = "https://label-studio.example.com"
  }
}

run "accepts_both_engines_at_once" {
  command = plan

  variables {
    workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digits"
    label_studio = {
      token_secret_arn         = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url                      = "https://label-studio.example.com"
      interval_minutes         = 60
      reader_role_arns         = ["arn:aws:iam::210987654321:role/label-studio"]
      token_secret_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }

  assert {
    condition     = output.ground_truth_role_arn != null
    error_message = "With a work team, Ground Truth is deployed too."
  }
}

run "accepts_what_label_studio_has" {
  command = plan

  variables {
    labels       = ["cat $", "dog$-like", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
    instructions = { full = "Costs $name.", short = "Look." }
    task         = { availability_seconds = 60, description = "Say what it is.", workers_per_object = 9 }
    verification = { categories = ["Right", "Wrong"], sample_percent = 50, workers_per_object = 2 }
  }
}

run "accepts_an_address_with_a_port" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com:65535"
    }
  }
}

run "accepts_an_address_on_this_machine" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "http://127.0.0.1:8080"
    }
  }
}

run "accepts_an_address_on_localhost" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "http://localhost:8080"
    }
  }
}

run "refuses_another_engine" {
  command = plan

  variables {
    engine = "mechanical_turk"
  }

  expect_failures = [var.engine]
}

run "refuses_ground_truth_without_a_work_team" {
  command = plan

  variables {
    engine = "ground_truth"
  }

  expect_failures = [var.engine]
}

run "refuses_label_studio_without_its_inputs" {
  command = plan

  variables {
    label_studio = null
  }

  expect_failures = [var.engine]
}

run "refuses_an_address_without_encryption" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "http://label-studio.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_a_path" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com/studio"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_a_slash_at_its_end" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com/"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_a_query" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com?a=b"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_a_fragment" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com#a"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_credentials" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://me:secret@label-studio.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_that_begins_like_this_machine" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "http://127.0.0.1.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_without_a_host" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_port_zero" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com:0"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_address_with_a_port_over_65535" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com:65536"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_a_secret_that_is_none" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "label-studio/token"
      url              = "https://label-studio.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_a_secret_without_its_last_characters" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token"
      url              = "https://label-studio.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_a_secret_of_another_region" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf"
      url              = "https://label-studio.example.com"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_alias_of_the_secrets_key" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn         = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url                      = "https://label-studio.example.com"
      token_secret_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:alias/secrets"
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_a_reader_with_wildcards" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com"
      reader_role_arns = ["arn:aws:iam::123456789012:role/*"]
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_a_reader_that_is_a_user" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com"
      reader_role_arns = ["arn:aws:iam::123456789012:user/label-studio"]
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_interval_of_zero" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com"
      interval_minutes = 0
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_interval_over_an_hour" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com"
      interval_minutes = 61
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_an_interval_of_half_a_minute" {
  command = plan

  variables {
    label_studio = {
      token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/token-AbCdEf"
      url              = "https://label-studio.example.com"
      interval_minutes = 1.5
    }
  }

  expect_failures = [var.label_studio]
}

run "refuses_categories_of_the_callers" {
  command = plan

  variables {
    labels            = null
    categories_s3_uri = "s3://my-bucket/categories.json"
  }

  expect_failures = [var.categories_s3_uri]
}

run "refuses_a_template_of_the_callers" {
  command = plan

  variables {
    template_s3_uri = "s3://my-bucket/template.liquid.html"
  }

  expect_failures = [var.template_s3_uri]
}

run "refuses_details_of_labels" {
  command = plan

  variables {
    label_details = { cat = { description = "A cat." } }
  }

  expect_failures = [var.label_details]
}

run "refuses_task_keywords" {
  command = plan

  variables {
    task = { keywords = ["animals"] }
  }

  expect_failures = [var.task]
}

run "refuses_verification_keywords" {
  command = plan

  variables {
    verification = { keywords = ["animals"] }
  }

  expect_failures = [var.verification]
}

run "refuses_task_max_concurrent_tasks" {
  command = plan

  variables {
    task = { max_concurrent_tasks = 1000 }
  }

  expect_failures = [var.task]
}

run "refuses_verification_max_concurrent_tasks" {
  command = plan

  variables {
    verification = { max_concurrent_tasks = 1000 }
  }

  expect_failures = [var.verification]
}

run "refuses_task_time_limit_seconds" {
  command = plan

  variables {
    task = { time_limit_seconds = 300 }
  }

  expect_failures = [var.task]
}

run "refuses_verification_time_limit_seconds" {
  command = plan

  variables {
    verification = { time_limit_seconds = 300 }
  }

  expect_failures = [var.verification]
}

run "refuses_task_title" {
  command = plan

  variables {
    task = { title = "Animals" }
  }

  expect_failures = [var.task]
}

run "refuses_verification_title" {
  command = plan

  variables {
    verification = { title = "Animals" }
  }

  expect_failures = [var.verification]
}

run "refuses_a_template_for_reviewers" {
  command = plan

  variables {
    verification = { template_s3_uri = "s3://my-bucket/judge.liquid.html" }
  }

  expect_failures = [var.verification]
}

run "refuses_categories_for_reviewers" {
  command = plan

  variables {
    task_type    = "image_bounding_box"
    verification = { accepted_category = "Fine", categories_s3_uri = "s3://my-bucket/judgements.json" }
  }

  expect_failures = [var.verification]
}

run "refuses_a_label_that_the_editor_replaces" {
  command = plan

  variables {
    labels = ["cat", "$name"]
  }

  expect_failures = [var.labels]
}

run "refuses_a_category_that_the_editor_replaces" {
  command = plan

  variables {
    verification = { categories = ["Right", "$name"] }
  }

  expect_failures = [var.verification]
}

run "refuses_instructions_that_fill_the_environment" {
  command = plan

  variables {
    instructions = { full = join("", [for number in range(180) : "0123456789"]) }
  }

  expect_failures = [var.instructions]
}

run "refuses_instructions_for_reviewers_that_fill_the_environment" {
  command = plan

  variables {
    verification = { instructions = { full = join("", [for number in range(180) : "0123456789"]) } }
  }

  expect_failures = [var.verification]
}

run "refuses_a_role_for_ground_truth_without_a_work_team" {
  command = plan

  variables {
    ground_truth_role = { arn = "arn:aws:iam::123456789012:role/labeling" }
  }

  expect_failures = [var.ground_truth_role]
}

run "refuses_reviewers_without_a_team_in_ground_truth" {
  command = plan

  variables {
    engine       = "ground_truth"
    workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digits"
    verification = {}
  }

  expect_failures = [var.verification]
}
