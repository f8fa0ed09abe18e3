# A pipeline for text_single_label_classification; `make demo TASK=text_single_label_classification` applies this file.

job_name     = "intents"
task_type    = "text_single_label_classification"
labels       = ["refund", "delivery", "account", "praise"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/intents"
