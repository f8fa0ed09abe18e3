variable "access_logs" {
  description = <<-EOT
    Where S3 writes its access logs of the three buckets. Null writes none.

    - `bucket_name` - Name of a bucket in the same region and account whose policy lets `logging.s3.amazonaws.com` write.
    - `prefix` - (Optional) Beginning of the logs' keys; the pipeline's name and the bucket's use follow. Defaults to `s3/`.
  EOT
  type = object({
    bucket_name = string
    prefix      = optional(string, "s3/")
  })
  default = null

  validation {
    condition     = var.access_logs == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_logs.bucket_name))
    error_message = "access_logs.bucket_name must be the name of a bucket, 3 to 63 lower case letters, digits, dots and hyphens."
  }
}

variable "administrator_principal_arns" {
  description = "Roles and users that may always read, write and delete the objects of all three buckets. Null uses the principal that runs Terraform; list the principals if several of them run it, so that the bucket policies do not change with the caller."
  type        = list(string)
  default     = null

  validation {
    condition = alltrue([
      for arn in coalesce(var.administrator_principal_arns, []) :
      can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))
    ])
    error_message = "administrator_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

variable "alarms" {
  description = <<-EOT
    Thresholds of the alarms and the topics that they notify.

    - `actions` - (Optional) ARNs to notify in addition to the module's own topic. Defaults to `[]`.
    - `dead_letter_threshold` - (Optional) Messages in the dead-letter queue that raise the alarm. Defaults to `1`.
    - `oldest_message_age_seconds` - (Optional) Age of the oldest waiting upload that raises the alarm. Defaults to `172800`, two days: two runs of the daily schedule.
  EOT
  type = object({
    actions                    = optional(list(string), [])
    dead_letter_threshold      = optional(number, 1)
    oldest_message_age_seconds = optional(number, 172800)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarms.dead_letter_threshold >= 1 && floor(var.alarms.dead_letter_threshold) == var.alarms.dead_letter_threshold
    error_message = "alarms.dead_letter_threshold must be a whole number of 1 or more."
  }

  validation {
    condition     = var.alarms.oldest_message_age_seconds >= 60 && var.alarms.oldest_message_age_seconds < var.queue.message_retention_seconds
    error_message = "alarms.oldest_message_age_seconds must be at least 60 and less than queue.message_retention_seconds: later the message is gone."
  }

  validation {
    condition     = alltrue([for arn in var.alarms.actions : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:", arn))])
    error_message = "alarms.actions must hold ARNs, for example of an SNS topic."
  }
}

variable "categories_s3_uri" {
  description = "S3 URI of your own label category file; the Ground Truth role must be able to decrypt it. Give either this or labels."
  type        = string
  default     = null

  validation {
    condition     = var.categories_s3_uri == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]+$", var.categories_s3_uri))
    error_message = "categories_s3_uri must be an S3 URI of one object, like s3://bucket/categories.json."
  }

  validation {
    condition     = (var.categories_s3_uri == null) != (var.labels == null)
    error_message = "categories_s3_uri or labels: give exactly one of them, labels by their names or your own category file."
  }
}

variable "deployment" {
  description = <<-EOT
    Account, partition and region of the deployment. Null reads them with the provider's credentials. Set it if the module block has depends_on: otherwise Terraform reads nothing before apply, and the plan shows no names.

    - `account_id` - Account of the provider's credentials, 12 digits.
    - `region` - Region of the provider.
    - `partition` - (Optional) Partition of the region. Defaults to `aws`.
  EOT
  type = object({
    account_id = string
    region     = string
    partition  = optional(string, "aws")
  })
  default = null

  validation {
    condition     = var.deployment == null || can(regex("^[0-9]{12}$", var.deployment.account_id))
    error_message = "deployment.account_id must have 12 digits."
  }

  validation {
    condition     = var.deployment == null || contains(keys(local.task_type_table.managed_function_accounts), try(var.deployment.region, ""))
    error_message = "deployment.region must be one of ${join(", ", keys(local.task_type_table.managed_function_accounts))}."
  }

  validation {
    condition     = var.deployment == null || can(regex("^aws(-[a-z-]+)?$", var.deployment.partition))
    error_message = "deployment.partition must be the name of a partition, such as aws."
  }
}

variable "extra_features" {
  description = "Further features of each record: name to path in the output line, for example { weather = \"capture.weather\" }. A path is a key, keys and indexes of lists joined by dots, or a JSON pointer such as /capture/weather. Those known when the feature group is created are columns; later ones go into extra_json."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.extra_features) : can(regex("^[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}$", name))])
    error_message = "extra_features: a name is 1 to 64 letters, digits, hyphens and underscores, and starts and ends with a letter or digit."
  }

  validation {
    condition     = length(setintersection([for name in keys(var.extra_features) : lower(name)], ["api_invocation_time", "is_deleted", "write_time"])) == 0
    error_message = "extra_features: api_invocation_time, is_deleted and write_time are reserved by the Feature Store."
  }

  validation {
    condition     = length(setintersection([for name in keys(var.extra_features) : lower(name)], keys(local.base_features))) == 0
    error_message = "extra_features: a name must not be one of the pipeline's own columns: ${join(", ", keys(local.base_features))}."
  }

  validation {
    condition     = length(distinct([for name in keys(var.extra_features) : lower(name)])) == length(var.extra_features)
    error_message = "extra_features: names must differ in more than upper and lower case, because the offline store's tables ignore case."
  }

  validation {
    condition     = alltrue([for path in values(var.extra_features) : can(regex("^[^.$/\\s]([^.\\n\\r]*[^.\\s])?(\\.[^.\\s]([^.\\n\\r]*[^.\\s])?)*$", path)) || can(regex("^/([^~$/\\n\\r]|~[01])([^~\\n\\r]|~[01])*$", path))])
    error_message = "extra_features: a path is one or more keys of the output line joined by dots, without white space around a key, or a JSON pointer; keys that begin with $ are not handed through."
  }
}

