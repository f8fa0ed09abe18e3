"""An audit of uploads, jobs, records and queues that shares no code with the functions."""
