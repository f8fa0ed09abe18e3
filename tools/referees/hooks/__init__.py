"""What judges put into the tests or the sandbox: recorders, and another DynamoDB."""
