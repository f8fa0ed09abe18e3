# The names that other stacks look up, as SSM parameters. They are plain strings, because they hold no secret.

resource "aws_ssm_parameter" "this" {
  for_each = var.values

  name  = "${var.prefix}/${each.key}"
  tags  = var.tags
  type  = "String"
  value = each.value
}
