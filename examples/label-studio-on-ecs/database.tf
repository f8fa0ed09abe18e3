# PostgreSQL, which holds tasks and answers until the pipeline has collected them.

locals {
  postgresql_version = "15"
}

# What was written, not what this run generates: the password of the database is always that of the secret.
ephemeral "aws_secretsmanager_secret_version" "database_password" {
  secret_id = aws_secretsmanager_secret_version.this["database-password"].secret_id
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.private_subnet_ids
  tags       = var.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  description = "Requires TLS and logs statements that change the schema, of ${var.name}."
  family      = "postgres${local.postgresql_version}"
  tags        = var.tags

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_118:Enhanced monitoring needs a role and a fee; CloudWatch has the metrics of the instance.
  #checkov:skip=CKV_AWS_133:The input database.backup_retention_days is 14 unless it is given, and cannot be 0.
  #checkov:skip=CKV_AWS_157:The input database.multi_az adds a standby; it doubles the price, and backups survive a zone without it.
  #checkov:skip=CKV_AWS_161:Label Studio connects with a password and cannot use tokens of IAM.
  #checkov:skip=CKV_AWS_353:Performance Insights is not needed for one client.
  identifier     = var.name
  engine         = "postgres"
  engine_version = local.postgresql_version
  instance_class = var.database.instance_class
  multi_az       = var.database.multi_az

  allocated_storage     = 20
  max_allocated_storage = var.database.max_storage_gb
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  db_name             = "labelstudio"
  username            = "labelstudio"
  password_wo         = ephemeral.aws_secretsmanager_secret_version.database_password.secret_string
  password_wo_version = var.secret_versions.database_password

  db_subnet_group_name   = aws_db_subnet_group.this.name
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  vpc_security_group_ids = [aws_security_group.this["database"].id]

  auto_minor_version_upgrade = true
  backup_retention_period    = var.database.backup_retention_days
  copy_tags_to_snapshot      = true
  delete_automated_backups   = false
  deletion_protection        = var.deletion_protection
  final_snapshot_identifier  = "${var.name}-final"
  skip_final_snapshot        = false

  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  tags = var.tags

  lifecycle {
    ignore_changes = [db_name, identifier, kms_key_id, username]

    postcondition {
      condition     = self.identifier == var.name
      error_message = "name: the database ${self.identifier} holds labels and cannot become ${var.name}. Keep the name, or deploy a second Label Studio."
    }
  }

  # The database is deleted before its key, secrets and logs are, so a deletion that it refuses leaves them. Its log
  # groups would be created by RDS, without a key, if they did not exist.
  depends_on = [aws_cloudwatch_log_group.this, aws_secretsmanager_secret_version.this]
}
