# Patterns and ranges that several inputs share.

locals {
  principal_arn_pattern = "^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$"
  role_arn_pattern      = "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
  workteam_arn_pattern  = "^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:workteam/[A-Za-z0-9/-]+$"

  # One object, without wildcards.
  s3_object_pattern = "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]+$"

  # Features and feature groups.
  feature_name_pattern = "^[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}$"

  # Labeling and verification tasks: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HumanTaskConfig.html.
  # A keyword also has at most 30 characters.
  keyword_pattern          = "^[A-Za-z0-9]+( [A-Za-z0-9]+)*$"
  task_description_pattern = "^[^\\n\\r]{1,255}$"
  task_title_pattern       = "^[^\\n\\r]{1,128}$"
  task_ranges = {
    availability_seconds = [60, 2592000]
    max_concurrent_tasks = [1, 5000]
    time_limit_seconds   = [30, 28800]
    workers_per_object   = [1, 9]
  }

  # What Label Studio's editor replaces by a field of the task.
  label_studio_reference_pattern = "\\$[\\p{L}\\p{N}_\\[\\].{}]"

  # Names that workers see: 1 to 256 characters in one line, with no space around them.
  display_name_pattern = "^\\S.{0,254}\\S$|^\\S$"
}
