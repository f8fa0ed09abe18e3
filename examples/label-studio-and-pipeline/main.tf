# A pipeline and a Label Studio for it. The pipeline's key and bucket admit the role of Label Studio's task, and this role
# reads the pipeline's bucket, so both are in one root module.

module "label_studio" {
  source = "../label-studio-on-ecs"

  admin_email        = var.admin_email
  domain_name        = var.domain_name
  hosted_zone_id     = var.hosted_zone_id
  oidc               = var.oidc
  oidc_client_secret = var.oidc_client_secret
  people             = var.people
  private_subnet_ids = var.private_subnet_ids
  vpc_id             = var.vpc_id

  # Everything that a member of Label Studio can read.
  upload_bucket = {
    kms_key_arn = module.labeling.kms_key_arn
    name        = module.labeling.upload_bucket_name
  }
}

module "labeling" {
  source = "../.."

  job_name  = "site-photos"
  task_type = "image_multi_label_classification"
  labels    = ["crane", "helmet", "scaffold", "vehicle"]

  engine       = "label_studio"
  label_studio = module.label_studio.label_studio

  # Its address is private.
  functions = { vpc = module.label_studio.functions_vpc }

  instructions = { short = "Choose everything that you see. If there is nothing, submit the picture without a choice." }

  verification = { sample_percent = 10 }
}
