# Boxes around damage of parcels, drawn and verified by people in a Label Studio that exists already. Nothing of Ground
# Truth is deployed, so the account need not be a customer of it.

module "labeling" {
  source = "../.."

  job_name  = "parcels"
  task_type = "image_bounding_box"
  labels    = ["dent", "hole", "wet"]

  engine       = "label_studio"
  label_studio = var.label_studio

  # Only where Label Studio has a private address.
  functions = { vpc = var.functions_vpc }

  instructions = {
    short = "Draw a box around each damage, as tight as you can. If there is none, submit the picture without a box."
  }

  # Two people draw each picture; boxes that both drew are stored. A week is enough for this team.
  task = {
    availability_seconds = 604800
    workers_per_object   = 2
  }

  verification = {
    # The first accepts the boxes of an image, the others send it back to be labeled again.
    categories = ["Correct", "Damage without a box", "Box is not tight", "Wrong label"]
    # A tenth of the images; the others are stored with the status UNVERIFIED.
    sample_percent = 10
  }
}
