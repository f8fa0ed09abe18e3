# What labeling and verification jobs are created with, and how their labels and verdicts are read.

locals {
  # A feature that was added after the group was created has no column and goes into extra_json.
  extra_features = {
    for name, path in var.extra_features : name => {
      column = contains(module.feature_group.feature_names, name)
      path   = path
    }
  }

  # plan_results returns what was labeled with another name. A list that would fill much of the 4 KB of an environment
  # is left out, as that of the caller's own category file is: names are then taken as they come. The functions that create jobs
  # must fit the list beside the settings of the job.
  all_labels_json = jsonencode(var.labels)
  known_labels    = length(base64encode(local.all_labels_json)) * 3 / 4 <= 1024 ? local.all_labels_json : jsonencode(null)

  # How a verdict is read. The names in the caller's own category file are not known here.
  verification = var.verification == null ? null : {
    accepted_category = local.verification_task.accepted_category
    attribute         = local.verification_attribute_name
    categories        = try(var.verification.categories_s3_uri, null) == null ? local.verification_task.categories : null
    sample_percent    = try(var.verification.sample_percent, null)
  }

  # Of new runs, as their functions are given it.
  job_settings = {
    label  = var.engine == "label_studio" ? local.label_studio_jobs.label : jsonencode(local.labeling_job)
    verify = var.engine == "label_studio" ? local.label_studio_jobs.verify : jsonencode(local.verification_job)
  }

  # Names the meaning of the labels in each record of new runs.
  label_schema = (
    var.engine == "label_studio" ? local.label_studio_label_schema : one(module.ground_truth[*].label_schema)
  )

  # Not defaults of the inputs, because a value that the caller sets is refused where Label Studio would ignore it.
  default_max_concurrent_tasks = 1000
  default_time_limit_seconds   = 300

  labeling_job = var.engine != "ground_truth" ? null : {
    annotation_consolidation_lambda_arn = "${local.managed_function_arn_prefix}:ACS-${local.task_type.managed_function_suffix}"
    categories_s3_uri                   = one(module.ground_truth[*].categories_s3_uri)
    description                         = local.task_description
    human_task_ui_arn                   = local.human_task_ui_arn
    keywords                            = coalescelist(coalesce(var.task.keywords, []), local.task_type.default_task.keywords)
    label_attribute_name                = local.label_attribute_name
    max_concurrent_tasks                = coalesce(var.task.max_concurrent_tasks, local.default_max_concurrent_tasks)
    output_prefix                       = "labeling-jobs"
    pre_human_task_lambda_arn           = "${local.managed_function_arn_prefix}:PRE-${local.task_type.managed_function_suffix}"
    role_arn                            = local.ground_truth_role_arn
    tags                                = var.tags
    task_availability_seconds           = var.task.availability_seconds
    task_time_limit_seconds             = coalesce(var.task.time_limit_seconds, local.default_time_limit_seconds)
    template_s3_uri                     = one(module.ground_truth[*].template_s3_uri)
    title                               = local.task_title
    workers_per_object                  = var.task.workers_per_object
    workteam_arn                        = var.workteam_arn
  }

  verification_functions = (
    local.task_type.verification.workflow == "native" ?
    {
      consolidate = "${local.managed_function_arn_prefix}:ACS-${coalesce(local.task_type.verification.managed_function_suffix, "none")}"
      prepare     = "${local.managed_function_arn_prefix}:PRE-${coalesce(local.task_type.verification.managed_function_suffix, "none")}"
    } :
    {
      consolidate = try(local.function_arns.consolidate_verification, "")
      prepare     = try(local.function_arns.prepare_verification, "")
    }
  )

  verification_job = var.verification == null || var.engine != "ground_truth" ? null : {
    annotation_consolidation_lambda_arn = local.verification_functions.consolidate
    categories_s3_uri                   = one(module.ground_truth[*].verification.categories_s3_uri)
    description                         = local.verification_task.description
    human_task_ui_arn                   = null
    keywords                            = local.verification_task.keywords
    label_attribute_name                = local.verification_attribute_name
    max_concurrent_tasks                = coalesce(var.verification.max_concurrent_tasks, local.default_max_concurrent_tasks)
    output_prefix                       = "labeling-jobs"
    pre_human_task_lambda_arn           = local.verification_functions.prepare
    role_arn                            = local.ground_truth_role_arn
    tags                                = var.tags
    task_availability_seconds           = var.verification.availability_seconds
    task_time_limit_seconds             = coalesce(var.verification.time_limit_seconds, local.default_time_limit_seconds)
    template_s3_uri                     = one(module.ground_truth[*].verification.template_s3_uri)
    title                               = local.verification_task.title
    workers_per_object                  = var.verification.workers_per_object
    workteam_arn                        = var.verification.workteam_arn
  }
}
