# The names that other stacks look up, as SSM parameters. They are plain strings, because they hold no secret.

resource "aws_ssm_parameter" "this" {
  #checkov:skip=CKV2_AWS_34:They hold names, which are no secret, and whoever looks them up need not use the key.
  for_each = var.values

  name  = "${var.prefix}/${each.key}"
  tags  = var.tags
  type  = "String"
  value = each.value
}