variable "feature_group" {
  description = <<-EOT
    The feature group that the records are written to.

    - `maintenance_role_arns` - (Optional) Roles of this account that compact the offline store, [which does not happen automatically](records.md#read-the-offline-store). They may read, write and delete its objects and use the key. Defaults to `[]`.
    - `name` - (Optional) Its name. Defaults to job_name.
    - `online_store_enabled` - (Optional) Whether records can also be read at low latency. Defaults to `false`.
    - `table_format` - (Optional) `Iceberg` or `Glue`. Defaults to `Iceberg`, whose small files [you can compact](records.md#read-the-offline-store).
  EOT
  type = object({
    maintenance_role_arns = optional(list(string), [])
    name                  = optional(string)
    online_store_enabled  = optional(bool, false)
    table_format          = optional(string, "Iceberg")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.feature_group.name == null || can(regex("^[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}$", var.feature_group.name))
    error_message = "feature_group.name must be 1 to 64 letters, digits, hyphens and underscores, and start and end with a letter or digit."
  }

  validation {
    condition = alltrue([
      for arn in var.feature_group.maintenance_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))
    ])
    error_message = "feature_group.maintenance_role_arns must hold ARNs of IAM roles, without wildcards."
  }

  validation {
    # Neither the bucket's nor the key's policy admits another account's roles.
    condition     = alltrue([for arn in var.feature_group.maintenance_role_arns : try(split(":", arn)[4], "") == local.current.account_id])
    error_message = "feature_group.maintenance_role_arns must hold roles of the account of the deployment, ${local.current.account_id}."
  }

  validation {
    condition     = contains(["Glue", "Iceberg"], var.feature_group.table_format)
    error_message = "feature_group.table_format must be Glue or Iceberg."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy may delete buckets with objects in them and the ledger. ALL UPLOADS, LABELS AND RECORDS ARE LOST."
  type        = bool
  default     = false
  nullable    = false
}

variable "functions" {
  description = <<-EOT
    Settings of every function for accounts with their own rules. See docs/locked-down-accounts.md.

    - `code_signing_config_arn` - (Optional) Code signing configuration that must accept the package. Defaults to none. The shipped package is not signed, so lambda_package must name a signed one.
    - `layer_arns` - (Optional) Up to five layer versions, for example a monitoring agent. Defaults to `[]`.
    - `reserved_concurrency` - (Optional) Reserved concurrent executions per function, by step, for example `{ job_state_change = 10 }`. Defaults to `{}`: all functions share the account's concurrency.
    - `tracing_enabled` - (Optional) Whether the functions and the state machine send traces to X-Ray. Defaults to `false`.
    - `vpc` - (Optional) Subnets and security groups from which the functions call AWS. Defaults to none: the functions run in Lambda's own network.
      - `security_group_ids` - 1 to 5 security groups that allow outbound HTTPS.
      - `subnet_ids` - 1 to 16 subnets with a route to the services that the functions call.
  EOT
  type = object({
    code_signing_config_arn = optional(string)
    layer_arns              = optional(list(string), [])
    reserved_concurrency    = optional(map(number), {})
    tracing_enabled         = optional(bool, false)
    vpc = optional(object({
      security_group_ids = list(string)
      subnet_ids         = list(string)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.functions.code_signing_config_arn == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.functions.code_signing_config_arn))
    error_message = "functions.code_signing_config_arn must be the ARN of a code signing configuration, arn:<partition>:lambda:<region>:<account>:code-signing-config:csc-<id>."
  }

  validation {
    condition     = var.functions.code_signing_config_arn == null || var.lambda_package != null
    error_message = "functions.code_signing_config_arn needs lambda_package: the shipped package is not signed, and Lambda would refuse it."
  }

  validation {
    condition     = length(var.functions.layer_arns) <= 5 && alltrue([for arn in var.functions.layer_arns : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[0-9]+$", arn))])
    error_message = "functions.layer_arns must hold at most 5 ARNs of layer versions, arn:<partition>:lambda:<region>:<account>:layer:<name>:<version>."
  }

  validation {
    condition     = length(setsubtract(keys(var.functions.reserved_concurrency), local.function_steps)) == 0
    error_message = "functions.reserved_concurrency: each key must be one of ${join(", ", local.function_steps)}."
  }

  validation {
    condition     = alltrue([for calls in values(var.functions.reserved_concurrency) : calls >= 1 && floor(calls) == calls])
    error_message = "functions.reserved_concurrency must hold whole numbers of 1 or more: with 0 a function is never called."
  }

  validation {
    condition     = var.functions.vpc == null || try(length(var.functions.vpc.security_group_ids) >= 1 && length(var.functions.vpc.security_group_ids) <= 5, false)
    error_message = "functions.vpc.security_group_ids must hold 1 to 5 security groups."
  }

  validation {
    condition     = var.functions.vpc == null || try(length(var.functions.vpc.subnet_ids) >= 1 && length(var.functions.vpc.subnet_ids) <= 16, false)
    error_message = "functions.vpc.subnet_ids must hold 1 to 16 subnets."
  }
}

variable "ground_truth_role" {
  description = <<-EOT
    An existing execution role for the labeling jobs. Null creates one.

    - `arn` - ARN of the role. It must trust sagemaker.amazonaws.com and be able to read the upload bucket, to read and write the output bucket and to use the key. With verification of a task type for which Ground Truth has no functions, it must also be able to invoke the functions prepare_verification and consolidate_verification of the output function_arns.
  EOT
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.ground_truth_role == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.ground_truth_role.arn))
    error_message = "ground_truth_role.arn must be the ARN of an IAM role."
  }
}

variable "iam" {
  description = <<-EOT
    Settings of every IAM role of the module.

    - `path` - (Optional) Path of the roles. Defaults to `/`.
    - `permissions_boundary_arn` - (Optional) Permissions boundary of the roles. Defaults to none.
  EOT
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.iam.path))
    error_message = "iam.path must start and end with a slash."
  }

  validation {
    condition     = var.iam.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary_arn))
    error_message = "iam.permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "ignored_keys" {
  description = "Patterns of object keys to ignore, for example [\"*.xmp\", \"drafts/*\"]: * matches any characters including slashes, ? matches one, and [abc] matches one of several. Files that operating systems leave in folders are ignored in any case. Ignored uploads are counted in each run's report."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for pattern in var.ignored_keys : can(regex("^[^\\x00-\\x1f\\x7f]{1,100}$", pattern))])
    error_message = "ignored_keys: a pattern has 1 to 100 characters, none of them a control character."
  }

  validation {
    condition     = alltrue([for pattern in var.ignored_keys : can(regex("[^*?]", pattern))])
    error_message = "ignored_keys: a pattern must not consist of * and ? alone, because every upload would be ignored."
  }

  validation {
    condition     = length(jsonencode(var.ignored_keys)) <= 1000
    error_message = "ignored_keys: all patterns together must have at most 1,000 characters, because a function's environment is limited."
  }
}

