# Where items are labeled.

variable "engine" {
  description = "Where new runs have their items labeled: ground_truth or label_studio. A run ends with the engine that it began with: to switch, keep the inputs of the other engine until its last run has ended."
  type        = string
  default     = "ground_truth"
  nullable    = false

  validation {
    condition     = contains(["ground_truth", "label_studio"], var.engine)
    error_message = "engine must be ground_truth or label_studio."
  }

  validation {
    condition     = var.engine != "ground_truth" || var.workteam_arn != null
    error_message = "engine: ground_truth needs workteam_arn, the work team that labels. To label without Ground Truth, set engine = label_studio and label_studio."
  }

  validation {
    condition     = var.engine != "label_studio" || var.label_studio != null
    error_message = "engine: label_studio needs the input label_studio, with its address and the secret of its token."
  }

  validation {
    # Where the engine is ground_truth, the work team may be known only after apply.
    condition = (
      contains(keys(local.task_type_table.managed_function_accounts), local.current.region) ||
      (var.engine == "ground_truth" ? false : var.workteam_arn == null)
    )
    error_message = "engine: Ground Truth has no functions in ${local.current.region}. Set engine = label_studio and no workteam_arn, or deploy to one of ${join(", ", keys(local.task_type_table.managed_function_accounts))}."
  }
}

variable "label_studio" {
  description = <<-EOT
    A Label Studio of your own, version 1.23.2 or newer, in which people label with engine = label_studio. Null deploys nothing for it.

    - `token_secret_arn` - ARN of the secret of Secrets Manager with the token of a user of Label Studio, in the region of the deployment.
    - `url` - Address of Label Studio for the functions, without a path, for example `https://label-studio.example.com`. Only on the machine that runs the functions, which is the sandbox, may it be `http://127.0.0.1:8080` or `http://localhost:8080`.
    - `interval_minutes` - (Optional) Minutes between two calls of the function that imports tasks and collects answers, from 1 to 60. Defaults to `1`.
    - `reader_role_arns` - (Optional) Roles of this account or another with which Label Studio shows uploads. Defaults to `[]`.
    - `token_secret_kms_key_arn` - (Optional) ARN of the key that encrypts the secret. Defaults to none: the secret is encrypted with the key that AWS manages.
  EOT
  type = object({
    token_secret_arn         = string
    url                      = string
    interval_minutes         = optional(number, 1)
    reader_role_arns         = optional(list(string), [])
    token_secret_kms_key_arn = optional(string)
  })
  default = null

  validation {
    condition = var.label_studio == null || can(regex(
      "^(https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|http://(127\\.0\\.0\\.1|localhost))(:[1-9][0-9]{0,4})?$",
      var.label_studio.url,
    ))
    error_message = "label_studio.url must be https://<host> or https://<host>:<port>, without path, query or credentials; http:// only with 127.0.0.1 or localhost."
  }

  validation {
    condition     = try(tonumber(regex(":([0-9]+)$", var.label_studio.url)[0]), 443) <= 65535
    error_message = "label_studio.url: a port is at most 65535."
  }

  validation {
    condition = var.label_studio == null || can(regex(
      "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$",
      var.label_studio.token_secret_arn,
    ))
    error_message = "label_studio.token_secret_arn must be the whole ARN of a secret, arn:<partition>:secretsmanager:<region>:<account>:secret:<name>-<6 characters>."
  }

  validation {
    condition     = var.label_studio == null || try(split(":", var.label_studio.token_secret_arn)[3], "") == local.current.region
    error_message = "label_studio.token_secret_arn must be of the region of the deployment, ${local.current.region}."
  }

  validation {
    condition = try(var.label_studio.token_secret_kms_key_arn, null) == null || can(regex(
      "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.label_studio.token_secret_kms_key_arn
    ))
    error_message = "label_studio.token_secret_kms_key_arn must be the ARN of a KMS key, not of an alias."
  }

  validation {
    condition     = alltrue([for arn in try(var.label_studio.reader_role_arns, []) : can(regex(local.role_arn_pattern, arn))])
    error_message = "label_studio.reader_role_arns must hold ARNs of IAM roles, without wildcards."
  }

  validation {
    condition = var.label_studio == null || try(
      var.label_studio.interval_minutes >= 1 && var.label_studio.interval_minutes <= 60 &&
      floor(var.label_studio.interval_minutes) == var.label_studio.interval_minutes,
      false,
    )
    error_message = "label_studio.interval_minutes must be a whole number from 1 to 60."
  }
}
