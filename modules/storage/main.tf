# The three buckets. Each is versioned, private, encrypted with the one key, and open only to the roles that need it.

locals {
  # Objects that hold people's data. The worker templates and categories beside them hold none, and Terraform
  # itself must be able to read those whoever runs it.
  data_resources = {
    features = ["${var.bucket_arns.features}/*"]
    output = [
      for prefix in ["labeling-jobs", "runs", "training-sets"] : "${var.bucket_arns.output}/${prefix}/*"
    ]
    upload = ["${var.bucket_arns.upload}/*"]
  }

  caller_arns = {
    features = { read = var.reader_principal_arns, write = [] }
    output   = { read = var.reader_principal_arns, write = [] }
    upload   = { read = var.label_studio_role_arns, write = var.upload_principal_arns }
  }

  # Principals outside this account need the bucket to allow them; inside it their own policies do.
  allowed = {
    features = length(var.reader_principal_arns) == 0 ? {} : {
      ReaderPrincipals = { actions = ["s3:GetObject", "s3:GetObjectVersion"], principals = var.reader_principal_arns }
    }
    output = length(var.reader_principal_arns) == 0 ? {} : {
      ReaderPrincipals = { actions = ["s3:GetObject", "s3:GetObjectVersion"], principals = var.reader_principal_arns }
    }
    upload = {
      for sid, statement in {
        LabelStudioRoles = { actions = ["s3:GetObject"], principals = var.label_studio_role_arns }
        UploadPrincipals = {
          actions    = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
          principals = var.upload_principal_arns
        }
      } : sid => statement if length(statement.principals) > 0
    }
  }
  listing_principal_arns = {
    features = var.reader_principal_arns
    output   = var.reader_principal_arns
    # Label Studio checks that a bucket exists when a project gets it.
    upload = var.label_studio_role_arns
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62:Only uploads start anything; the upload bucket sends its events to EventBridge.
  #checkov:skip=CKV_AWS_18:The input access_logs names the bucket for them; the module makes none, because accounts have one.
  #checkov:skip=CKV_AWS_144:Whether results may leave the region is the account's decision; versions and retention protect them here.
  for_each = var.bucket_names

  bucket        = each.value
  force_destroy = var.force_destroy
  tags          = var.tags

  lifecycle {
    ignore_changes = [bucket]

    postcondition {
      condition     = self.bucket == each.value
      error_message = "job_name: the bucket ${self.bucket} holds objects and cannot become ${each.value}. Keep the name, or deploy a second pipeline."
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.access_logs == null ? {} : aws_s3_bucket.this

  bucket        = each.value.id
  target_bucket = var.access_logs.bucket_name
  target_prefix = "${var.access_logs.prefix}${each.key}/"
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# Workers' browsers load the images straight from the bucket; without this rule every image task fails to load.
resource "aws_s3_bucket_cors_configuration" "upload" {
  count = var.image_uploads ? 1 : 0

  bucket = aws_s3_bucket.this["upload"].id

  cors_rule {
    allowed_headers = []
    allowed_methods = ["GET"]
    allowed_origins = ["*"]
    expose_headers  = ["Access-Control-Allow-Origin"]
  }
}

# Reviewers' browsers load masks from the output bucket, and draw them over the image, which needs the same rule.
resource "aws_s3_bucket_cors_configuration" "output" {
  count = var.image_outputs ? 1 : 0

  bucket = aws_s3_bucket.this["output"].id

  cors_rule {
    allowed_headers = []
    allowed_methods = ["GET"]
    allowed_origins = ["*"]
    expose_headers  = ["Access-Control-Allow-Origin"]
  }
}

# Only uploads raise events: an event from the output bucket would start the pipeline on its own results.
resource "aws_s3_bucket_notification" "upload" {
  bucket      = aws_s3_bucket.this["upload"].id
  eventbridge = true
}

data "aws_iam_policy_document" "bucket" {
  for_each = var.bucket_arns

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value, "${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # A put that names no encryption gets the bucket's default, which is this key. Negated operators also match a
  # missing header, so each statement first asks for the header.
  statement {
    sid       = "DenyOtherEncryption"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  statement {
    sid       = "DenyOtherKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [var.kms_key_arn]
    }
  }

  statement {
    sid       = "DenyCustomerProvidedKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-customer-algorithm"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DenyOtherReaders"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = local.data_resources[each.key]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = concat(var.pipeline_reader_role_arns[each.key], local.caller_arns[each.key].read, var.administrator_principal_arns)
    }
  }

  dynamic "statement" {
    for_each = var.lift_writer_denials ? [] : ["writers"]

    content {
      sid       = "DenyOtherWriters"
      effect    = "Deny"
      actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]
      resources = local.data_resources[each.key]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "ArnNotLike"
        variable = "aws:PrincipalArn"
        values   = concat(var.pipeline_writer_role_arns[each.key], local.caller_arns[each.key].write, var.administrator_principal_arns)
      }
    }
  }

  # A put with this header does not replace an object, whoever makes it.
  dynamic "statement" {
    for_each = each.key == "output" ? ["training-sets"] : []

    content {
      sid       = "DenyChangesOfTrainingSets"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = ["${each.value}/training-sets/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = local.allowed[each.key]

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = local.data_resources[each.key]

      principals {
        type        = "AWS"
        identifiers = statement.value.principals
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.listing_principal_arns[each.key]) == 0 ? [] : ["list"]

    content {
      sid       = each.key == "upload" ? "LabelStudioRolesList" : "ReaderPrincipalsList"
      actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources = [each.value]

      principals {
        type        = "AWS"
        identifiers = local.listing_principal_arns[each.key]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  # S3 refuses concurrent changes of a bucket's policy and its public access block.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
