# A pipeline for image_bounding_box; `make demo TASK=image_bounding_box` applies this file.

job_name     = "digit-boxes"
task_type    = "image_bounding_box"
labels       = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digit-boxes"
