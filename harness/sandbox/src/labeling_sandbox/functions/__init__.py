"""Lambda: functions run in child processes."""
