# What every pipeline is given: its name, its labels, who labels and where it is deployed.

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
    condition     = var.deployment == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.deployment.region))
    error_message = "deployment.region must be the name of a region, such as eu-west-1."
  }

  validation {
    condition     = var.deployment == null || can(regex("^aws(-[a-z-]+)?$", var.deployment.partition))
    error_message = "deployment.partition must be the name of a partition, such as aws."
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

variable "labels" {
  description = "Names of the labels, in order. Give either this or categories_s3_uri."
  type        = list(string)
  default     = null

  validation {
    condition     = length(distinct(coalesce(var.labels, []))) == length(coalesce(var.labels, []))
    error_message = "labels must be unique."
  }

  validation {
    condition = alltrue([
      for label in coalesce(var.labels, []) :
      length(label) >= 1 && length(label) <= 256 && trimspace(label) == label && !can(regex("[\\n\\r]", label))
    ])
    error_message = "labels: each must have 1 to 256 characters in one line and no space around it."
  }

  validation {
    condition = var.labels == null || (
      length(coalesce(var.labels, [])) >= try(local.task_type.min_labels, 1) &&
      (
        try(local.task_type.max_labels, null) == null ||
        length(coalesce(var.labels, [])) <= coalesce(try(local.task_type.max_labels, null), 1000000)
      )
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
    condition = (
      var.task_type != "image_semantic_segmentation" ||
      alltrue([for label in coalesce(var.labels, []) : upper(label) != "BACKGROUND"])
    )
    error_message = "labels: BACKGROUND is what Ground Truth calls the part of a mask that has no label; give yours another name."
  }

  validation {
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-image-classifier.html
    condition = (
      var.task_type != "image_single_label_classification" ||
      var.engine != "ground_truth" ||
      var.template_s3_uri != null ||
      length(coalesce(var.labels, [])) <= 10
    )
    error_message = "labels: the worker's page of image_single_label_classification takes at most 10, the limit of its element crowd-image-classifier. Give fewer, use image_multi_label_classification, or set template_s3_uri to your own page."
  }

  validation {
    # https://labelstud.io/tags/choices: the editor replaces $name by a field of the task.
    condition = var.engine != "label_studio" || alltrue([
      for label in coalesce(var.labels, []) : !can(regex(local.label_studio_reference_pattern, label))
    ])
    error_message = "labels: a dollar sign must not stand before a letter, digit, underscore, dot or bracket, because Label Studio would show a field of the task instead."
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

variable "task_type" {
  description = "What workers do with each object: image_bounding_box, image_multi_label_classification, image_semantic_segmentation, image_single_label_classification, named_entity_recognition, text_multi_label_classification or text_single_label_classification."
  type        = string

  validation {
    condition     = contains(keys(local.task_type_table.task_types), var.task_type)
    error_message = "task_type must be one of ${join(", ", keys(local.task_type_table.task_types))}."
  }
}

variable "workteam_arn" {
  description = "ARN of the private or vendor work team that labels, in the region of the deployment. Null deploys nothing of Ground Truth; then engine must be label_studio. With engine = label_studio, whether it is null must be known at plan."
  type        = string
  default     = null

  validation {
    condition     = var.workteam_arn == null || !strcontains(coalesce(var.workteam_arn, "none"), "public-crowd")
    error_message = "workteam_arn must not be a public-crowd team: Mechanical Turk is closed. Use a private or vendor work team."
  }

  validation {
    condition = var.workteam_arn == null || (
      can(regex(local.workteam_arn_pattern, var.workteam_arn)) && length(coalesce(var.workteam_arn, "none")) <= 256
    )
    error_message = "workteam_arn must be the ARN of a work team, arn:<partition>:sagemaker:<region>:<account>:workteam/private-crowd/<name>."
  }

  validation {
    condition     = var.workteam_arn == null || try(split(":", var.workteam_arn)[3], "") == local.current.region
    error_message = "workteam_arn must be of the region of the deployment, ${local.current.region}."
  }
}
