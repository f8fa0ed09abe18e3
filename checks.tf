# What is probably a mistake, but cannot be known to be one: Terraform warns and goes on.

check "private_work_teams" {
  assert {
    condition = length(local.foreign_private_work_teams) == 0
    # Each account has a private workforce of its own in each region, and teams are parts of it.
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sms-workforce-private.html
    error_message = "workteam_arn: ${join(", ", local.foreign_private_work_teams)} is a private work team of another account than that of the deployment, ${local.account_id}. Labeling jobs are created in this account: take one of its own private teams, or a vendor's team."
  }
}

locals {
  foreign_private_work_teams = distinct([
    for arn in compact([var.workteam_arn, try(var.verification.workteam_arn, null)]) : arn
    if strcontains(arn, ":workteam/private-crowd/") && try(split(":", arn)[4], local.account_id) != local.account_id
  ])
}