variable "instructions" {
  description = <<-EOT
    Instructions for workers, as plain text; the module escapes it. They do not apply to your own template, or to your own category file for named_entity_recognition, which contain their own.

    - `full` - (Optional) Shown when a worker opens the instructions. Defaults to task.description. Descriptions of label_details follow it.
    - `short` - (Optional) Shown beside the task. Defaults to task.description.
  EOT
  type = object({
    full  = optional(string)
    short = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for paragraphs in [for text in [var.instructions.full, var.instructions.short] : text if text != null] :
      can(regex(local.paragraphs_pattern, paragraphs))
    ])
    error_message = "instructions: a text ${local.paragraphs_rule}."
  }
}

variable "job_name" {
  description = "Name of the pipeline, from 3 to 24 lower case letters, digits and hyphens. Every resource and labeling job begins with it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.job_name)) && length(var.job_name) >= 3 && length(var.job_name) <= 24
    error_message = "job_name must have 3 to 24 lower case letters, digits and single hyphens, start with a letter and not end with a hyphen: labeling jobs are named after it and allow no underscore."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, and the names of SSM parameters:
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
    condition     = !can(regex("^(aws|ssm|sthree-|amzn-s3-demo-|xn--)", var.job_name))
    error_message = "job_name must not begin with aws, ssm, sthree-, amzn-s3-demo- or xn--: AWS keeps such names of parameters and buckets for itself."
  }
}

variable "kms_deletion_window_days" {
  description = "Days between terraform destroy and the deletion of the key that the module creates, from 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30 && floor(var.kms_deletion_window_days) == var.kms_deletion_window_days
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }
}

