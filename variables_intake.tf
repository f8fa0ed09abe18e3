# What becomes an item, when runs start and what a run takes.

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
  description = "Maximum number of items one run takes from the queue; it limits the cost of a run. The task type's own limit is the upper bound. Above 25,000, up to four pollers take them at the same time."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition = (
      var.max_items_per_run >= 1 && var.max_items_per_run <= try(local.task_type.max_objects_per_job, 100000) &&
      floor(var.max_items_per_run) == var.max_items_per_run
    )
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
    condition = (
      !startswith(var.schedule.expression, "at(") ||
      can(timeadd("${trimsuffix(trimprefix(var.schedule.expression, "at("), ")")}Z", "0s"))
    )
    error_message = "schedule.expression: at() must hold a date and a time that exist."
  }

  validation {
    condition     = contains(local.time_zones, var.schedule.timezone)
    error_message = "schedule.timezone must be a name of the IANA time zone database, such as UTC or Europe/Berlin; modules/workflow/time_zones.txt has them."
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
