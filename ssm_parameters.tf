# The names that other stacks and labelctl look up, as SSM parameters under /<job_name>/.

locals {
  parameters = merge(
    local._doctor_parameters,
    {
      dead-letter-queue-url = module.intake.queue_urls.dead_letter
      feature-group-name    = module.feature_group.name
      ledger-table-name     = local.ledger_table_name
      output-bucket-name    = module.storage.bucket_names.output
      state-machine-arn     = module.workflow.state_machine_arn
      task-type             = var.task_type
      undelivered-queue-url = module.intake.queue_urls.undelivered
      upload-bucket-name    = module.storage.bucket_names.upload
      upload-queue-url      = module.intake.queue_urls.intake
    },
    length(var.ignored_keys) > 0 ? { ignored-keys = jsonencode(var.ignored_keys) } : {},
    local.splits_uploads ? { splitter-function-name = local.function_names["split_text"] } : {},
  )
}

# What labelctl doctor compares the account with.
locals {
  _doctor_parameters = {
    alarm-names    = jsonencode(concat(values(module.monitoring.alarm_names), module.label_studio[*].alarm_name))
    function-names = jsonencode(local.function_names)
    key-statements = jsonencode(module.encryption.required_key_statements)
    resources = jsonencode({
      jobs           = local._doctor_jobs
      kms_key_arn    = module.encryption.key_arn
      label_studio   = local._doctor_label_studio
      package_sha256 = module.function["poll_queue"].code_sha256
      rules          = local.rule_names
      schedule       = { enabled = var.schedule.enabled, name = module.workflow.schedule_name }
      version        = local.module_version
    })
  }

  _doctor_label_studio = var.label_studio == null ? null : {
    schedule                 = local.schedule_names.label_studio
    token_secret_arn         = var.label_studio.token_secret_arn
    token_secret_kms_key_arn = var.label_studio.token_secret_kms_key_arn
    url                      = var.label_studio.url
  }

  # What new runs create jobs of Ground Truth with.
  _doctor_jobs = {
    for stage, job in { label = local.labeling_job, verify = local.verification_job } : stage => job == null ? null : {
      role_arn                = job.role_arn
      worker_files            = compact([job.categories_s3_uri, job.template_s3_uri])
      workteam_arn            = job.workteam_arn
    }
  }
}

resource "aws_ssm_parameter" "published" {
  #checkov:skip=CKV2_AWS_34:The values are names, not secrets, and readers need no permission for the key.
  for_each = local.parameters

  name  = "/${local.job_name}/${each.key}"
  tags  = var.tags
  type  = "String"
  value = each.value
}

moved {
  from = module.parameters.aws_ssm_parameter.this
  to   = aws_ssm_parameter.published
}
