# Every input, with values that differ from the defaults where that shows something.

job_name  = "street-scenes"
task_type = "image_single_label_classification"
labels    = ["day", "dusk", "night"]
label_details = {
  dusk = { description = "The sun is down and the sky is still bright." }
}

# For the text task types; pictures take the default.
text_items = "line"

workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/street-scenes"

# Ground Truth labels; with label_studio deployed too, the engine can be switched.
engine = "ground_truth"
label_studio = {
  url                      = "https://label-studio.example.com"
  token_secret_arn         = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/api-token-AbCdEf"
  token_secret_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  reader_role_arns         = ["arn:aws:iam::123456789012:role/label-studio-task"]
  interval_minutes         = 1
}

task = {
  title                = "Time of day"
  description          = "Decide whether the picture was taken by day, at dusk or at night."
  keywords             = ["street", "time of day"]
  workers_per_object   = 3
  time_limit_seconds   = 120
  availability_seconds = 259200
  max_concurrent_tasks = 500
}

# Keys that are no uploads, besides what operating systems leave in folders.
ignored_keys = ["drafts/*", "*.xmp"]

instructions = {
  short = "Look at the sky first."
  full  = <<-EOT
    Day: the sun is up.
    Dusk: the sun is down and the sky is still bright.
    Night: neither.
  EOT
}

# A second team judges a quarter of the labels; the first category accepts, the others send the picture back.
verification = {
  workteam_arn         = "arn:aws:sagemaker:us-east-1:123456789012:workteam/vendor-crowd/street-scenes-review"
  categories           = ["Correct", "Wrong time of day", "Picture is unclear"]
  sample_percent       = 25
  title                = "Time of day, verification"
  description          = "Decide whether the time of day is right."
  keywords             = ["street", "verification"]
  workers_per_object   = 1
  time_limit_seconds   = 60
  availability_seconds = 259200
  max_concurrent_tasks = 500
}

schedule = {
  expression = "cron(0 6 ? * MON-FRI *)"
  timezone   = "Europe/Berlin"
  enabled    = true
}

max_items_per_run = 5000
max_attempts      = 2

queue = {
  message_retention_seconds = 604800
}

feature_group = {
  name                 = "street-scenes-labels"
  online_store_enabled = true
  table_format         = "Iceberg"
}

# A key of your own on the manifest's lines is handed through to the output.
extra_features = {
  label_type = "street-scenes-label-metadata.type"
}

alarms = {
  actions                    = ["arn:aws:sns:us-east-1:123456789012:on-call"]
  dead_letter_threshold      = 10
  oldest_message_age_seconds = 345600
}

# What three labelers and a reviewer are paid for an answer, besides the fee.
dashboard = {
  answer_price = 0.02
  object_fee   = 0.08
}

administrator_principal_arns = ["arn:aws:iam::123456789012:role/deployment"]
upload_principal_arns        = ["arn:aws:iam::123456789012:role/cameras"]
reader_principal_arns        = ["arn:aws:iam::123456789012:role/training", "arn:aws:iam::210987654321:role/analysis"]

iam = {
  path                     = "/labeling/"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/developer-boundary"
}

force_destroy            = false
kms_deletion_window_days = 14
lambda_runtime           = "python3.13"
log_retention_days       = 731
state_machine_log_level  = "ERROR"

tags = {
  cost-center = "perception"
}

access_logs = { bucket_name = "street-scenes-access-logs", prefix = "buckets/" }

functions = {
  reserved_concurrency = { job_state_change = 10 }
  tracing_enabled      = true
  vpc = {
    security_group_ids = ["sg-0123456789abcdef0"]
    subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }
}

# What the module would read otherwise; only where the module block has depends_on.
deployment = {
  account_id = "123456789012"
  region     = "us-east-1"
  partition  = "aws"
}

# True only while an operator looks for the principal whose writes the bucket policies deny.
lift_writer_denials = false
