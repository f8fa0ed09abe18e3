# Every input. What is not commented is explained in the module's variables*.tf.

module "labeling" {
  source = "../.."

  # What is labeled, and by whom. job_name begins every name.
  job_name     = "street-scenes"
  task_type    = "named_entity_recognition"
  workteam_arn = var.workteam_arn

  # Where new runs have their items labeled. With both inputs, Ground Truth and Label Studio are deployed, and the engine can
  # be switched; label_studio = null deploys Ground Truth only.
  engine = "ground_truth"
  label_studio = {
    url                      = "https://label-studio.example.com"
    token_secret_arn         = var.label_studio_token_secret_arn
    token_secret_kms_key_arn = null
    reader_role_arns         = []
    interval_minutes         = 1
  }

  # Either names, whose order the category file keeps, or categories_s3_uri with a category file of your own.
  labels            = ["Company", "Street"]
  categories_s3_uri = null
  label_details = {
    Company = { short_display_name = "CO", description = "Firms by name." }
    Street  = { short_display_name = "STR", description = "Streets, squares, bridges." }
  }

  # What is an item: a line of a .txt file, or the file. A row of a .jsonl or .ndjson file always is one.
  text_items = "line"

  # Keys that are no uploads, besides what operating systems leave in folders.
  ignored_keys = ["drafts/*", "*.xmp"]

  # What workers read, as plain text. template_s3_uri would replace the shipped template of the other task types.
  instructions = {
    short = "Mark the names."
    full  = "Mark every company and every street."
  }
  template_s3_uri = null
  task = {
    title                = "Names in reports"
    description          = "Mark the companies and streets in a report."
    keywords             = ["text", "names"]
    workers_per_object   = 3
    time_limit_seconds   = 300
    availability_seconds = 864000
    max_concurrent_tasks = 1000
  }

  # Who judges the labels before they are stored; null stores them at once.
  verification = {
    workteam_arn = var.workteam_arn

    # Either names, of which the first accepts, or, for boxes and masks, categories_s3_uri with accepted_category.
    categories        = ["Correct", "Name is missing", "Wrong label", "Span is not exact"]
    categories_s3_uri = null
    accepted_category = null

    # How many of the labels are judged; the others are stored as UNVERIFIED.
    sample_percent = 20

    title           = "Check the names"
    description     = "Decide whether every company and street is marked, and nothing else."
    keywords        = ["text", "names", "verification"]
    template_s3_uri = null
    instructions = {
      short = "Are the names right?"
      full  = "Read the text first, then look at what is marked."
    }
    workers_per_object   = 1
    time_limit_seconds   = 120
    availability_seconds = 864000
    max_concurrent_tasks = 1000
  }

  # When a run starts, what it may cost, and how often an item is tried.
  schedule = {
    expression = "cron(0 6 ? * MON-FRI *)"
    timezone   = "Europe/Berlin"
    enabled    = true
  }
  max_items_per_run = 5000
  max_attempts      = 3

  # How long an upload waits for a run: less than the 14 days of the dead-letter queue.
  queue = { message_retention_seconds = 864000 }

  # Where records go. Features that come later go into extra_json: the group is never replaced.
  feature_group = {
    name                 = "street-scenes"
    online_store_enabled = true
    table_format         = "Iceberg"
  }
  extra_features = {
    author = "author.name"
  }

  # Who is told when something is wrong, besides the topic of the output alarm_topic_arn.
  alarms = {
    actions                    = []
    dead_letter_threshold      = 1
    oldest_message_age_seconds = 172800
  }

  # What the dashboard counts for each object: the fee, and each person's answer.
  dashboard = {
    answer_price = 0.02
    object_fee   = 0.08
  }

  # Who may do what, besides the pipeline itself. Null takes the principal that runs Terraform as administrator.
  administrator_principal_arns = var.administrator_principal_arns
  upload_principal_arns        = var.upload_principal_arns
  reader_principal_arns        = var.reader_principal_arns
  iam = {
    path                     = "/labeling/"
    permissions_boundary_arn = var.permissions_boundary_arn
  }

  # What exists already: null creates it.
  ground_truth_role = null
  kms_key           = null
  lambda_package    = null

  force_destroy            = false
  kms_deletion_window_days = 30
  lambda_runtime           = "python3.13"
  log_retention_days       = 365
  state_machine_log_level  = "ALL"

  tags = {
    cost-center = "perception"
  }

  # Where S3 writes its access logs; null writes none.
  access_logs = null

  # What a locked-down account asks of every function.
  functions = {
    code_signing_config_arn = null
    layer_arns              = []
    reserved_concurrency    = { job_state_change = 10 }
    tracing_enabled         = true
    vpc                     = null
  }

  # Account, partition and region, where the module block has depends_on; null reads them.
  deployment = null

  # True only while an operator looks for the principal whose writes the bucket policies deny.
  lift_writer_denials = false
}
