"""DynamoDB's expressions: parsed once, evaluated for each row."""
