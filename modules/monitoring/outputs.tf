output "alarm_names" {
  description = "Names of the alarms by what they watch."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}

output "dashboard_name" {
  description = "Name of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "topic_arn" {
  description = "Topic that every alarm notifies."
  value       = aws_sns_topic.this.arn
}
