# A pipeline for text_multi_label_classification; `make demo TASK=text_multi_label_classification` applies this file.

job_name     = "topics"
task_type    = "text_multi_label_classification"
labels       = ["price", "shipping", "quality", "staff", "app"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/topics"
