# How the functions run, and what is logged and alarmed.

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
    condition = (
      var.alarms.oldest_message_age_seconds >= 60 &&
      var.alarms.oldest_message_age_seconds < var.queue.message_retention_seconds
    )
    error_message = "alarms.oldest_message_age_seconds must be at least 60 and less than queue.message_retention_seconds: later the message is gone."
  }

  validation {
    condition     = alltrue([for arn in var.alarms.actions : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:", arn))])
    error_message = "alarms.actions must hold ARNs, for example of an SNS topic."
  }
}

variable "dashboard" {
  description = <<-EOT
    CloudWatch dashboard of what waits, runs, labels, rejections, dead letters and cost. Defaults to none. CloudWatch charges $3 a month for each dashboard after an account's first three. See docs/operations.md.

    - `answer_price` - (Optional) Dollars for one person's answer. Defaults to `0`.
    - `object_fee` - (Optional) Dollars of Ground Truth's fee for an object. Defaults to `0.08`, the list price of the first 50,000 objects of a month in us-east-1, and to `0` where people label in Label Studio.
  EOT
  type = object({
    answer_price = optional(number, 0)
    object_fee   = optional(number)
  })
  default = null

  validation {
    condition     = var.dashboard == null || try(var.dashboard.answer_price, 0) >= 0 && coalesce(try(var.dashboard.object_fee, null), 0) >= 0
    error_message = "dashboard: answer_price and object_fee are dollars and must not be negative."
  }
}

variable "functions" {
  description = <<-EOT
    Settings of every function for accounts with their own rules. See docs/locked-down-accounts.md.

    - `code_signing_config_arn` - (Optional) Code signing configuration that must accept the package. Defaults to none. The shipped package is not signed, so lambda_package must name a signed one.
    - `layer_arns` - (Optional) Up to five layer versions, for example a monitoring agent. Defaults to `[]`.
    - `reserved_concurrency` - (Optional) Reserved concurrent executions per function, by step, for example `{ job_state_change = 10 }`. Defaults to `{}`: all functions share the account's concurrency. A value for `poll_queue` also limits how many pollers a large run has.
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
    condition = var.functions.code_signing_config_arn == null || can(regex(
      "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$",
      var.functions.code_signing_config_arn,
    ))
    error_message = "functions.code_signing_config_arn must be the ARN of a code signing configuration, arn:<partition>:lambda:<region>:<account>:code-signing-config:csc-<id>."
  }

  validation {
    condition     = var.functions.code_signing_config_arn == null || var.lambda_package != null
    error_message = "functions.code_signing_config_arn needs lambda_package: the shipped package is not signed, and Lambda would refuse it."
  }

  validation {
    condition = length(var.functions.layer_arns) <= 5 && alltrue([
      for arn in var.functions.layer_arns :
      can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[0-9]+$", arn))
    ])
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
    condition = var.functions.vpc == null || try(
      length(var.functions.vpc.security_group_ids) >= 1 && length(var.functions.vpc.security_group_ids) <= 5, false
    )
    error_message = "functions.vpc.security_group_ids must hold 1 to 5 security groups."
  }

  validation {
    condition = var.functions.vpc == null || try(
      length(var.functions.vpc.subnet_ids) >= 1 && length(var.functions.vpc.subnet_ids) <= 16, false
    )
    error_message = "functions.vpc.subnet_ids must hold 1 to 16 subnets."
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
    condition = (
      try(var.lambda_package.path, null) == null ||
      fileexists(coalesce(try(var.lambda_package.path, null), "${path.module}/versions.tf"))
    )
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

variable "log_retention_days" {
  description = "Days the log groups keep their events."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a period that CloudWatch Logs knows, such as 30, 90, 365 or 731."
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
