# Who reaches whom. People log in at the first load balancer. The pipeline's functions cannot log in at an identity
# provider, so they have a second one with private addresses only, which admits one security group and paths of the API.

locals {
  port = 8080

  security_groups = {
    database = "Database: PostgreSQL from the task."
    people   = "Load balancer for people: HTTPS from the given ranges."
    pipeline = "Load balancer for the pipeline: HTTPS from its functions."
    caller   = "The functions of the pipeline that call Label Studio."
    task     = "Label Studio: HTTP from the two load balancers."
  }

  flows = {
    caller-pipeline = { from = "caller", to = "pipeline", port = 443 }
    people-task     = { from = "people", to = "task", port = local.port }
    pipeline-task   = { from = "pipeline", to = "task", port = local.port }
    task-database   = { from = "task", to = "database", port = 5432 }
  }

  # The identity provider, Docker Hub and endpoints of AWS, of which no addresses are known.
  https_clients = toset(["caller", "people", "task"])

  load_balancers = {
    people   = { internal = var.people.internal, subnet_ids = var.people.subnet_ids, domain_name = var.domain_name }
    pipeline = { internal = true, subnet_ids = var.private_subnet_ids, domain_name = local.pipeline_domain_name }
  }
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:All are attached but that of the caller, which the pipeline's functions take.
  for_each = local.security_groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = "To the group ${each.value.to}."
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = "From the group ${each.value.from}."
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each = var.people.cidr_blocks

  security_group_id = aws_security_group.this["people"].id
  cidr_ipv4         = each.value
  description       = "People, who log in."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = local.https_clients

  security_group_id = aws_security_group.this[each.value].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "HTTPS to services without fixed addresses."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_28:Only people who logged in and the pipeline's functions get past the load balancers; a firewall costs extra.
  for_each = local.load_balancers

  name                       = "${var.name}-${each.key}"
  load_balancer_type         = "application"
  internal                   = each.value.internal
  subnets                    = each.value.subnet_ids
  security_groups            = [aws_security_group.this[each.key].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  tags                       = var.tags

  dynamic "access_logs" {
    for_each = var.access_logs == null ? [] : [var.access_logs]

    content {
      enabled = true
      bucket  = access_logs.value.bucket_name
      prefix  = "${access_logs.value.prefix}/${each.key}"
    }
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:Label Studio serves HTTP only; the connection is inside the VPC, between two security groups.
  for_each = local.load_balancers

  name        = "${var.name}-${each.key}"
  port        = local.port
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = var.vpc_id
  tags        = var.tags

  health_check {
    path    = "/health/"
    matcher = "200"
  }
}

resource "aws_lb_listener" "people" {
  load_balancer_arn = aws_lb.this["people"].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  tags              = var.tags

  default_action {
    type  = "authenticate-oidc"
    order = 1

    authenticate_oidc {
      authorization_endpoint     = var.oidc.authorization_endpoint
      client_id                  = var.oidc.client_id
      client_secret              = var.oidc_client_secret
      issuer                     = var.oidc.issuer
      on_unauthenticated_request = "authenticate"
      session_timeout            = var.oidc.session_hours * 3600
      token_endpoint             = var.oidc.token_endpoint
      user_info_endpoint         = var.oidc.user_info_endpoint
    }
  }

  default_action {
    type             = "forward"
    order            = 2
    target_group_arn = aws_lb_target_group.this["people"].arn
  }
}

resource "aws_lb_listener" "pipeline" {
  load_balancer_arn = aws_lb.this["pipeline"].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  tags              = var.tags

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "This address serves the API only."
      status_code  = "404"
    }
  }
}

# The API requires the token; the pages of the login, which it would not, are not served here.
resource "aws_lb_listener_rule" "api" {
  listener_arn = aws_lb_listener.pipeline.arn
  priority     = 1
  tags         = var.tags

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["pipeline"].arn
  }

  condition {
    path_pattern {
      values = ["/api/*"]
    }
  }
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain_name
  subject_alternative_names = [local.pipeline_domain_name]
  validation_method         = "DNS"
  tags                      = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = toset([var.domain_name, local.pipeline_domain_name])

  zone_id         = var.hosted_zone_id
  name            = one([for option in aws_acm_certificate.this.domain_validation_options : option.resource_record_name if option.domain_name == each.value])
  type            = "CNAME"
  ttl             = 300
  records         = [for option in aws_acm_certificate.this.domain_validation_options : option.resource_record_value if option.domain_name == each.value]
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_route53_record" "load_balancer" {
  for_each = local.load_balancers

  zone_id = var.hosted_zone_id
  name    = each.value.domain_name
  type    = "A"

  alias {
    name                   = aws_lb.this[each.key].dns_name
    zone_id                = aws_lb.this[each.key].zone_id
    evaluate_target_health = false
  }
}
