# The second team that checks each label.

variable "verification" {
  description = <<-EOT
    Verification of every label by a second team before it is stored: a rejected item is labeled again, until its attempts are used up. Null turns verification off. Label Studio knows neither keywords, max_concurrent_tasks, time_limit_seconds nor title.

    - `accepted_category` - (Optional) The category in categories_s3_uri that accepts a label; every other category rejects it. Required with categories_s3_uri, and only with it.
    - `availability_seconds` - (Optional) Seconds a task waits for reviewers, from 60 to 2592000. Defaults to `864000`, ten days.
    - `categories` - (Optional) 2 to 10 categories that reviewers choose from. The first accepts the label, every other rejects it. Defaults to `Correct` and reasons that fit the task type.
    - `categories_s3_uri` - (Optional) S3 URI of your own label category file in place of categories; for image_bounding_box and image_semantic_segmentation with Ground Truth only.
    - `description` - (Optional) One line of at most 255 characters. Defaults to a text for the task type.
    - `instructions` - (Optional) `full` and `short` instructions for reviewers, as plain text. Default to the description.
    - `keywords` - (Optional) 1 to 5 keywords of letters, digits and single spaces. Defaults to keywords of the task type.
    - `max_concurrent_tasks` - (Optional) Tasks that reviewers can see at once, from 1 to 5000. Defaults to 1000.
    - `sample_percent` - (Optional) Percentage of the labels to verify, above 0 and up to 100. Defaults to `100`. The rest is stored with the status `UNVERIFIED`.
    - `template_s3_uri` - (Optional) S3 URI of your own worker template, for Ground Truth only. Defaults to the one that ships with the module.
    - `time_limit_seconds` - (Optional) Seconds a reviewer has for one task, from 30 to 28800. Defaults to 300.
    - `title` - (Optional) At most 128 characters. Defaults to a title for the task type.
    - `workers_per_object` - (Optional) Reviewers of each label, from 1 to 9. Defaults to `1`. Each is paid for.
    - `workteam_arn` - (Optional) ARN of the private or vendor work team that verifies; it may be the team that labels. Required with engine = ground_truth; Label Studio has no teams.
  EOT
  type = object({
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
    max_concurrent_tasks = optional(number)
    sample_percent       = optional(number, 100)
    template_s3_uri      = optional(string)
    time_limit_seconds   = optional(number)
    title                = optional(string)
    workers_per_object   = optional(number, 1)
    workteam_arn         = optional(string)
  })
  default = null

  validation {
    condition     = !strcontains(try(coalesce(var.verification.workteam_arn, "none"), "none"), "public-crowd")
    error_message = "verification.workteam_arn must not be a public-crowd team: Mechanical Turk is closed. Use a private or vendor work team."
  }

  validation {
    condition = try(var.verification.workteam_arn, null) == null || (
      can(regex(local.workteam_arn_pattern, var.verification.workteam_arn)) &&
      try(length(var.verification.workteam_arn), 0) <= 256
    )
    error_message = "verification.workteam_arn must be the ARN of a work team, arn:<partition>:sagemaker:<region>:<account>:workteam/private-crowd/<name>."
  }

  validation {
    condition = (
      try(var.verification.workteam_arn, null) == null ||
      try(split(":", var.verification.workteam_arn)[3], "") == local.current.region
    )
    error_message = "verification.workteam_arn must be of the region of the deployment, ${local.current.region}."
  }

  validation {
    condition = (
      var.verification == null || var.engine != "ground_truth" || try(var.verification.workteam_arn, null) != null
    )
    error_message = "verification.workteam_arn is required with engine = ground_truth: name the work team that verifies; it may be the team that labels."
  }

  validation {
    condition     = (try(var.verification.accepted_category, null) != null) == (try(var.verification.categories_s3_uri, null) != null)
    error_message = "verification.accepted_category names the category of categories_s3_uri that accepts a label: give both or neither. The first of categories accepts."
  }

  validation {
    condition = (
      try(var.verification.accepted_category, null) == null ||
      can(regex(local.display_name_pattern, var.verification.accepted_category))
    )
    error_message = "verification.accepted_category must have 1 to 256 characters in one line and no space around it."
  }

  validation {
    condition = var.verification == null || try(alltrue([
      for name, range in local.task_ranges :
      coalesce(var.verification[name], range[0]) >= range[0] && coalesce(var.verification[name], range[0]) <= range[1] &&
      floor(coalesce(var.verification[name], range[0])) == coalesce(var.verification[name], range[0])
    ]), false)
    error_message = "verification: availability_seconds must be a whole number from 60 to 2592000 (30 days), max_concurrent_tasks from 1 to 5000, time_limit_seconds from 30 to 28800 (8 hours), and workers_per_object from 1 to 9."
  }

  validation {
    condition     = try(var.verification.categories, null) == null || try(var.verification.categories_s3_uri, null) == null
    error_message = "verification.categories and categories_s3_uri exclude each other: give at most one of them."
  }

  validation {
    condition = try(var.verification.categories, null) == null || try(
      length(var.verification.categories) >= 2 && length(var.verification.categories) <= 10, false
    )
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
      can(regex(local.s3_object_pattern, var.verification.categories_s3_uri))
    )
    error_message = "verification.categories_s3_uri must be an S3 URI of one object, like s3://bucket/categories.json."
  }

  validation {
    condition = (
      try(var.verification.categories_s3_uri, null) == null ||
      try(local.task_type.verification.workflow, "native") == "native"
    )
    error_message = "verification.categories_s3_uri: tasks of ${var.task_type} are made by the module's own function, which takes the categories by name. Use verification.categories."
  }

  validation {
    condition = (
      try(var.verification.description, null) == null ||
      can(regex(local.task_description_pattern, var.verification.description))
    )
    error_message = "verification.description must be one line of 1 to 255 characters."
  }

  validation {
    condition = try(var.verification.keywords, null) == null || try(
      length(var.verification.keywords) >= 1 && length(var.verification.keywords) <= 5, false
    )
    error_message = "verification.keywords must have 1 to 5 entries."
  }

  validation {
    condition = alltrue([
      for keyword in try(coalesce(var.verification.keywords, []), []) :
      can(regex(local.keyword_pattern, keyword)) && length(keyword) <= 30
    ])
    error_message = "verification.keywords: each must have 1 to 30 letters and digits, with single spaces inside and no hyphen or underscore."
  }

  validation {
    condition     = var.verification == null || try(var.verification.sample_percent > 0 && var.verification.sample_percent <= 100, false)
    error_message = "verification.sample_percent must be above 0 and at most 100. To verify nothing leave verification out."
  }

  validation {
    condition = (
      try(var.verification.template_s3_uri, null) == null ||
      can(regex(local.s3_object_pattern, var.verification.template_s3_uri))
    )
    error_message = "verification.template_s3_uri must be an S3 URI of one object, like s3://bucket/template.liquid.html."
  }

  validation {
    condition = var.verification == null || var.engine == "label_studio" || try(
      coalesce(var.verification.time_limit_seconds, local.default_time_limit_seconds) <= var.verification.availability_seconds,
      false,
    )
    error_message = "verification.time_limit_seconds must not be more than verification.availability_seconds: the task would expire in the reviewer's hands."
  }

  validation {
    condition     = try(var.verification.title, null) == null || can(regex(local.task_title_pattern, var.verification.title))
    error_message = "verification.title must be one line of 1 to 128 characters."
  }

  validation {
    condition = alltrue([
      for line in [
        for text in concat(
          [for name in ["accepted_category", "description", "title"] : try(var.verification[name], null)],
          try(coalesce(var.verification.categories, []), []),
        ) : text if text != null
      ] :
      trimspace(line) == line && can(regex(local.one_line_pattern, line))
    ])
    error_message = "verification: each text must be ${local.one_line_rule}."
  }

  validation {
    condition = alltrue([
      for paragraphs in [
        for name in ["full", "short"] : var.verification.instructions[name]
        if try(var.verification.instructions[name], null) != null
      ] :
      can(regex(local.paragraphs_pattern, paragraphs))
    ])
    error_message = "verification: instructions ${local.paragraphs_rule}."
  }

  validation {
    condition = var.engine != "label_studio" || alltrue([
      for name in local.ground_truth_only.verification : try(var.verification[name], null) == null
    ])
    error_message = "verification: Label Studio knows no ${join(", ", [for name in local.ground_truth_only.verification : name if try(var.verification[name], null) != null])}. With engine = label_studio, leave it out."
  }

  validation {
    condition = var.engine != "label_studio" || alltrue([
      for category in try(coalesce(var.verification.categories, []), []) :
      !can(regex(local.label_studio_reference_pattern, category))
    ])
    error_message = "verification.categories: a dollar sign must not stand before a letter, digit, underscore, dot or bracket, because Label Studio would show a field of the task instead."
  }

  validation {
    condition = (
      var.engine != "label_studio" ||
      length(base64encode(jsonencode([try(var.verification.instructions, null), var.labels]))) * 3 / 4 <= local.label_studio_text_bytes
    )
    error_message = "verification.instructions and labels must together have at most ${local.label_studio_text_bytes} bytes as JSON with engine = label_studio, because a function's environment is limited."
  }
}
