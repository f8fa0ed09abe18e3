# People label and verify in a Label Studio of your own, and nothing of Ground Truth is deployed. examples/label-studio-on-ecs
# deploys one, and its outputs are these values.

job_name  = "digits"
task_type = "image_single_label_classification"
labels    = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
engine    = "label_studio"

label_studio = {
  url                      = "https://label-studio.example.com"
  token_secret_arn         = "arn:aws:secretsmanager:us-east-1:123456789012:secret:label-studio/api-token-AbCdEf"
  token_secret_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  reader_role_arns         = ["arn:aws:iam::123456789012:role/label-studio-task"]
}

instructions = { short = "Choose the digit that you see." }

verification = { sample_percent = 10 }
