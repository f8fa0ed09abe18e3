# The task that runs Label Studio, and its two roles.

locals {
  image = "heartexlabs/label-studio${var.image.digest == null ? ":${var.image.version}" : "@${var.image.digest}"}"

  # Folders that Label Studio writes to; nothing in them outlives the task.
  folders = { data = "/label-studio/data", temporary = "/tmp" }

  environment = {
    # Where data is, and how it is reached.
    DJANGO_DB                  = "default"
    HOME                       = local.folders.data
    LABEL_STUDIO_BASE_DATA_DIR = local.folders.data
    PGSSLMODE                  = "require"
    POSTGRE_HOST               = aws_db_instance.this.address
    POSTGRE_NAME               = aws_db_instance.this.db_name
    POSTGRE_PORT               = tostring(aws_db_instance.this.port)
    POSTGRE_USER               = aws_db_instance.this.username

    # The address of people, which forms and links begin with.
    CSRF_TRUSTED_ORIGINS  = "https://${var.domain_name}"
    LABEL_STUDIO_HOST     = "https://${var.domain_name}"
    SESSION_COOKIE_SECURE = "1"

    # Who gets in: the first user, and whoever has an invitation link.
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK = "true"
    LABEL_STUDIO_USERNAME                    = var.admin_email

    # What members can make Label Studio call or read.
    ENABLE_LOCAL_FILES_STORAGE  = "false"
    LOCAL_FILES_SERVING_ENABLED = "false"
    ML_BLOCK_LOCAL_IP           = "true"
    SSRF_PROTECTION_ENABLED     = "true"
    USE_DEFAULT_BANNED_SUBNETS  = "true"

    # What Label Studio reports to its publisher. SENTRY_DSN is empty in the command.
    COLLECT_ANALYTICS    = "false"
    LATEST_VERSION_CHECK = "false"
  }

  # ECS drops empty variables (https://github.com/hashicorp/terraform-provider-aws/issues/39533), and Label Studio reports
  # errors to its publisher unless these two are empty. The pipeline uses the token of the first user.
  command = [
    "env", "SENTRY_DSN=", "FRONTEND_SENTRY_DSN=",
    "label-studio", "start", "--no-browser", "--internal-host", "0.0.0.0", "--port", tostring(local.port),
    "--enable-legacy-api-token",
  ]

  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this["label_studio"].name
      awslogs-region        = local.region
      awslogs-stream-prefix = "task"
    }
  }
  mount_points = [for key, path in local.folders : { containerPath = path, readOnly = false, sourceVolume = key }]
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  tags = var.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    managed_storage_configuration {
      fargate_ephemeral_storage_kms_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "1024"
  memory                   = "2048"
  execution_role_arn       = aws_iam_role.this["execution"].arn
  task_role_arn            = aws_iam_role.this["task"].arn
  tags                     = var.tags

  runtime_platform {
    cpu_architecture        = "X86_64"
    operating_system_family = "LINUX"
  }

  dynamic "volume" {
    for_each = local.folders

    content {
      name = volume.key
    }
  }

  container_definitions = jsonencode([
    {
      # Volumes of Fargate belong to root, and the image runs as another user.
      name                   = "folders"
      image                  = local.image
      essential              = false
      user                   = "0"
      readonlyRootFilesystem = true
      entryPoint             = ["chmod", "1777"]
      command                = values(local.folders)
      mountPoints            = local.mount_points
      logConfiguration       = local.log_configuration
    },
    {
      name                   = "label-studio"
      image                  = local.image
      essential              = true
      readonlyRootFilesystem = true
      command                = local.command
      dependsOn              = [{ containerName = "folders", condition = "SUCCESS" }]
      environment            = [for name, value in local.environment : { name = name, value = value }]
      secrets                = [for key, secret in local.secrets : { name = secret.variable, valueFrom = aws_secretsmanager_secret.this[key].arn }]
      linuxParameters        = { initProcessEnabled = true }
      mountPoints            = local.mount_points
      portMappings           = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
      logConfiguration       = local.log_configuration
    },
  ])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  # One task, which ends before another starts: both would migrate the database.
  desired_count                      = 1
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  # The first start creates the tables; the limit is ten times what it took on PostgreSQL.
  health_check_grace_period_seconds = 400

  # A new task has the new values of the secrets.
  force_new_deployment = true
  triggers             = { secret_versions = jsonencode(var.secret_versions) }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    assign_public_ip = false
    security_groups  = [aws_security_group.this["task"].id]
    subnets          = var.private_subnet_ids
  }

  dynamic "load_balancer" {
    for_each = local.load_balancers

    content {
      container_name   = "label-studio"
      container_port   = local.port
      target_group_arn = aws_lb_target_group.this[load_balancer.key].arn
    }
  }

  # A target group must have a listener, and the task reads secrets and writes logs at its start.
  depends_on = [
    aws_iam_role_policy.this,
    aws_lb_listener.people,
    aws_lb_listener_rule.api,
    aws_secretsmanager_secret_version.this,
    aws_vpc_security_group_egress_rule.flow,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_security_group_ingress_rule.flow,
  ]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account_id}:*"]
    }
  }
}

locals {
  # Every member of Label Studio can use the task's role, so it reads what is labeled and nothing else.
  statements = {
    task = {
      ReadUploads = {
        actions   = ["s3:GetObject"]
        resources = ["arn:${local.partition}:s3:::${var.upload_bucket.name}/*"]
        via       = null
      }
      # Label Studio checks that the bucket exists when a project gets it.
      ListUploads = {
        actions   = ["s3:ListBucket"]
        resources = ["arn:${local.partition}:s3:::${var.upload_bucket.name}"]
        via       = null
      }
      DecryptUploads = {
        actions   = ["kms:Decrypt"]
        resources = [var.upload_bucket.kms_key_arn]
        via       = "s3"
      }
    }
    execution = {
      ReadSecrets = {
        actions   = ["secretsmanager:GetSecretValue"]
        resources = [for secret in aws_secretsmanager_secret.this : secret.arn]
        via       = null
      }
      DecryptSecrets = {
        actions   = ["kms:Decrypt"]
        resources = [aws_kms_key.this.arn]
        via       = "secretsmanager"
      }
      WriteLogs = {
        actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["${local.log_group_arns.label_studio}:log-stream:*"]
        via       = null
      }
    }
  }
}

data "aws_iam_policy_document" "role" {
  for_each = local.statements

  dynamic "statement" {
    for_each = each.value

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.via == null ? [] : [statement.value.via]

        content {
          test     = "StringEquals"
          variable = "kms:ViaService"
          values   = ["${condition.value}.${local.region}.amazonaws.com"]
        }
      }
    }
  }
}

resource "aws_iam_role" "this" {
  # Not of the statements, which name the upload bucket: a pipeline in the same root module waits for the roles.
  for_each = toset(["execution", "task"])

  name                 = "${var.name}-${each.key}"
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.statements

  name   = "permissions"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.role[each.key].json
}
