# What workers see, and how much time they have.

variable "categories_s3_uri" {
  description = "S3 URI of your own label category file; the Ground Truth role must be able to decrypt it. Give either this or labels."
  type        = string
  default     = null

  validation {
    condition     = var.categories_s3_uri == null || can(regex(local.s3_object_pattern, var.categories_s3_uri))
    error_message = "categories_s3_uri must be an S3 URI of one object, like s3://bucket/categories.json."
  }

  validation {
    condition     = (var.categories_s3_uri == null) != (var.labels == null)
    error_message = "categories_s3_uri or labels: give exactly one of them, labels by their names or your own category file."
  }

  validation {
    condition     = var.engine != "label_studio" || var.categories_s3_uri == null
    error_message = "categories_s3_uri is read by Ground Truth only. With engine = label_studio, give labels by their names."
  }
}

variable "instructions" {
  description = <<-EOT
    Instructions for workers, as plain text; the module escapes it. They do not apply to your own template, or to your own category file for named_entity_recognition, which contain their own. Label Studio shows short and full above the task, one after the other; without both, task.description.

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

  validation {
    condition = (
      var.engine != "label_studio" ||
      length(base64encode(jsonencode([var.instructions, var.labels]))) * 3 / 4 <= local.label_studio_text_bytes
    )
    error_message = "instructions and labels must together have at most ${local.label_studio_text_bytes} bytes as JSON with engine = label_studio, because a function's environment is limited."
  }
}

variable "label_details" {
  description = <<-EOT
    Details of labels, by label name, for Ground Truth only.

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
      for details in values(var.label_details) :
      details.short_display_name == null || can(regex(local.display_name_pattern, details.short_display_name))
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

  validation {
    condition     = var.engine != "label_studio" || length(var.label_details) == 0
    error_message = "label_details are shown by Ground Truth only. With engine = label_studio, describe the labels in instructions."
  }
}

variable "task" {
  description = <<-EOT
    What workers see, and how much time they have. Label Studio knows neither keywords, max_concurrent_tasks, time_limit_seconds nor title.

    - `availability_seconds` - (Optional) Seconds a task waits for workers, from 60 to 2592000. Defaults to `864000`, ten days, which every published limit for private work teams allows.
    - `description` - (Optional) One line of at most 255 characters. Defaults to a text for the task type.
    - `keywords` - (Optional) 1 to 5 keywords of letters, digits and single spaces. Defaults to keywords of the task type.
    - `max_concurrent_tasks` - (Optional) Tasks that workers can see at once, from 1 to 5000. Defaults to 1000. It does not limit the size of a job.
    - `time_limit_seconds` - (Optional) Seconds a worker has for one task, from 30 to 28800. Defaults to 300.
    - `title` - (Optional) At most 128 characters. Defaults to a title for the task type.
    - `workers_per_object` - (Optional) Workers who label each object, from 1 to 9. Defaults to `1`. Each is paid for.
  EOT
  type = object({
    availability_seconds = optional(number, 864000)
    description          = optional(string)
    keywords             = optional(list(string))
    max_concurrent_tasks = optional(number)
    time_limit_seconds   = optional(number)
    title                = optional(string)
    workers_per_object   = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for name, range in local.task_ranges :
      coalesce(var.task[name], range[0]) >= range[0] && coalesce(var.task[name], range[0]) <= range[1] &&
      floor(coalesce(var.task[name], range[0])) == coalesce(var.task[name], range[0])
    ])
    error_message = "task: availability_seconds must be a whole number from 60 to 2592000 (30 days), max_concurrent_tasks from 1 to 5000, time_limit_seconds from 30 to 28800 (8 hours), and workers_per_object from 1 to 9."
  }

  validation {
    condition     = var.task.description == null || can(regex(local.task_description_pattern, var.task.description))
    error_message = "task.description must be one line of 1 to 255 characters."
  }

  validation {
    condition = var.task.keywords == null || (
      length(coalesce(var.task.keywords, [])) >= 1 && length(coalesce(var.task.keywords, [])) <= 5
    )
    error_message = "task.keywords must have 1 to 5 entries."
  }

  validation {
    condition = alltrue([
      for keyword in coalesce(var.task.keywords, []) :
      can(regex(local.keyword_pattern, keyword)) && length(keyword) <= 30
    ])
    error_message = "task.keywords: each must have 1 to 30 letters and digits, with single spaces inside and no hyphen or underscore."
  }

  validation {
    condition     = var.engine == "label_studio" || coalesce(var.task.time_limit_seconds, local.default_time_limit_seconds) <= var.task.availability_seconds
    error_message = "task.time_limit_seconds must not be more than task.availability_seconds: the task would expire in the worker's hands."
  }

  validation {
    condition     = var.task.title == null || can(regex(local.task_title_pattern, var.task.title))
    error_message = "task.title must be one line of 1 to 128 characters."
  }

  validation {
    condition = alltrue([
      for line in [for text in [var.task.description, var.task.title] : text if text != null] :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "task: each text must be ${local.one_line_rule}."
  }

  validation {
    condition = var.engine != "label_studio" || alltrue([
      for name in local.ground_truth_only.task : var.task[name] == null
    ])
    error_message = "task: Label Studio knows no ${join(", ", [for name in local.ground_truth_only.task : name if var.task[name] != null])}. With engine = label_studio, leave it out."
  }
}

variable "template_s3_uri" {
  description = "S3 URI of your own worker template; the Ground Truth role must be able to decrypt it. Null uses the template that ships with the module."
  type        = string
  default     = null

  validation {
    condition     = var.template_s3_uri == null || can(regex(local.s3_object_pattern, var.template_s3_uri))
    error_message = "template_s3_uri must be an S3 URI of one object, like s3://bucket/template.liquid.html."
  }

  validation {
    condition     = var.template_s3_uri == null || try(local.task_type.worker_ui, "template") == "template"
    error_message = "template_s3_uri: workers see the service's own user interface in tasks of ${var.task_type}, which takes no template. Use instructions."
  }

  validation {
    condition     = var.engine != "label_studio" || var.template_s3_uri == null
    error_message = "template_s3_uri is used by Ground Truth only. With engine = label_studio, the module makes the label configuration from labels and instructions."
  }
}
