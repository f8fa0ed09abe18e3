# Names and ARNs, built as strings: policies and the state machine's definition are then known at plan, and
# resources that name each other make no cycle. What they are made of is kept in kept_values.tf.

locals {
  account_id  = terraform_data.identity.input.account_id
  iam         = merge(var.iam, { path = terraform_data.identity.input.iam_path })
  job_name    = terraform_data.identity.input.job_name
  kms_key_arn = terraform_data.identity.input.kms_key_arn
  partition   = terraform_data.identity.input.partition
  region      = terraform_data.identity.input.region

  deployment = {
    account_id = local.account_id
    partition  = local.partition
    region     = local.region
  }

  # An uploaded text holds many items, so a function splits it on its way to the intake queue; an image is an item.
  splits_uploads = local.task_type.media_type == "text"
  # What is of Ground Truth. A work team may be known only after apply, so the engine is looked at first.
  ground_truth_enabled = var.engine == "ground_truth" ? true : var.workteam_arn != null

  # Rules and a schedule of their own call these; every other function is a step of the state machine.
  called_steps = concat(
    local.label_studio_enabled ? ["advance_label_studio_jobs"] : [],
    local.ground_truth_enabled ? ["job_state_change"] : [],
    local.splits_uploads ? ["split_text"] : [],
  )
  workflow_steps = toset(concat(
    [
      "finish_run",
      "plan_results",
      "poll_queue",
      "recover_runs",
      "return_items",
      "start_labeling_job",
      "stop_job",
      "update_feature_store",
    ],
    local.verification_enabled ? ["start_verification_job"] : [],
  ))
  # Ground Truth calls these for each object where it has no functions of its own for verification.
  ground_truth_steps = (
    local.ground_truth_enabled && local.verification_enabled && local.task_type.verification.workflow == "custom" ?
    ["consolidate_verification", "prepare_verification"] : []
  )
  function_steps = setunion(local.workflow_steps, local.called_steps, local.ground_truth_steps)
  # What a function logged outlives it: its log group stays when verification is turned off, or the task type or the engine
  # changes.
  logging_steps = setunion(
    local.function_steps,
    [
      "advance_label_studio_jobs",
      "consolidate_verification",
      "job_state_change",
      "prepare_verification",
      "split_text",
      "start_verification_job",
    ],
  )
  # These read, and these write objects of the output bucket. Jobs in Label Studio are such objects.
  artifact_steps = setsubtract(local.workflow_steps, ["recover_runs", "stop_job"])
  output_reading_steps = setunion(
    local.artifact_steps,
    local.ground_truth_steps,
    local.label_studio_enabled ? ["advance_label_studio_jobs", "recover_runs", "stop_job"] : [],
  )
  output_writing_steps = setunion(
    local.artifact_steps,
    local.label_studio_enabled ? ["advance_label_studio_jobs", "stop_job"] : [],
  )

  bucket_names = {
    for use in ["features", "output", "upload"] : use => "${local.job_name}-${local.account_id}-${local.region}-${use}"
  }
  function_names = { for step in local.function_steps : step => "${local.job_name}-${replace(step, "_", "-")}" }
  log_group_names = merge(
    { for step in local.logging_steps : step => "/aws/lambda/${local.job_name}-${replace(step, "_", "-")}" },
    { state_machine = "/aws/vendedlogs/states/${local.job_name}" },
  )
  queue_names = {
    for use in ["dead_letter", "intake", "undelivered"] : use => "${local.job_name}-${replace(use, "_", "-")}"
  }
  schedule_names = { label_studio = "${local.job_name}-label-studio", workflow = local.job_name }
  rule_names = {
    for use in concat(local.ground_truth_enabled ? ["job_state"] : [], ["upload"]) :
    use => "${local.job_name}-${replace(use, "_", "-")}"
  }

  # Role names hold the region: IAM is global, and one pipeline may be deployed in several regions.
  role_names = merge(
    { for step, name in local.function_names : step => "${name}-${local.region}" },
    {
      feature_group = "${local.job_name}-feature-group-${local.region}"
      schedule      = "${local.job_name}-schedule-${local.region}"
      workflow      = "${local.job_name}-workflow-${local.region}"
    },
    local.ground_truth_enabled ? { ground_truth = "${local.job_name}-ground-truth-${local.region}" } : {},
    # With its own name the role of the function would be longer than IAM's 64 characters.
    local.label_studio_enabled ? {
      advance_label_studio_jobs = "${local.job_name}-label-studio-jobs-${local.region}"
      label_studio              = "${local.job_name}-label-studio-schedule-${local.region}"
    } : {},
  )

  feature_group_name = terraform_data.identity.input.feature_group_name
  ledger_table_name  = "${local.job_name}-ledger"

  arn_prefixes = {
    for service in ["dynamodb", "events", "lambda", "logs", "sagemaker", "scheduler", "sqs", "states"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}"
  }

  bucket_arns       = { for use, name in local.bucket_names : use => "arn:${local.partition}:s3:::${name}" }
  event_bus_arn     = "${local.arn_prefixes.events}:event-bus/default"
  execution_arns    = "${local.arn_prefixes.states}:execution:${local.job_name}:*"
  function_arns     = { for step, name in local.function_names : step => "${local.arn_prefixes.lambda}:function:${name}" }
  labeling_job_arns = "${local.arn_prefixes.sagemaker}:labeling-job/${local.job_name}-*"
  ledger_table_arn  = "${local.arn_prefixes.dynamodb}:table/${local.ledger_table_name}"
  log_group_arns    = { for use, name in local.log_group_names : use => "${local.arn_prefixes.logs}:log-group:${name}" }
  queue_arns        = { for use, name in local.queue_names : use => "${local.arn_prefixes.sqs}:${name}" }
  role_arns = merge(
    {
      for use, name in local.role_names :
      use => "arn:${local.partition}:iam::${local.account_id}:role${local.iam.path}${name}"
    },
    var.ground_truth_role == null || !local.ground_truth_enabled ? {} : { ground_truth = var.ground_truth_role.arn },
  )
  ground_truth_role_arn  = try(local.role_arns.ground_truth, null)
  ground_truth_role_arns = [for use, arn in local.role_arns : arn if use == "ground_truth"]
  rule_arns              = { for use, name in local.rule_names : use => "${local.arn_prefixes.events}:rule/${name}" }
  schedule_arns = {
    for use, name in local.schedule_names : use => "${local.arn_prefixes.scheduler}:schedule/default/${name}"
  }
  state_machine_arn = "${local.arn_prefixes.states}:stateMachine:${local.job_name}"

  # AWS documents for no action whether IAM compares the name as it was given or in lower case, as it stands in the ARN
  # of a labeling job.
  feature_group_arns = distinct([
    for name in [local.feature_group_name, lower(local.feature_group_name)] :
    "${local.arn_prefixes.sagemaker}:feature-group/${name}"
  ])
}

