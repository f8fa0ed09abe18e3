# Boxes around vehicles, with what each label means for workers who are in doubt. A second team verifies the boxes.

module "labeling" {
  source = "../.."

  job_name     = "vehicles"
  task_type    = "image_bounding_box"
  labels       = ["bicycle", "car", "truck"]
  workteam_arn = var.workteam_arn

  label_details = {
    bicycle = { description = "Two wheels and no engine, with or without a rider." }
    truck   = { description = "Built to carry goods; vans are cars." }
  }

  instructions = {
    short = "One box for each vehicle, as tight as you can."
    full  = "Draw a box around each vehicle, also where it is partly hidden. Leave out what is smaller than a thumbnail."
  }

  task = {
    title              = "Find the vehicles"
    time_limit_seconds = 600
  }

  verification = {
    workteam_arn = coalesce(var.reviewers_workteam_arn, var.workteam_arn)

    # The first accepts the boxes of an image, the others send it back to be labeled again.
    categories = ["Correct", "Vehicle without a box", "Box is not tight", "Wrong label"]
    # Half of the images; the other half is stored with the status UNVERIFIED.
    sample_percent = 50
  }
}