variable "kms_key" {
  description = <<-EOT
    An existing symmetric key for everything the module encrypts. Null creates one.

    - `arn` - ARN of the key, not of an alias. Its policy must contain the statements of the output required_key_policy_json.
  EOT
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key; an alias does not do, because bucket policies compare the key's ARN."
  }
}

variable "label_details" {
  description = <<-EOT
    Details of labels, by label name.

    - `description` - (Optional) What the label means; shown to workers with the full instructions.
    - `short_display_name` - (Optional) Short name beside each marked span, 3 or 4 characters; for named_entity_recognition only.
  EOT
  type = map(object({
    description        = optional(string)
    short_display_name = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.label_details), coalesce(var.labels, []))) == 0
    error_message = "label_details: each name must be one of labels; unknown are ${join(", ", setsubtract(keys(var.label_details), coalesce(var.labels, [])))}."
  }

  validation {
    condition = var.task_type == "named_entity_recognition" || alltrue([
      for details in values(var.label_details) : details.short_display_name == null
    ])
    error_message = "label_details: short_display_name is shown in tasks of named_entity_recognition only."
  }

  validation {
    condition = alltrue([
      for details in values(var.label_details) : details.short_display_name == null || can(regex("^\\S.{0,254}\\S$|^\\S$", details.short_display_name))
    ])
    error_message = "label_details: short_display_name must have 1 to 256 characters in one line and no space around it."
  }

  validation {
    condition = alltrue([
      for line in [for details in values(var.label_details) : details.short_display_name if details.short_display_name != null] :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "label_details: each text must be ${local.one_line_rule}."
  }

  validation {
    condition = alltrue([
      for paragraphs in [for details in values(var.label_details) : details.description if details.description != null] :
      can(regex(local.paragraphs_pattern, paragraphs))
    ])
    error_message = "label_details: a description ${local.paragraphs_rule}."
  }
}

variable "labels" {
  description = "Names of the labels, in order. Give either this or categories_s3_uri."
  type        = list(string)
  default     = null

  validation {
    condition     = length(distinct(coalesce(var.labels, []))) == length(coalesce(var.labels, []))
    error_message = "labels must be unique."
  }

  validation {
    condition     = alltrue([for label in coalesce(var.labels, []) : length(label) >= 1 && length(label) <= 256 && trimspace(label) == label && !can(regex("[\\n\\r]", label))])
    error_message = "labels: each must have 1 to 256 characters in one line and no space around it."
  }

  validation {
    condition = var.labels == null || (
      length(coalesce(var.labels, [])) >= try(local.task_type.min_labels, 1) &&
      (try(local.task_type.max_labels, null) == null || length(coalesce(var.labels, [])) <= coalesce(try(local.task_type.max_labels, null), 1000000))
    )
    error_message = "labels: task_type ${var.task_type} needs at least ${try(local.task_type.min_labels, 1)}${try(" and at most ${local.task_type.max_labels + 0}", "")} labels."
  }

  validation {
    condition = alltrue([
      for line in coalesce(var.labels, []) :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "labels: each text must be ${local.one_line_rule}."
  }

  validation {
    condition     = var.task_type != "image_semantic_segmentation" || alltrue([for label in coalesce(var.labels, []) : upper(label) != "BACKGROUND"])
    error_message = "labels: BACKGROUND is what Ground Truth calls the part of a mask that has no label; give yours another name."
  }

  validation {
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-image-classifier.html
    condition     = var.task_type != "image_single_label_classification" || var.template_s3_uri != null || length(coalesce(var.labels, [])) <= 10
    error_message = "labels: the worker's page of image_single_label_classification takes at most 10, the limit of its element crowd-image-classifier. Give fewer, use image_multi_label_classification, or set template_s3_uri to your own page."
  }
}

variable "lambda_package" {
  description = <<-EOT
    Your own build of the functions' code. Null uses the package that ships with the module.

    - `path` - (Optional) Path of a local zip. Give either this or the S3 object.
    - `s3_bucket` - (Optional) Bucket of the zip, in the same region.
    - `s3_key` - (Optional) Key of the zip.
    - `s3_object_version` - (Optional) Version of the object.
  EOT
  type = object({
    path              = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  })
  default = null

  validation {
    condition = var.lambda_package == null || (
      (try(var.lambda_package.path, null) != null) != (try(var.lambda_package.s3_bucket, null) != null) &&
      (try(var.lambda_package.s3_bucket, null) != null) == (try(var.lambda_package.s3_key, null) != null)
    )
    error_message = "lambda_package needs either path, or s3_bucket together with s3_key."
  }

  validation {
    condition     = try(var.lambda_package.path, null) == null || fileexists(coalesce(try(var.lambda_package.path, null), "${path.module}/versions.tf"))
    error_message = "lambda_package.path: there is no such file. tools/build_package.py builds the package."
  }
}

variable "lambda_runtime" {
  description = "Python runtime of the functions."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13"], var.lambda_runtime)
    error_message = "lambda_runtime must be python3.11, python3.12 or python3.13."
  }
}

variable "lift_writer_denials" {
  description = "Whether to remove from the bucket policies the statement that denies writes and deletes by all but the pipeline's roles, upload_principal_arns, maintenance roles and administrators. IAM alone then decides who may change uploads, labels and records; the rules for readers, TLS and encryption do not change. Use it only while you [look in CloudTrail for the principal that was denied](operations.md#a-write-that-a-bucket-denies)."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "Days the log groups keep their events."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs knows, such as 30, 90, 365 or 731."
  }
}

variable "max_attempts" {
  description = "Maximum number of labeling jobs an item may be in before it is dead-lettered, from 1 to 10. Each attempt is paid for."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_attempts >= 1 && var.max_attempts <= 10 && floor(var.max_attempts) == var.max_attempts
    error_message = "max_attempts must be a whole number from 1 to 10."
  }
}