locals {
  task_type_table = jsondecode(file("${path.module}/lambda_src/src/labeling_lambdas/task_types.json"))
  task_type       = local.task_type_table.task_types[var.task_type]

  task_title           = coalesce(var.task.title, local.task_type.default_task.title)
  task_description     = coalesce(var.task.description, local.task_type.default_task.description)
  label_attribute_name = "${local.job_name}${local.task_type.label_attribute_suffix}"

  verification_enabled = var.verification != null
  # The variable, with the defaults of the task type.
  verification_task = {
    accepted_category = coalesce(try(var.verification.accepted_category, null), local.verification_categories[0])
    categories        = local.verification_categories
    description       = local.verification_description
    instructions = {
      full  = coalesce(try(var.verification.instructions.full, null), local.verification_description)
      short = coalesce(try(var.verification.instructions.short, null), local.verification_description)
    }
    keywords = coalescelist(try(coalesce(var.verification.keywords, []), []), local.task_type.verification.default_task.keywords)
    title    = coalesce(try(var.verification.title, null), local.task_type.verification.default_task.title)
  }
  verification_categories     = coalescelist(try(coalesce(var.verification.categories, []), []), local.task_type.verification.categories)
  verification_description    = coalesce(try(var.verification.description, null), local.task_type.verification.default_task.description)
  verification_attribute_name = "${local.job_name}-verification"

  managed_function_account    = lookup(local.task_type_table.managed_function_accounts, local.region, "unsupported-region")
  managed_function_arn_prefix = "arn:${local.partition}:lambda:${local.region}:${local.managed_function_account}:function"
  # The service's own user interface for workers; its account is the same in every region.
  human_task_ui_arn = (
    local.task_type.service_ui == null ? null :
    "arn:${local.partition}:sagemaker:${local.region}:${local.task_type_table.service_ui_account}:human-task-ui/${local.task_type.service_ui}"
  )

  # Ground Truth ends a labeling job after 30 days; with one day more its own end arrives first.
  labeling_timeout_seconds = 31 * 86400
  poll_timeout_seconds     = 300
  # One poller claims some 150 items in a second (docs/scale.md), and a small run gains nothing from more.
  pollers = min(
    4,
    ceil(var.max_items_per_run / 25000),
    lookup(var.functions.reserved_concurrency, "poll_queue", 4),
  )

  # A superset for all task types. It never changes with the labels: the provider replaces a feature group
  # whose definitions change.
  base_features = {
    attempts          = "Integral"
    confidence        = "Fractional"
    event_time        = "String"
    extra_json        = "String"
    label             = "String"
    label_json        = "String"
    label_schema      = "String"
    labeling_job      = "String"
    run_id            = "String"
    source_etag       = "String"
    source_ref        = "String"
    source_version_id = "String"
    status            = "String"
    task_type         = "String"
    verification_job  = "String"
  }
}

