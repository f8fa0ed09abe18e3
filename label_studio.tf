# What people label in Label Studio with: settings of its jobs, what its functions may do, and how its labels are named.

locals {
  label_studio_enabled     = var.label_studio != null
  label_studio_reader_arns = try(var.label_studio.reader_role_arns, [])

  # One text above the task, where Ground Truth has two.
  label_studio_instructions = {
    label = join("\n\n", coalescelist(
      distinct(compact([var.instructions.short, var.instructions.full])), [local.task_description]
    ))
    verify = join("\n\n", coalescelist(
      distinct(compact([
        try(var.verification.instructions.short, null), try(var.verification.instructions.full, null),
      ])),
      [local.verification_description],
    ))
  }

  # A function's environment has 4 KB for these texts and for what else it is given.
  label_studio_text_bytes = 1800
  label_studio_jobs = {
    label = jsonencode({
      engine                    = "label_studio"
      instructions              = local.label_studio_instructions.label
      label_attribute_name      = local.label_attribute_name
      labels                    = var.labels
      task_availability_seconds = var.task.availability_seconds
      workers_per_object        = var.task.workers_per_object
    })
    verify = jsonencode(var.verification == null ? null : {
      engine                    = "label_studio"
      instructions              = local.label_studio_instructions.verify
      label_attribute_name      = local.verification_attribute_name
      labels                    = var.labels
      task_availability_seconds = try(var.verification.availability_seconds, null)
      workers_per_object        = try(var.verification.workers_per_object, null)
    })
  }

  # Names the meaning of the labels in each record: it changes with what people are asked and with what they can choose.
  label_studio_label_schema = "sha256:${substr(sha256(jsonencode({
    instructions = local.label_studio_instructions.label
    labels       = var.labels
    task_type    = var.task_type
  })), 0, 16)}"

  # What Label Studio does not have.
  ground_truth_only = {
    task = ["keywords", "max_concurrent_tasks", "time_limit_seconds", "title"]
    verification = [
      "categories_s3_uri", "keywords", "max_concurrent_tasks", "template_s3_uri", "time_limit_seconds", "title",
    ]
  }
}

# What functions may do and are given only where there is a Label Studio, by use.
locals {
  _label_studio_statements = {
    for use, statements in {
      advance = {
        LabelingOutput = {
          actions   = ["s3:GetObject", "s3:PutObject"]
          resources = ["${local.bucket_arns.output}/labeling-jobs/*"]
        }
        # A job that has ended is not open any more.
        CloseJobs = {
          actions   = ["s3:DeleteObject"]
          resources = ["${local.bucket_arns.output}/labeling-jobs/_open/*"]
        }
        ListLabelingOutput = { actions = ["s3:ListBucket"], resources = [local.bucket_arns.output] }
        ReadManifests      = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.output}/runs/*/manifests/*"] }
        ReadToken = {
          actions   = ["secretsmanager:GetSecretValue"]
          resources = [try(var.label_studio.token_secret_arn, "")]
        }
      }
      call_advance = {
        CallAdvance = {
          actions   = ["lambda:InvokeFunction"]
          resources = [try(local.function_arns.advance_label_studio_jobs, "")]
        }
      }
      create_label = {
        LabelingJobs = {
          actions   = ["s3:GetObject", "s3:PutObject"]
          resources = ["${local.bucket_arns.output}/labeling-jobs/*"]
        }
      }
      read_jobs  = local._labeling_output
      write_jobs = { WriteJobs = { actions = ["s3:PutObject"], resources = ["${local.bucket_arns.output}/labeling-jobs/*"] } }
    } : use => { for sid, statement in statements : sid => statement if local.label_studio_enabled }
  }

  # The size of an image is in its first bytes; texts are in the manifest. An open job may be of an earlier task type that
  # needs sizes where the present one does not.
  _read_images = {
    for sid, statement in {
      ListUploads = { actions = ["s3:ListBucket"], resources = [local.bucket_arns.upload] }
      ReadUploads = { actions = ["s3:GetObject"], resources = ["${local.bucket_arns.upload}/*"] }
    } : sid => statement if local.task_type.media_type == "image"
  }

  _token_key_arn = try(var.label_studio.token_secret_kms_key_arn, null)
  _decrypt_token = local._token_key_arn == null ? {} : {
    DecryptToken = {
      actions   = ["kms:Decrypt"]
      resources = [local._token_key_arn]
      conditions = {
        StringEquals = { "kms:ViaService" = ["secretsmanager.${local.region}.amazonaws.com"] }
      }
    }
  }

  _advance_environment = local.label_studio_enabled ? {
    ADVANCE_FUNCTION = local.function_arns.advance_label_studio_jobs
  } : {}
}