variable "max_items_per_run" {
  description = "Maximum number of items one run takes from the queue; it limits the cost of a run. The task type's own limit is the upper bound."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.max_items_per_run >= 1 && var.max_items_per_run <= try(local.task_type.max_objects_per_job, 100000) && floor(var.max_items_per_run) == var.max_items_per_run
    error_message = "max_items_per_run must be a whole number from 1 to ${try(local.task_type.max_objects_per_job, 100000)}, the objects that Ground Truth takes in one job of task_type ${var.task_type}."
  }
}

variable "queue" {
  description = <<-EOT
    The intake queue.

    - `message_retention_seconds` - (Optional) Seconds an upload may wait for a run. Defaults to `1123200`, 13 days, so that a fault that lasts for ten daily runs loses nothing. The dead-letter queue keeps messages for 14 days from the first enqueueing, so this must be less.
  EOT
  type = object({
    message_retention_seconds = optional(number, 1123200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.queue.message_retention_seconds >= 3600 && var.queue.message_retention_seconds < 1209600
    error_message = "queue.message_retention_seconds must be at least 3600 and less than 1209600, the 14 days of the dead-letter queue: a message keeps its age when it moves there."
  }
}

variable "reader_principal_arns" {
  description = "Roles and users, of this account or another, that may read results and features."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "reader_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

variable "schedule" {
  description = <<-EOT
    When the pipeline runs.

    - `enabled` - (Optional) Whether the schedule fires. Defaults to `true`.
    - `expression` - (Optional) A cron, rate or at expression. Defaults to `cron(0 12 * * ? *)`, every day at noon.
    - `timezone` - (Optional) Time zone of the expression. Defaults to `UTC`.
  EOT
  type = object({
    enabled    = optional(bool, true)
    expression = optional(string, "cron(0 12 * * ? *)")
    timezone   = optional(string, "UTC")
  })
  default  = {}
  nullable = false

  validation {
    condition     = anytrue([for pattern in values(local.schedule_patterns) : can(regex(pattern, var.schedule.expression))])
    error_message = "schedule.expression must be cron(minutes hours day-of-month month day-of-week year) with exactly one ? in the two day fields, rate(1 hour), rate(2 hours) or at(yyyy-mm-ddThh:mm:ss)."
  }

  validation {
    condition     = !startswith(var.schedule.expression, "at(") || can(timeadd("${trimsuffix(trimprefix(var.schedule.expression, "at("), ")")}Z", "0s"))
    error_message = "schedule.expression: at() must hold a date and a time that exist."
  }

  validation {
    condition     = contains(local.time_zones, var.schedule.timezone)
    error_message = "schedule.timezone must be a name of the IANA time zone database, such as UTC or Europe/Berlin; modules/workflow/time_zones.txt has them."
  }
}

variable "state_machine_log_level" {
  description = "Events of the state machine that are logged: ALL, ERROR, FATAL or OFF. Inputs and outputs of the states are never logged."
  type        = string
  default     = "ALL"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.state_machine_log_level)
    error_message = "state_machine_log_level must be ALL, ERROR, FATAL or OFF."
  }
}

variable "tags" {
  description = "Tags of every resource and labeling job; S3 objects carry none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50
    error_message = "tags must have at most 50 entries, the limit of a labeling job."
  }

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags: a key must not begin with aws:, which is kept for AWS."
  }

  validation {
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html
    condition = alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = "tags: a key has 1 to 128 characters and a value at most 256, of letters, digits, spaces and _ . : / = + - @."
  }
}

