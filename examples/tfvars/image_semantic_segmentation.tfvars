# A pipeline for image_semantic_segmentation; `make demo TASK=image_semantic_segmentation` applies this file.

job_name     = "digit-masks"
task_type    = "image_semantic_segmentation"
labels       = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digit-masks"
