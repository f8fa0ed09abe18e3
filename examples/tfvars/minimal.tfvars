# The least that a pipeline needs. The sandbox's demo applies this file.

job_name     = "digits"
task_type    = "image_single_label_classification"
labels       = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
workteam_arn = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/digits"
