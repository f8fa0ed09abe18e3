# The functions: what each is given and what each may do beyond writing its own log, one entry per step.

locals {
  _artifact_environment = {
    KMS_KEY_ARN   = module.encryption.key_arn
    OUTPUT_BUCKET = local.bucket_names.output
  }

  _artifacts = {
    Artifacts = { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${local.bucket_arns.output}/runs/*"] }
  }
  # Without it S3 answers 403 instead of 404 for a file that is not there. A read has no prefix, so a condition on
  # s3:prefix would not be met.
  _list_runs = {
    ListRuns = { actions = ["s3:ListBucket"], resources = [local.bucket_arns.output] }
  }
  _labeling_output = {
    LabelingOutput = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.output}/labeling-jobs/*"] }
    # As above, for the output that a failed job never wrote, and for a kept label that is gone.
    ListLabelingOutput = { actions = ["s3:ListBucket"], resources = [local.bucket_arns.output] }
  }
  # What functions may do only where there is a work team, by use.
  _ground_truth_statements = {
    for use, statements in {
      # What a role that creates labeling jobs needs, but for the work team it may name.
      create = {
        PassGroundTruthRole = {
          actions    = ["iam:PassRole"]
          resources  = [local.ground_truth_role_arn]
          conditions = { StringEquals = { "iam:PassedToService" = ["sagemaker.amazonaws.com"] } }
        }
        # Copied beside each run's manifest, so that a running job keeps its own.
        ReadWorkerFiles = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.output}/ground-truth/*"] }
        TagLabelingJob  = { actions = ["sagemaker:AddTags"], resources = [local.labeling_job_arns] }
      }
      create_for_labelers = {
        CreateLabelingJob = {
          actions    = ["sagemaker:CreateLabelingJob"]
          resources  = [local.labeling_job_arns]
          conditions = { ArnEquals = { "sagemaker:WorkteamArn" = [var.workteam_arn] } }
        }
      }
      create_for_reviewers = {
        CreateLabelingJob = {
          actions   = ["sagemaker:CreateLabelingJob"]
          resources = [local.labeling_job_arns]
          conditions = {
            ArnEquals = {
              "sagemaker:WorkteamArn" = [try(coalesce(var.verification.workteam_arn, var.workteam_arn), var.workteam_arn)]
            }
          }
        }
      }
      describe = {
        DescribeLabelingJobs = { actions = ["sagemaker:DescribeLabelingJob"], resources = [local.labeling_job_arns] }
      }
      stop = {
        StopLabelingJob = { actions = ["sagemaker:StopLabelingJob"], resources = [local.labeling_job_arns] }
      }
    } : use => { for sid, statement in statements : sid => statement if local.ground_truth_enabled }
  }
  _answer_workflow = {
    AnswerWorkflow = { actions = ["states:SendTaskSuccess"], resources = [local.state_machine_arn] }
  }
  # What Lambda sends where an event's tries are used up, with the role of the function.
  _keep_failures = {
    KeepFailures = { actions = ["sqs:SendMessage"], resources = [local.queue_arns.undelivered] }
  }
  _read_and_update_ledger = {
    Ledger = { actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources = [local.ledger_table_arn] }
  }
  _read_claims = {
    Ledger = {
      actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
      resources = [local.ledger_table_arn]
    }
  }
  _update_ledger = {
    Ledger = { actions = ["dynamodb:UpdateItem"], resources = [local.ledger_table_arn] }
  }

  # A function reaches the key only through the services it calls.
  _key = {
    for services in [
      "dynamodb",
      "dynamodb+s3",
      "dynamodb+s3+sagemaker",
      "dynamodb+s3+sqs",
      "dynamodb+sqs",
      "s3",
      "s3+sqs",
      ] : services => {
      Key = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = [module.encryption.key_arn]
        conditions = {
          StringEquals = {
            "kms:ViaService" = [for service in split("+", services) : "${service}.${local.region}.amazonaws.com"]
          }
        }
      }
    }
  }

  # Jobs in Label Studio are files.
  _job_services = local.label_studio_enabled ? "dynamodb+s3" : "dynamodb"

  # Writing to an online store that has a key needs permission to decrypt with it.
  _record_services = try(var.feature_group.online_store_enabled, false) ? "dynamodb+s3+sagemaker" : "dynamodb+s3"

  # What the functions know of labels and their verification. A run keeps with its jobs what they were created with.
  _labels = {
    LABEL_SCHEMA = local.label_schema
    LABELS       = local.known_labels
    TASK_TYPE    = var.task_type
  }
  _label_environment = merge(local._labels, {
    LABEL_ATTRIBUTE_NAME = local.label_attribute_name
    VERIFICATION         = jsonencode(local.verification)
  })
  # Of the functions that Ground Truth calls while a verification job goes on.
  _read_verification_settings = {
    Key = {
      actions    = ["kms:Decrypt"]
      resources  = [module.encryption.key_arn]
      conditions = local._key["s3"].Key.conditions
    }
    ReadSettings = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.output}/runs/*/jobs/verify.json"] }
  }

  functions = {
    advance_label_studio_jobs = {
      description     = "Has people label in Label Studio: imports tasks and collects their answers."
      timeout_seconds = 900
      memory_mb       = 1024
      environment = merge(local._artifact_environment, {
        LABEL_STUDIO_TOKEN_SECRET_ARN = try(var.label_studio.token_secret_arn, "")
        LABEL_STUDIO_URL              = try(var.label_studio.url, "")
        UPLOAD_BUCKET                 = local.bucket_names.upload
      })
      statements = merge(
        local._read_and_update_ledger, local._label_studio_statements.advance, local._read_images,
        local._decrypt_token, local._answer_workflow, local._key["dynamodb+s3"],
      )
    }

    consolidate_verification = {
      description     = "Makes one judgement of the answers of all reviewers of a label."
      timeout_seconds = 120
      memory_mb       = 256
      environment     = local._artifact_environment
      statements = merge(local._read_verification_settings, {
        ReadAnswers = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.output}/labeling-jobs/*"] }
      })
    }

    finish_run = {
      description     = "Checks the accounting of a run, reports it and closes it."
      timeout_seconds = 120
      memory_mb       = 256
      environment     = merge(local._artifact_environment, { EVENT_BUS_NAME = "default" })
      statements = merge(local._read_and_update_ledger, local._artifacts, local._list_runs, local._key["dynamodb+s3"], {
        CompletionEvent = {
          actions   = ["events:PutEvents"]
          resources = [local.event_bus_arn]
          conditions = {
            # The key has a value for each event of a call. Without values, ForAllValues alone would allow the call.
            "ForAllValues:StringEquals" = { "events:source" = ["ground-truth-labeling"] }
            Null                        = { "events:source" = ["false"] }
          }
        }
      })
    }

    job_state_change = {
      description     = "Answers the workflow when a labeling job has ended."
      timeout_seconds = 60
      memory_mb       = 256
      environment     = local._artifact_environment
      statements = merge(
        local._read_and_update_ledger, local._ground_truth_statements.describe, local._answer_workflow,
        local._keep_failures, local._key["dynamodb+sqs"],
      )
    }

    plan_results = {
      description     = "Reconciles every claimed item with the output of the labeling job."
      timeout_seconds = 600
      memory_mb       = 512
      environment = merge(local._artifact_environment, local._label_environment, {
        EXTRA_FEATURES = jsonencode(local.extra_features)
        MAX_ATTEMPTS   = tostring(var.max_attempts)
      })
      statements = merge(
        local._read_claims, local._artifacts, local._labeling_output, local._ground_truth_statements.describe,
        local._key["dynamodb+s3"],
      )
    }

    poll_queue = {
      description     = "Drains the intake queue and claims each item in the ledger."
      timeout_seconds = local.poll_timeout_seconds
      memory_mb       = 512
      environment = merge(local._artifact_environment, {
        DEAD_LETTER_QUEUE_URL = module.intake.queue_urls.dead_letter
        IGNORED_KEYS          = jsonencode(var.ignored_keys)
        INTAKE_QUEUE_URL      = module.intake.queue_urls.intake
        MAX_ITEMS_PER_RUN     = tostring(var.max_items_per_run)
        TASK_TYPE             = var.task_type
        UPLOAD_BUCKET         = local.bucket_names.upload
      })
      statements = merge(local._read_claims, local._artifacts, local._list_runs, local._key["dynamodb+s3+sqs"], {
        DeadLetter = { actions = ["sqs:SendMessage"], resources = [local.queue_arns.dead_letter] }
        DrainIntake = {
          actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
          resources = [local.queue_arns.intake]
        }
      })
    }

    prepare_verification = {
      description     = "Shows a label to its reviewers: makes one task of one line of the manifest."
      timeout_seconds = 30
      memory_mb       = 256
      environment     = local._artifact_environment
      statements      = local._read_verification_settings
    }

    recover_runs = {
      description     = "Looks after runs whose execution has died or whose answer was missed."
      timeout_seconds = 120
      memory_mb       = 256
      environment     = local._artifact_environment
      statements = merge(
        local._read_and_update_ledger, local._ground_truth_statements.describe, local._label_studio_statements.read_jobs,
        local._answer_workflow, local._key[local._job_services],
        {
          DescribeExecutions = { actions = ["states:DescribeExecution"], resources = [local.execution_arns] }
          RestartRun         = { actions = ["states:StartExecution"], resources = [local.state_machine_arn] }
        },
      )
    }

    return_items = {
      description     = "Sends what was not stored back to the intake queue or to the dead-letter queue."
      timeout_seconds = 300
      memory_mb       = 256
      environment = merge(local._artifact_environment, {
        DEAD_LETTER_QUEUE_URL = module.intake.queue_urls.dead_letter
        INTAKE_QUEUE_URL      = module.intake.queue_urls.intake
      })
      statements = merge(local._update_ledger, local._artifacts, local._key["dynamodb+s3+sqs"], {
        ReturnItems = {
          actions   = ["sqs:SendMessage"]
          resources = [local.queue_arns.dead_letter, local.queue_arns.intake]
        }
      })
    }

    split_text = {
      description     = "Splits an uploaded text into items and sends each to the intake queue."
      timeout_seconds = 900
      memory_mb       = 512
      environment = {
        IGNORED_KEYS     = jsonencode(var.ignored_keys)
        INTAKE_QUEUE_URL = module.intake.queue_urls.intake
        TASK_TYPE        = var.task_type
        TEXT_ITEMS       = var.text_items
        UPLOAD_BUCKET    = local.bucket_names.upload
      }
      statements = merge(local._keep_failures, local._key["s3+sqs"], {
        # Always the version that the event names, for which S3 requires this permission and not s3:GetObject.
        ReadUploads = { actions = ["s3:GetObjectVersion"], resources = ["${local.bucket_arns.upload}/*"] }
        SendItems   = { actions = ["sqs:SendMessage"], resources = [local.queue_arns.intake] }
      })
    }

    start_labeling_job = {
      description     = "Writes the manifest and creates the labeling job of a run."
      timeout_seconds = 300
      memory_mb       = 512
      environment = merge(local._artifact_environment, local._labels, local._advance_environment, {
        LABELING_JOB = local.job_settings.label
      })
      statements = merge(
        local._read_claims, local._artifacts, local._list_runs, local._answer_workflow, local._key["dynamodb+s3"],
        local._ground_truth_statements.create, local._ground_truth_statements.create_for_labelers,
        local._ground_truth_statements.describe,
        local._label_studio_statements.call_advance, local._label_studio_statements.create_label,
      )
    }

    start_verification_job = {
      description     = "Writes the manifest of labeled items and creates the verification job of a run."
      timeout_seconds = 600
      memory_mb       = 512
      environment = merge(local._artifact_environment, local._label_environment, local._advance_environment, {
        VERIFICATION_JOB = local.job_settings.verify
      })
      statements = merge(
        local._read_claims, local._artifacts, local._labeling_output, local._answer_workflow, local._key["dynamodb+s3"],
        local._ground_truth_statements.create, local._ground_truth_statements.create_for_reviewers,
        local._ground_truth_statements.describe,
        local._label_studio_statements.call_advance, local._label_studio_statements.write_jobs,
      )
    }

    stop_job = {
      description     = "Stops a labeling job whose waiting state failed, and waits for its end."
      timeout_seconds = 60
      memory_mb       = 256
      environment     = local._artifact_environment
      statements = merge(
        local._read_and_update_ledger, local._answer_workflow, local._key[local._job_services],
        local._ground_truth_statements.describe, local._ground_truth_statements.stop,
        local._label_studio_statements.read_jobs, local._label_studio_statements.write_jobs,
      )
    }

    update_feature_store = {
      description     = "Writes one shard of feature records and settles its items."
      timeout_seconds = 600
      memory_mb       = 512
      environment     = merge(local._artifact_environment, { FEATURE_GROUP_NAME = local.feature_group_name })
      statements = merge(local._update_ledger, local._artifacts, local._list_runs, local._key[local._record_services], {
        WriteRecords = {
          actions   = ["sagemaker:BatchWriteRecord", "sagemaker:PutRecord"]
          resources = local.feature_group_arns
        }
      })
    }
  }
}
