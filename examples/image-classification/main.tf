# One label for each picture, chosen by three workers.

module "labeling" {
  source = "../.."

  job_name     = "flowers"
  task_type    = "image_single_label_classification"
  labels       = ["daisy", "poppy", "tulip"]
  workteam_arn = var.workteam_arn

  task = {
    title              = "Which flower is it?"
    workers_per_object = 3
  }
}
