# Every pixel of an aerial picture.

module "labeling" {
  source = "../.."

  job_name     = "land-use"
  task_type    = "image_semantic_segmentation"
  labels       = ["field", "forest", "road", "water"]
  workteam_arn = var.workteam_arn

  # Painting takes time: at most 200 pictures in a run, an hour for each.
  max_items_per_run = 200
  task = {
    title              = "Paint what covers the ground"
    time_limit_seconds = 3600
  }
}
