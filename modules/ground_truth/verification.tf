# What verification jobs need besides: the worker template, which shows the label that a labeling job gave, and the
# categories that reviewers choose from.

locals {
  # The names of the labels stand in the template as JSON, escaped like any other text.
  verification_texts = var.verification == null ? {} : {
    "verification full"   = var.verification.instructions.full
    "verification labels" = jsonencode(coalesce(var.labels, []))
    "verification short"  = var.verification.instructions.short
    "verification title"  = var.verification.title
  }

  verification_template = var.verification == null ? null : templatefile("${path.module}/templates/${var.verification.template_file}", {
    full_instructions    = local.escaped["verification full"]
    label_attribute_name = var.verification.label_attribute_name
    label_descriptions   = local.label_descriptions
    # Null where the caller's own category file holds the names.
    labels_json        = var.labels == null ? null : local.escaped["verification labels"]
    short_instructions = local.escaped["verification short"]
    title              = local.escaped["verification title"]
  })
  verification_categories = var.verification == null ? null : jsonencode({
    document-version = "2018-11-28"
    labels           = [for category in var.verification.categories : { label = category }]
  })

  verification_template_key = (
    var.verification == null ? null : "ground-truth/templates/${sha256(local.verification_template)}.liquid.html"
  )
  verification_categories_key = (
    var.verification == null ? null : "ground-truth/categories/${sha256(local.verification_categories)}.json"
  )

  verification_function_arns = var.verification == null ? [] : var.verification.function_arns
  verification_override_uris = var.verification == null ? [] : concat(
    var.verification.categories_s3_uri == null ? [] : [var.verification.categories_s3_uri],
    var.verification.template_s3_uri == null ? [] : [var.verification.template_s3_uri],
  )

  # The shipped files exist in any case: whether the caller's own are given may not be known at plan.
  verification_files = var.verification == null ? null : {
    categories_s3_uri = (
      var.verification.categories_s3_uri != null ? var.verification.categories_s3_uri :
      "s3://${var.output_bucket_name}/${one(aws_s3_object.verification_categories[*].key)}"
    )
    template_s3_uri = (
      var.verification.template_s3_uri != null ? var.verification.template_s3_uri :
      "s3://${var.output_bucket_name}/${one(aws_s3_object.verification_template[*].key)}"
    )
  }
}

resource "aws_s3_object" "verification_template" {
  count = var.verification == null ? 0 : 1

  bucket                 = var.output_bucket_name
  key                    = local.verification_template_key
  content                = local.verification_template
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

resource "aws_s3_object" "verification_categories" {
  count = var.verification == null ? 0 : 1

  bucket                 = var.output_bucket_name
  key                    = local.verification_categories_key
  content                = local.verification_categories
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
