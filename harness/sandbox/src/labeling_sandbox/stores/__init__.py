"""DynamoDB, S3 and the feature store."""
