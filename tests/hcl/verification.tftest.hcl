# Each input of verification that breaks a rule is refused at plan.

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

run "refuses_reviewers_that_are_public_crowd" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_reviewers_that_are_no_arn" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:reviewers"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_reviewers_with_a_longer_arn_than_the_service_takes" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/${join("", [for number in range(200) : "a"])}"
    }
  }

  expect_failures = [var.verification]
}

run "warns_of_private_reviewers_of_another_account" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/reviewers"
    }
  }

  expect_failures = [check.private_work_teams]
}

run "refuses_reviewers_of_another_region" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/reviewers"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_accepted_category_without_an_own_file" {
  command = plan

  variables {
    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = "Correct"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_own_file_of_judgements_without_its_accepted_category" {
  command = plan

  variables {
    task_type = "image_bounding_box"

    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_accepted_category_with_a_space_around_it" {
  command = plan

  variables {
    task_type = "image_bounding_box"

    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = "Correct "
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_accepted_category_of_257_characters" {
  command = plan

  variables {
    task_type = "image_bounding_box"

    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = join("", [for number in range(257) : "x"])
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_available_for_less_than_a_minute" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      availability_seconds = 59
      time_limit_seconds   = 30
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_available_for_more_than_30_days" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      availability_seconds = 2592001
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_available_for_a_fraction_of_a_second" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      availability_seconds = 600.5
    }
  }

  expect_failures = [var.verification]
}

run "refuses_both_judgements_and_an_own_file_of_them" {
  command = plan

  variables {
    task_type = "image_bounding_box"

    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = "Yes"
      categories        = ["Yes", "No"]
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_judgement_without_alternative" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = ["Yes"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_eleven_judgements" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = [for number in range(11) : "judgement ${number}"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_judgements_that_are_twice_there" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = ["Yes", "No", "No"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_judgement_that_is_empty" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = ["Yes", ""]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_judgement_of_two_lines" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = ["Yes", "No,\nnot at all"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_judgement_of_129_characters" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      categories   = ["Yes", join("", [for number in range(129) : "n"])]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_own_file_of_judgements_that_is_no_object" {
  command = plan

  variables {
    task_type = "image_bounding_box"

    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = "Yes"
      categories_s3_uri = "s3://my-bucket"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_an_own_file_of_judgements_where_our_function_makes_the_tasks" {
  command = plan

  variables {
    verification = {
      workteam_arn      = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      accepted_category = "Yes"
      categories_s3_uri = "s3://my-bucket/judgements.json"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_description_of_two_lines" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      description  = "Look\ntwice"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_description_of_256_characters" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      description  = join("", [for number in range(256) : "d"])
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_without_a_keyword_though_keywords_are_given" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      keywords     = []
    }
  }

  expect_failures = [var.verification]
}

run "refuses_six_verification_keywords" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      keywords     = ["a", "b", "c", "d", "e", "f"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_keyword_with_a_hyphen" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      keywords     = ["bounding-box"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_keyword_of_31_characters" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      keywords     = ["thirty one characters or so many"]
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_instructions_with_a_control_character" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      instructions = { full = "Look closely.\u0007" }
    }
  }

  expect_failures = [var.verification]
}

run "refuses_no_concurrent_verification_task" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      max_concurrent_tasks = 0
    }
  }

  expect_failures = [var.verification]
}

run "refuses_more_concurrent_verification_tasks_than_the_service_takes" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      max_concurrent_tasks = 5001
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_fraction_of_a_concurrent_verification_task" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      max_concurrent_tasks = 1.5
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_sample_of_nothing" {
  command = plan

  variables {
    verification = {
      workteam_arn   = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      sample_percent = 0
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_sample_of_more_than_all" {
  command = plan

  variables {
    verification = {
      workteam_arn   = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      sample_percent = 100.1
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_template_that_is_no_object" {
  command = plan

  variables {
    verification = {
      workteam_arn    = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      template_s3_uri = "s3://my-bucket"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_29_seconds_for_a_verification" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      time_limit_seconds = 29
    }
  }

  expect_failures = [var.verification]
}

run "refuses_more_than_8_hours_for_a_verification" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      time_limit_seconds = 28801
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_fraction_of_a_second_for_a_verification" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      time_limit_seconds = 30.5
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_that_would_expire_in_the_reviewers_hands" {
  command = plan

  variables {
    verification = {
      workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      availability_seconds = 60
      time_limit_seconds   = 61
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_title_of_two_lines" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      title        = "Look\ntwice"
    }
  }

  expect_failures = [var.verification]
}

run "refuses_a_verification_title_of_129_characters" {
  command = plan

  variables {
    verification = {
      workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      title        = join("", [for number in range(129) : "t"])
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_by_nobody" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      workers_per_object = 0
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_by_ten_workers" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      workers_per_object = 10
    }
  }

  expect_failures = [var.verification]
}

run "refuses_verification_by_a_fraction_of_a_worker" {
  command = plan

  variables {
    verification = {
      workteam_arn       = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
      workers_per_object = 1.5
    }
  }

  expect_failures = [var.verification]
}
