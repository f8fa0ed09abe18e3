# A pipeline for named_entity_recognition; `make demo TASK=named_entity_recognition` applies this file.

job_name     = "names"
task_type    = "named_entity_recognition"
labels       = ["Person", "Place", "Organisation"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/names"

label_details = {
  Person       = { short_display_name = "PER" }
  Place        = { short_display_name = "PLC" }
  Organisation = { short_display_name = "ORG" }
}
