# Names in texts, each file one text.

module "labeling" {
  source = "../.."

  job_name     = "names"
  task_type    = "named_entity_recognition"
  labels       = ["Organisation", "Person", "Place"]
  text_items   = "file"
  workteam_arn = var.workteam_arn

  label_details = {
    Organisation = { short_display_name = "ORG", description = "Firms, offices, clubs." }
    Person       = { short_display_name = "PER", description = "People by name, without titles." }
    Place        = { short_display_name = "PLC", description = "Places with a name of their own." }
  }

  instructions = {
    short = "Mark every name."
    full  = "Mark each name from its first to its last letter, without the full stop or comma after it."
  }
}
