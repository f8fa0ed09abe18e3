# The ledger: one row for each item and each run, the memory against losing an item or paying for it twice.

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.deletion_protection_enabled
  hash_key                    = "pk"
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  # Only rows of closed runs carry the attribute.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  lifecycle {
    ignore_changes = [hash_key, name]

    postcondition {
      condition     = self.name == var.name
      error_message = "job_name: the ledger ${self.name} stores what was labeled and cannot become ${var.name}. Keep the name, or deploy a second pipeline."
    }
  }
}
