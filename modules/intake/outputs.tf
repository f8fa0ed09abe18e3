output "queue_arns" {
  description = "ARNs of the queues by use: dead_letter, intake and undelivered."
  value       = var.queue_arns
  depends_on  = [aws_sqs_queue.dead_letter, aws_sqs_queue.intake, aws_sqs_queue.undelivered]
}

output "queue_urls" {
  description = "URLs of the queues by use: dead_letter, intake and undelivered."
  value = {
    dead_letter = aws_sqs_queue.dead_letter.url
    intake      = aws_sqs_queue.intake.url
    undelivered = aws_sqs_queue.undelivered.url
  }
}
