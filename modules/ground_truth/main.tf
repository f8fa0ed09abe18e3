# What labeling jobs need: the worker template, the label categories and the role they run with. The files of
# verification jobs are in verification.tf.

locals {
  # The text goes into HTML that Ground Truth renders with Liquid: without the braces escaped, a caller's text
  # could open a Liquid tag.
  texts = merge(
    { full = var.instructions.full, short = var.instructions.short, title = var.title },
    local.verification_texts,
    { for label, details in local.described_labels : "name of ${label}" => label },
    { for label, details in local.described_labels : "description of ${label}" => details.description },
  )
  escaped = {
    for name, text in local.texts : name => replace(replace(replace(replace(replace(replace(replace(text,
    "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "\"", "&quot;"), "'", "&#39;"), "{", "&#123;"), "}", "&#125;")
  }

  # Ground Truth shows workers the names only; what they mean belongs into the instructions.
  described_labels = { for label, details in var.label_details : label => details if details.description != null }
  label_descriptions = length(local.described_labels) == 0 ? "" : format("<dl>%s</dl>", join("", [
    for label in coalesce(var.labels, []) :
    "<dt>${local.escaped["name of ${label}"]}</dt><dd>${local.escaped["description of ${label}"]}</dd>"
    if contains(keys(local.described_labels), label)
  ]))

  # A task type with a user interface of the service has no template; its instructions are in the category file.
  template = var.template_file == null ? null : templatefile("${path.module}/templates/${var.template_file}", {
    full_instructions  = local.escaped.full
    label_descriptions = local.label_descriptions
    short_instructions = local.escaped.short
    title              = local.escaped.title
  })
  categories = jsonencode(merge(
    {
      document-version = "2018-11-28"
      labels = [
        for label in coalesce(var.labels, []) : merge({ label = label }, {
          for key, name in { shortDisplayName = try(var.label_details[label].short_display_name, null) } : key => name if name != null
        })
      ]
    },
    var.template_file != null ? {} : {
      instructions = {
        fullInstruction  = "<p style=\"white-space: pre-wrap\">${local.escaped.full}</p>${local.label_descriptions}"
        shortInstruction = "<p style=\"white-space: pre-wrap\">${local.escaped.short}</p>"
      }
    },
  ))

  # Keys hold the content's hash: a running job keeps the file it was created with when the text changes.
  template_key   = var.template_file == null ? null : "ground-truth/templates/${sha256(local.template)}.liquid.html"
  categories_key = "ground-truth/categories/${sha256(local.categories)}.json"

  shipped_template_s3_uri = (
    var.template_file == null ? null : "s3://${var.output_bucket_name}/${one(aws_s3_object.template[*].key)}"
  )
  template_s3_uri   = var.template_s3_uri == null ? local.shipped_template_s3_uri : var.template_s3_uri
  categories_s3_uri = var.labels == null ? var.categories_s3_uri : "s3://${var.output_bucket_name}/${aws_s3_object.categories.key}"

  # Names the meaning of the labels in each record: it changes with the categories and with what workers are shown.
  label_schema = "sha256:${substr(sha256(jsonencode({
    categories = var.labels == null ? var.categories_s3_uri : local.categories
    template   = var.template_s3_uri == null ? local.template : var.template_s3_uri
  })), 0, 16)}"

  # The caller's own files may be in another bucket.
  override_uris = concat(
    var.labels == null ? [var.categories_s3_uri] : [],
    var.template_s3_uri == null ? [] : [var.template_s3_uri],
    local.verification_override_uris,
  )
  override_object_arns = [for uri in local.override_uris : replace(uri, "s3://", "arn:${var.deployment.partition}:s3:::")]
}

resource "aws_s3_object" "template" {
  count = var.template_file == null ? 0 : 1

  bucket                 = var.output_bucket_name
  key                    = local.template_key
  content                = local.template
  content_type           = "text/html; charset=utf-8"
  kms_key_id             = var.kms_key_arn
  server_side_encryption = "aws:kms"

  # An object takes ten tags, where the caller's provider may set more by default; and a copy would need permission to
  # copy them.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# There in any case: whether labels or a file of the caller's is given may not be known at plan.
resource "aws_s3_object" "categories" {
  bucket                 = var.output_bucket_name
  key                    = local.categories_key
  content                = local.categories
  content_type           = "application/json"
  kms_key_id             = var.kms_key_arn
  server_side_encryption = "aws:kms"

  # An object takes ten tags, where the caller's provider may set more by default; and a copy would need permission to
  # copy them.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    # AWS does not say whether SageMaker sets the key when it assumes this role.
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  count = var.existing_role == null ? 1 : 0

  name                 = var.role_name
  description          = "Labeling jobs read uploads and write annotations with this role."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "this" {
  statement {
    sid     = "ReadInputs"
    actions = ["s3:GetObject"]
    resources = concat(
      [
        "${var.upload_bucket_arn}/*",
        "${var.output_bucket_arn}/runs/*/manifests/*",
      ],
      local.override_object_arns,
    )
  }

  statement {
    sid       = "WriteAnnotations"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.output_bucket_arn}/labeling-jobs/*"]
  }

  statement {
    sid       = "InspectBuckets"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.output_bucket_arn, var.upload_bucket_arn]
  }

  dynamic "statement" {
    for_each = length(local.verification_function_arns) == 0 ? [] : ["call"]

    content {
      sid       = "CallVerificationFunctions"
      actions   = ["lambda:InvokeFunction"]
      resources = local.verification_function_arns
    }
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]
  }

  # PutMetricData supports no resources, and AWS's pages name several namespaces for labeling jobs.
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
  }

  statement {
    sid     = "Logs"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [
      "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:/aws/sagemaker/LabelingJobs",
      "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:/aws/sagemaker/LabelingJobs:*",
    ]
  }
}

resource "aws_iam_role_policy" "this" {
  count = var.existing_role == null ? 1 : 0

  name   = "labeling-jobs"
  role   = aws_iam_role.this[0].id
  policy = data.aws_iam_policy_document.this.json
}