# How the state machine retries its states, by kind of state. Every state can be repeated without harm, so each retries all
# errors except those that a repeat cannot fix.
locals {
  retries = {
    step = [
      {
        ErrorEquals = ["SettingsError", "RunTakenOverError", "RunNotFoundError", "RunAliveError", "PollUnfinishedError"]
        MaxAttempts = 0
      },
      {
        # A function that stopped before its deadline continues where it stopped.
        ErrorEquals     = ["OutOfTimeError"]
        IntervalSeconds = 1
        MaxAttempts     = 20
        BackoffRate     = 1
      },
      {
        ErrorEquals     = ["States.ALL"]
        IntervalSeconds = 2
        MaxAttempts     = 4
        BackoffRate     = 2
        MaxDelaySeconds = 30
        JitterStrategy  = "FULL"
      },
    ]

    start_job = [
      {
        ErrorEquals = [
          "LabelingJobNameTakenError",
          "LabelingJobRefusedError",
          "RunNotFoundError",
          "RunTakenOverError",
          "SettingsError",
          "States.Timeout",
        ]
        MaxAttempts = 0
      },
      {
        ErrorEquals     = ["LabelingJobThrottledError"]
        IntervalSeconds = 30
        MaxAttempts     = 5
        BackoffRate     = 2
      },
      {
        ErrorEquals     = ["States.ALL"]
        IntervalSeconds = 2
        MaxAttempts     = 3
        BackoffRate     = 2
      },
    ]

    stop_job = [
      {
        ErrorEquals = ["RunTakenOverError", "RunNotFoundError", "SettingsError"]
        MaxAttempts = 0
      },
      {
        ErrorEquals     = ["LabelingJobPendingError"]
        IntervalSeconds = 60
        MaxAttempts     = 15
        BackoffRate     = 1
      },
      {
        ErrorEquals     = ["States.ALL"]
        IntervalSeconds = 10
        MaxAttempts     = 4
        BackoffRate     = 3
      },
    ]
  }

  # Dollars of an object on the dashboard. docs/cost.md has the fee's date and source.
  object_fee = coalesce(try(var.dashboard.object_fee, null), var.engine == "ground_truth" ? 0.08 : 0)
  dashboard = var.dashboard == null ? null : {
    label_cost  = local.object_fee + var.dashboard.answer_price * var.task.workers_per_object
    verify_cost = local.object_fee + var.dashboard.answer_price * try(var.verification.workers_per_object, 0)
  }
}
