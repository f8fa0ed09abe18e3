# A pipeline for image_multi_label_classification; `make demo TASK=image_multi_label_classification` applies this file.

job_name     = "digit-sets"
task_type    = "image_multi_label_classification"
labels       = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digit-sets"
