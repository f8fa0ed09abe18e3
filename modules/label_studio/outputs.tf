output "alarm_name" {
  description = "Name of the alarm on the function's errors."
  value       = aws_cloudwatch_metric_alarm.this.alarm_name
}

output "schedule_name" {
  description = "Name of the schedule that calls the function."
  value       = aws_scheduler_schedule.this.name
}