variable "task" {
  description = <<-EOT
    What workers see, and how much time they have.

    - `availability_seconds` - (Optional) Seconds a task waits for workers, from 60 to 2592000. Defaults to `864000`, ten days, which every published limit for private work teams allows.
    - `description` - (Optional) One line of at most 255 characters. Defaults to a text for the task type.
    - `keywords` - (Optional) 1 to 5 keywords of letters, digits and single spaces. Defaults to keywords of the task type.
    - `max_concurrent_tasks` - (Optional) Tasks that workers can see at once, from 1 to 5000. Defaults to `1000`. It does not limit the size of a job.
    - `time_limit_seconds` - (Optional) Seconds a worker has for one task, from 30 to 28800. Defaults to `300`.
    - `title` - (Optional) At most 128 characters. Defaults to a title for the task type.
    - `workers_per_object` - (Optional) Workers who label each object, from 1 to 9. Defaults to `1`. Each is paid for.
  EOT
  type = object({
    availability_seconds = optional(number, 864000)
    description          = optional(string)
    keywords             = optional(list(string))
    max_concurrent_tasks = optional(number, 1000)
    time_limit_seconds   = optional(number, 300)
    title                = optional(string)
    workers_per_object   = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.task.availability_seconds >= 60 && var.task.availability_seconds <= 2592000 && floor(var.task.availability_seconds) == var.task.availability_seconds
    error_message = "task.availability_seconds must be a whole number from 60 to 2592000 (30 days)."
  }

  validation {
    condition     = var.task.description == null || can(regex("^[^\\n\\r]{1,255}$", var.task.description))
    error_message = "task.description must be one line of 1 to 255 characters."
  }

  validation {
    condition     = var.task.keywords == null || (length(coalesce(var.task.keywords, [])) >= 1 && length(coalesce(var.task.keywords, [])) <= 5)
    error_message = "task.keywords must have 1 to 5 entries."
  }

  validation {
    condition     = alltrue([for keyword in coalesce(var.task.keywords, []) : can(regex("^[A-Za-z0-9]+( [A-Za-z0-9]+)*$", keyword)) && length(keyword) <= 30])
    error_message = "task.keywords: each must have 1 to 30 letters and digits, with single spaces inside and no hyphen or underscore."
  }

  validation {
    condition     = var.task.max_concurrent_tasks >= 1 && var.task.max_concurrent_tasks <= 5000 && floor(var.task.max_concurrent_tasks) == var.task.max_concurrent_tasks
    error_message = "task.max_concurrent_tasks must be a whole number from 1 to 5000."
  }

  validation {
    condition     = var.task.time_limit_seconds >= 30 && var.task.time_limit_seconds <= 28800 && floor(var.task.time_limit_seconds) == var.task.time_limit_seconds
    error_message = "task.time_limit_seconds must be a whole number from 30 to 28800 (8 hours)."
  }

  validation {
    condition     = var.task.time_limit_seconds <= var.task.availability_seconds
    error_message = "task.time_limit_seconds must not be more than task.availability_seconds: the task would expire in the worker's hands."
  }

  validation {
    condition     = var.task.title == null || can(regex("^[^\\n\\r]{1,128}$", var.task.title))
    error_message = "task.title must be one line of 1 to 128 characters."
  }

  validation {
    condition     = var.task.workers_per_object >= 1 && var.task.workers_per_object <= 9 && floor(var.task.workers_per_object) == var.task.workers_per_object
    error_message = "task.workers_per_object must be a whole number from 1 to 9."
  }

  validation {
    condition = alltrue([
      for line in [for text in [var.task.description, var.task.title] : text if text != null] :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "task: each text must be ${local.one_line_rule}."
  }
}

variable "task_type" {
  description = "What workers do with each object: image_bounding_box, image_multi_label_classification, image_semantic_segmentation, image_single_label_classification, named_entity_recognition, text_multi_label_classification or text_single_label_classification."
  type        = string

  validation {
    condition     = contains(keys(local.task_type_table.task_types), var.task_type)
    error_message = "task_type must be one of ${join(", ", keys(local.task_type_table.task_types))}."
  }
}

variable "template_s3_uri" {
  description = "S3 URI of your own worker template; the Ground Truth role must be able to decrypt it. Null uses the template that ships with the module."
  type        = string
  default     = null

  validation {
    condition     = var.template_s3_uri == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]+$", var.template_s3_uri))
    error_message = "template_s3_uri must be an S3 URI of one object, like s3://bucket/template.liquid.html."
  }

  validation {
    condition     = var.template_s3_uri == null || try(local.task_type.worker_ui, "template") == "template"
    error_message = "template_s3_uri: workers see the service's own user interface in tasks of ${var.task_type}, which takes no template. Use instructions."
  }
}

variable "text_items" {
  description = "What an uploaded .txt file contains: an item in each line (line), or one item (file). A .jsonl or .ndjson file contains an item in each row, with the text under source."
  type        = string
  default     = "line"
  nullable    = false

  validation {
    condition     = contains(["file", "line"], var.text_items)
    error_message = "text_items must be line or file."
  }

  validation {
    condition     = var.text_items == "line" || try(local.task_type.media_type, "text") == "text"
    error_message = "text_items applies to texts; task_type ${var.task_type} labels images."
  }
}

variable "upload_principal_arns" {
  description = "Roles and users, of this account or another, that may write uploads."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.upload_principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "upload_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

variable "verification" {
  description = <<-EOT
    Verification of every label by a second team before it is stored: a rejected item is labeled again, until its attempts are used up. Null turns verification off.

    - `workteam_arn` - ARN of the private or vendor work team that verifies; it may be the team that labels.
    - `accepted_category` - (Optional) The category in categories_s3_uri that accepts a label; every other category rejects it. Required with categories_s3_uri, and only with it.
    - `availability_seconds` - (Optional) Seconds a task waits for reviewers, from 60 to 2592000. Defaults to `864000`, ten days.
    - `categories` - (Optional) 2 to 10 categories that reviewers choose from. The first accepts the label, every other rejects it. Defaults to `Correct` and reasons that fit the task type.
    - `categories_s3_uri` - (Optional) S3 URI of your own label category file in place of categories; for image_bounding_box and image_semantic_segmentation only.
    - `description` - (Optional) One line of at most 255 characters. Defaults to a text for the task type.
    - `instructions` - (Optional) `full` and `short` instructions for reviewers, as plain text. Default to the description.
    - `keywords` - (Optional) 1 to 5 keywords of letters, digits and single spaces. Defaults to keywords of the task type.
    - `max_concurrent_tasks` - (Optional) Tasks that reviewers can see at once, from 1 to 5000. Defaults to `1000`.
    - `sample_percent` - (Optional) Percentage of the labels to verify, above 0 and up to 100. Defaults to `100`. The rest is stored with the status `UNVERIFIED`.
    - `template_s3_uri` - (Optional) S3 URI of your own worker template. Defaults to the one that ships with the module.
    - `time_limit_seconds` - (Optional) Seconds a reviewer has for one task, from 30 to 28800. Defaults to `300`.
    - `title` - (Optional) At most 128 characters. Defaults to a title for the task type.
    - `workers_per_object` - (Optional) Reviewers of each label, from 1 to 9. Defaults to `1`. Each is paid for.
  EOT
  type = object({
    workteam_arn         = string
    accepted_category    = optional(string)
    availability_seconds = optional(number, 864000)
    categories           = optional(list(string))
    categories_s3_uri    = optional(string)
    description          = optional(string)
    instructions = optional(object({
      full  = optional(string)
      short = optional(string)
    }), {})
    keywords             = optional(list(string))
    max_concurrent_tasks = optional(number, 1000)
    sample_percent       = optional(number, 100)
    template_s3_uri      = optional(string)
    time_limit_seconds   = optional(number, 300)
    title                = optional(string)
    workers_per_object   = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.verification == null || !strcontains(try(var.verification.workteam_arn, ""), "public-crowd")
    error_message = "verification.workteam_arn must not be a public-crowd team: Mechanical Turk is closed. Use a private or vendor work team."
  }

  validation {
    condition = var.verification == null || (
      can(regex("^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:workteam/[A-Za-z0-9/-]+$", var.verification.workteam_arn)) &&
      try(length(var.verification.workteam_arn), 0) <= 256
    )
    error_message = "verification.workteam_arn must be the ARN of a work team, arn:<partition>:sagemaker:<region>:<account>:workteam/private-crowd/<name>."
  }

  validation {
    condition     = var.verification == null || try(split(":", var.verification.workteam_arn)[3], "") == local.current.region
    error_message = "verification.workteam_arn must be of the region of the deployment, ${local.current.region}."
  }

  validation {
    condition     = (try(var.verification.accepted_category, null) != null) == (try(var.verification.categories_s3_uri, null) != null)
    error_message = "verification.accepted_category names the category of categories_s3_uri that accepts a label: give both or neither. The first of categories accepts."
  }

  validation {
    condition     = try(var.verification.accepted_category, null) == null || can(regex("^\\S.{0,254}\\S$|^\\S$", var.verification.accepted_category))
    error_message = "verification.accepted_category must have 1 to 256 characters in one line and no space around it."
  }

  validation {
    condition = var.verification == null || try(
      var.verification.availability_seconds >= 60 && var.verification.availability_seconds <= 2592000 &&
      floor(var.verification.availability_seconds) == var.verification.availability_seconds, false
    )
    error_message = "verification.availability_seconds must be a whole number from 60 to 2592000 (30 days)."
  }

  validation {
    condition     = try(var.verification.categories, null) == null || try(var.verification.categories_s3_uri, null) == null
    error_message = "verification.categories and categories_s3_uri exclude each other: give at most one of them."
  }

  validation {
    condition     = try(var.verification.categories, null) == null || try(length(var.verification.categories) >= 2 && length(var.verification.categories) <= 10, false)
    error_message = "verification.categories must have 2 to 10 entries: the first accepts the label, the others reject it."
  }

  validation {
    condition     = try(length(distinct(var.verification.categories)) == length(var.verification.categories), true)
    error_message = "verification.categories must be unique."
  }

  validation {
    condition = alltrue([
      for category in try(coalesce(var.verification.categories, []), []) : can(regex("^\\S.{0,126}\\S$|^\\S$", category))
    ])
    error_message = "verification.categories: each must have 1 to 128 characters in one line and no space around it."
  }

  validation {
    condition = (
      try(var.verification.categories_s3_uri, null) == null ||
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]+$", var.verification.categories_s3_uri))
    )
    error_message = "verification.categories_s3_uri must be an S3 URI of one object, like s3://bucket/categories.json."
  }

  validation {
    condition     = try(var.verification.categories_s3_uri, null) == null || try(local.task_type.verification.workflow, "native") == "native"
    error_message = "verification.categories_s3_uri: tasks of ${var.task_type} are made by the module's own function, which takes the categories by name. Use verification.categories."
  }

  validation {
    condition     = try(var.verification.description, null) == null || can(regex("^[^\\n\\r]{1,255}$", var.verification.description))
    error_message = "verification.description must be one line of 1 to 255 characters."
  }

  validation {
    condition     = try(var.verification.keywords, null) == null || try(length(var.verification.keywords) >= 1 && length(var.verification.keywords) <= 5, false)
    error_message = "verification.keywords must have 1 to 5 entries."
  }

  validation {
    condition = alltrue([
      for keyword in try(coalesce(var.verification.keywords, []), []) :
      can(regex("^[A-Za-z0-9]+( [A-Za-z0-9]+)*$", keyword)) && length(keyword) <= 30
    ])
    error_message = "verification.keywords: each must have 1 to 30 letters and digits, with single spaces inside and no hyphen or underscore."
  }

  validation {
    condition = var.verification == null || try(
      var.verification.max_concurrent_tasks >= 1 && var.verification.max_concurrent_tasks <= 5000 &&
      floor(var.verification.max_concurrent_tasks) == var.verification.max_concurrent_tasks, false
    )
    error_message = "verification.max_concurrent_tasks must be a whole number from 1 to 5000."
  }

  validation {
    condition     = var.verification == null || try(var.verification.sample_percent > 0 && var.verification.sample_percent <= 100, false)
    error_message = "verification.sample_percent must be above 0 and at most 100. To verify nothing leave verification out."
  }

  validation {
    condition = (
      try(var.verification.template_s3_uri, null) == null ||
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]+$", var.verification.template_s3_uri))
    )
    error_message = "verification.template_s3_uri must be an S3 URI of one object, like s3://bucket/template.liquid.html."
  }

  validation {
    condition = var.verification == null || try(
      var.verification.time_limit_seconds >= 30 && var.verification.time_limit_seconds <= 28800 &&
      floor(var.verification.time_limit_seconds) == var.verification.time_limit_seconds, false
    )
    error_message = "verification.time_limit_seconds must be a whole number from 30 to 28800 (8 hours)."
  }

  validation {
    condition     = var.verification == null || try(var.verification.time_limit_seconds <= var.verification.availability_seconds, false)
    error_message = "verification.time_limit_seconds must not be more than verification.availability_seconds: the task would expire in the reviewer's hands."
  }

  validation {
    condition     = try(var.verification.title, null) == null || can(regex("^[^\\n\\r]{1,128}$", var.verification.title))
    error_message = "verification.title must be one line of 1 to 128 characters."
  }

  validation {
    condition = var.verification == null || try(
      var.verification.workers_per_object >= 1 && var.verification.workers_per_object <= 9 &&
      floor(var.verification.workers_per_object) == var.verification.workers_per_object, false
    )
    error_message = "verification.workers_per_object must be a whole number from 1 to 9."
  }

  validation {
    condition = alltrue([
      for line in [for text in concat([for name in ["accepted_category", "description", "title"] : try(var.verification[name], null)], try(coalesce(var.verification.categories, []), [])) : text if text != null] :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "verification: each text must be ${local.one_line_rule}."
  }

  validation {
    condition = alltrue([
      for paragraphs in [for name in ["full", "short"] : var.verification.instructions[name] if try(var.verification.instructions[name], null) != null] :
      can(regex(local.paragraphs_pattern, paragraphs))
    ])
    error_message = "verification: instructions ${local.paragraphs_rule}."
  }
}

variable "workteam_arn" {
  description = "ARN of the private or vendor work team that labels, in the region of the deployment."
  type        = string

  validation {
    condition     = !strcontains(var.workteam_arn, "public-crowd")
    error_message = "workteam_arn must not be a public-crowd team: Mechanical Turk is closed. Use a private or vendor work team."
  }

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:workteam/[A-Za-z0-9/-]+$", var.workteam_arn)) && length(var.workteam_arn) <= 256
    error_message = "workteam_arn must be the ARN of a work team, arn:<partition>:sagemaker:<region>:<account>:workteam/private-crowd/<name>."
  }

  validation {
    condition     = try(split(":", var.workteam_arn)[3], "") == local.current.region
    error_message = "workteam_arn must be of the region of the deployment, ${local.current.region}."
  }
}
