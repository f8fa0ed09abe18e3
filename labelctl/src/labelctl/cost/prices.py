"""List prices of us-east-1. docs/cost.md has their date and their sources."""

from __future__ import annotations

PRICES_OF = "August 2026"

#: Ground Truth's fee for a labeled object: price up to so many objects of a month.
OBJECT_FEES = ((50_000, 0.08), (1_000_000, 0.04), (None, 0.02))

#: What an item needs besides, rounded up: requests, and dollars for a million of them.
REQUESTS = {
    "S3 requests that write": (5.0, 5.00),
    "Ledger writes (DynamoDB)": (6.0, 0.625),
    "Feature Store writes": (2.0, 1.25),
    "Upload event (EventBridge)": (1.0, 1.00),
    "Queue requests (SQS)": (2.0, 0.40),
    "Key requests (KMS)": (0.5, 3.00),
    "GB-seconds of the functions (Lambda)": (0.1, 13.40),
}
METRICS, METRIC_HOUR = 10, 0.30 / 730
#: What a run needs: how much of it, and dollars for one.
RUN = {
    "State transitions (Step Functions)": (40.0, 25e-6),
    "Hours of the metrics (CloudWatch)": (float(METRICS), METRIC_HOUR),
}
#: What a call of the function for Label Studio needs while a job is open, rounded up: how much of
#: it, and dollars for a million. docs/performance.md has the calls and seconds of a poll.
CALL = {
    "Calls of the schedule (EventBridge Scheduler)": (1.0, 1.00),
    "Calls of the function (Lambda)": (1.0, 0.20),
    "GB-seconds of a call (Lambda)": (0.6, 13.40),
    "S3 requests that list": (2.0, 5.00),
    "S3 requests that read": (4.0, 0.40),
    "Lease in the ledger (DynamoDB)": (2.0, 0.625),
    "Reads of the token (Secrets Manager)": (1.0, 5.00),
}
#: What there is without any use: how many, and dollars for a month of one.
STANDING = {
    "Key (KMS)": (1.0, 1.00),
    "Alarms (CloudWatch)": (11.0, 0.10),
}
#: Without the two alarms on the ends of Ground Truth's jobs, and with one on the calls.
STUDIO_STANDING = {**STANDING, "Alarms (CloudWatch)": (10.0, 0.10)}
MINUTES = 730 * 60
#: What Label Studio costs in a month: examples/label-studio-on-ecs/README.md has the parts.
SERVER = 92.77
