# What customers write about, an item in each line of a file.

module "labeling" {
  source = "../.."

  job_name     = "messages"
  task_type    = "text_multi_label_classification"
  labels       = ["delivery", "price", "quality", "staff"]
  workteam_arn = var.workteam_arn

  # A row of a .jsonl file may carry keys of its own; this one becomes a column.
  extra_features = {
    channel = "channel"
  }

  task = {
    title = "What is the message about?"
  }
}
