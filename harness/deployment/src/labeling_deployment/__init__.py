"""The deployed module, read from plans: functions, queues, stores and the state machine."""
