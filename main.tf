# The module's table of contents: its parts, and what each is given. Account and region are in deployment.tf, names and
# ARNs in locals.tf, functions and their permissions in functions.tf, settings of labeling jobs in labeling_jobs.tf.

module "encryption" {
  source = "./modules/encryption"

  deletion_window_days   = var.kms_deletion_window_days
  deployment             = local.deployment
  event_rule_arns        = values(local.rule_arns)
  existing_key           = var.kms_key == null ? null : { arn = local.kms_key_arn }
  label_studio_role_arns = local.label_studio_reader_arns
  log_group_arns         = values(local.log_group_arns)
  name                   = local.job_name
  reader_principal_arns  = var.reader_principal_arns
  role_arns              = concat(values(local.role_arns), var.feature_group.maintenance_role_arns)
  tags                   = var.tags
  upload_principal_arns  = var.upload_principal_arns
}

module "storage" {
  source = "./modules/storage"

  access_logs = var.access_logs == null ? null : {
    bucket_name = var.access_logs.bucket_name
    prefix      = "${var.access_logs.prefix}${local.job_name}/"
  }
  administrator_principal_arns = local.administrator_principal_arns
  bucket_arns                  = local.bucket_arns
  bucket_names                 = local.bucket_names
  force_destroy                = var.force_destroy
  image_outputs = (
    local.ground_truth_enabled && local.verification_enabled && var.task_type == "image_semantic_segmentation"
  )
  image_uploads          = local.task_type.media_type == "image"
  kms_key_arn            = module.encryption.key_arn
  label_studio_role_arns = local.label_studio_reader_arns
  lift_writer_denials    = var.lift_writer_denials
  pipeline_reader_role_arns = {
    features = concat([local.role_arns.feature_group], var.feature_group.maintenance_role_arns)
    output   = concat(local.ground_truth_role_arns, [for step in local.output_reading_steps : local.role_arns[step]])
    upload = concat(
      local.ground_truth_role_arns,
      local.splits_uploads ? [local.role_arns.split_text] : [],
      local.label_studio_enabled && !local.splits_uploads ? [local.role_arns.advance_label_studio_jobs] : [],
    )
  }
  pipeline_writer_role_arns = {
    features = concat([local.role_arns.feature_group], var.feature_group.maintenance_role_arns)
    output   = concat(local.ground_truth_role_arns, [for step in local.output_writing_steps : local.role_arns[step]])
    upload   = []
  }
  reader_principal_arns = var.reader_principal_arns
  tags                  = var.tags
  upload_principal_arns = var.upload_principal_arns
}

module "intake" {
  source = "./modules/intake"

  consumer_timeout_seconds  = local.poll_timeout_seconds
  deployment                = local.deployment
  job_state_rule_arn        = try(local.rule_arns.job_state, null)
  kms_key_arn               = module.encryption.key_arn
  message_retention_seconds = var.queue.message_retention_seconds
  queue_arns                = local.queue_arns
  queue_names               = local.queue_names
  splitter = local.splits_uploads ? {
    arn  = module.function["split_text"].arn
    name = module.function["split_text"].name
  } : null
  tags               = var.tags
  upload_bucket_name = module.storage.bucket_names.upload
  upload_rule_arn    = local.rule_arns.upload
  upload_rule_name   = local.rule_names.upload
}

module "ledger" {
  source = "./modules/ledger"

  deletion_protection_enabled = !var.force_destroy
  kms_key_arn                 = module.encryption.key_arn
  name                        = local.ledger_table_name
  tags                        = var.tags

  # Created last, so destroyed first: if its deletion protection refuses, nothing else has been destroyed yet.
  depends_on = [
    aws_ssm_parameter.published,
    module.encryption,
    module.feature_group,
    module.function,
    module.ground_truth,
    module.intake,
    module.label_studio,
    module.log_groups,
    module.monitoring,
    module.storage,
    module.workflow,
  ]
}

module "log_groups" {
  source = "./modules/log_groups"

  kms_key_arn    = module.encryption.key_arn
  names          = { for step in local.logging_steps : step => local.log_group_names[step] }
  retention_days = var.log_retention_days
  tags           = var.tags
}

module "feature_group" {
  source = "./modules/feature_group"

  base_features        = local.base_features
  bucket_arn           = local.bucket_arns.features
  bucket_name          = module.storage.bucket_names.features
  deployment           = local.deployment
  extra_feature_names  = keys(var.extra_features)
  iam                  = local.iam
  kms_key_arn          = module.encryption.key_arn
  name                 = local.feature_group_name
  online_store_enabled = terraform_data.identity.input.online_store_enabled
  role_name            = local.role_names.feature_group
  table_format         = terraform_data.identity.input.table_format
  tags                 = var.tags
}

module "ground_truth" {
  source = "./modules/ground_truth"
  count  = local.ground_truth_enabled ? 1 : 0

