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

  # Ground Truth cannot verify labels of texts; the module brings the worker's page and the functions for it.
  verification = {
    workteam_arn       = coalesce(var.reviewers_workteam_arn, var.workteam_arn)
    workers_per_object = 3
  }
}
