variable "access_logs" {
  description = "Bucket for S3's access logs and the beginning of their keys; null writes none."
  type = object({
    bucket_name = string
    prefix      = string
  })
  default = null
}

variable "administrator_principal_arns" {
  description = "Principals that may read, write and delete every object; patterns are allowed."
  type        = list(string)
}

variable "bucket_arns" {
  description = "ARNs of the buckets by use: features, output and upload."
  type        = map(string)
}

variable "bucket_names" {
  description = "Names of the buckets by use: features, output and upload."
  type        = map(string)
}

variable "force_destroy" {
  description = "Whether buckets with objects in them may be destroyed."
  type        = bool
}

variable "image_outputs" {
  description = "Whether reviewers are shown images of the output bucket, which are masks."
  type        = bool
}

variable "image_uploads" {
  description = "Whether workers' browsers load the uploads as images."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key that encrypts everything here."
  type        = string
}

variable "label_studio_role_arns" {
  description = "Roles with which Label Studio shows uploads."
  type        = list(string)
}

variable "lift_writer_denials" {
  description = "Whether the bucket policies leave out who may write and delete objects."
  type        = bool
}

variable "pipeline_reader_role_arns" {
  description = "Roles of the pipeline that read objects, by bucket."
  type        = map(list(string))
}

variable "pipeline_writer_role_arns" {
  description = "Roles of the pipeline that write objects, by bucket."
  type        = map(list(string))
}

variable "reader_principal_arns" {
  description = "Principals of the caller that read results and features."
  type        = list(string)
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "upload_principal_arns" {
  description = "Principals of the caller that write uploads."
  type        = list(string)
}