  categories_s3_uri = var.categories_s3_uri
  deployment        = local.deployment
  existing_role     = var.ground_truth_role
  iam               = local.iam
  instructions = {
    full  = coalesce(var.instructions.full, local.task_description)
    short = coalesce(var.instructions.short, local.task_description)
  }
  kms_key_arn        = module.encryption.key_arn
  label_details      = var.label_details
  labels             = var.labels
  output_bucket_arn  = local.bucket_arns.output
  output_bucket_name = module.storage.bucket_names.output
  role_name          = local.role_names.ground_truth
  tags               = var.tags
  template_file      = local.task_type.worker_template
  template_s3_uri    = var.template_s3_uri
  title              = local.task_title
  upload_bucket_arn  = local.bucket_arns.upload
  verification = var.verification == null ? null : {
    categories           = local.verification_task.categories
    categories_s3_uri    = var.verification.categories_s3_uri
    function_arns        = [for step in local.ground_truth_steps : local.function_arns[step]]
    instructions         = local.verification_task.instructions
    label_attribute_name = local.label_attribute_name
    template_file        = local.task_type.verification.worker_template
    template_s3_uri      = var.verification.template_s3_uri
    title                = local.verification_task.title
  }
}

moved {
  from = module.ground_truth
  to   = module.ground_truth[0]
}

module "label_studio" {
  source = "./modules/label_studio"
  count  = local.label_studio_enabled ? 1 : 0

  alarm_actions = concat([module.monitoring.topic_arn], var.alarms.actions)
  deployment    = local.deployment
  function = {
    arn  = local.function_arns.advance_label_studio_jobs
    name = module.function["advance_label_studio_jobs"].name
  }
  iam              = local.iam
  interval_minutes = var.label_studio.interval_minutes
  kms_key_arn      = module.encryption.key_arn
  name             = local.schedule_names.label_studio
  role_name        = local.role_names.label_studio
  schedule_arn     = local.schedule_arns.label_studio
  tags             = var.tags
}

module "function" {
  source   = "./modules/function"
  for_each = { for step, function in local.functions : step => function if contains(local.function_steps, step) }

  code_signing_config_arn = var.functions.code_signing_config_arn
  deployment              = local.deployment
  description             = each.value.description
  environment = merge(each.value.environment, {
    LEDGER_TABLE  = local.ledger_table_name
    PIPELINE_NAME = local.job_name
  })
  function_arn         = local.function_arns[each.key]
  handler              = "labeling_lambdas.handlers.${each.key}.handler"
  iam                  = local.iam
  kms_key_arn          = module.encryption.key_arn
  layer_arns           = var.functions.layer_arns
  log_group_arn        = local.log_group_arns[each.key]
  log_group_name       = module.log_groups.names[each.key]
  memory_mb            = each.value.memory_mb
  name                 = local.function_names[each.key]
  package              = var.lambda_package
  reserved_concurrency = lookup(var.functions.reserved_concurrency, each.key, null)
  role_name            = local.role_names[each.key]
  runtime              = var.lambda_runtime
  statements           = each.value.statements
  tags                 = var.tags
  timeout_seconds      = each.value.timeout_seconds
  tracing_enabled      = var.functions.tracing_enabled
  vpc                  = var.functions.vpc
}

module "workflow" {
  source = "./modules/workflow"

  definition = templatefile("${path.module}/statemachine.asl.json.tftpl", {
    functions                = { for step in local.workflow_steps : step => local.function_arns[step] }
    labeling_timeout_seconds = local.labeling_timeout_seconds
    partition                = local.partition
    pollers                  = local.pollers
    retry                    = { for use, retriers in local.retries : use => jsonencode(retriers) }
    verification             = local.verification_enabled
  })
  deployment = local.deployment
  function_arns = {
    for step in local.workflow_steps : step => local.function_arns[step]
  }
  iam = local.iam
  job_state = local.ground_truth_enabled ? {
    function_arn  = module.function["job_state_change"].arn
    function_name = module.function["job_state_change"].name
    rule_arn      = local.rule_arns.job_state
    rule_name     = local.rule_names.job_state
  } : null
  kms_key_arn             = module.encryption.key_arn
  labeling_job_arn_prefix = trimsuffix(local.labeling_job_arns, "*")
  log_group_name          = local.log_group_names.state_machine
  log_level               = var.state_machine_log_level
  log_retention_days      = var.log_retention_days
  name                    = local.job_name
  role_name               = local.role_names.workflow
  schedule                = var.schedule
  schedule_arn            = local.schedule_arns.workflow
  schedule_role_name      = local.role_names.schedule
  state_machine_arn       = local.state_machine_arn
  tags                    = var.tags
  tracing_enabled         = var.functions.tracing_enabled
  undelivered_queue_arn   = module.intake.queue_arns.undelivered
}

module "monitoring" {
  source = "./modules/monitoring"

  actions                    = var.alarms.actions
  dashboard                  = local.dashboard
  dead_letter_threshold      = var.alarms.dead_letter_threshold
  deployment                 = local.deployment
  function_names             = local.function_names
  kms_key_arn                = module.encryption.key_arn
  name                       = local.job_name
  oldest_message_age_seconds = var.alarms.oldest_message_age_seconds
  queue_names                = local.queue_names
  rule_names                 = local.rule_names
  state_machine_arn          = local.state_machine_arn
  tags                       = var.tags
}
