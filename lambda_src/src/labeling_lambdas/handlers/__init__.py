"""One thin module per Lambda function: read the event, call the step, return JSON."""
