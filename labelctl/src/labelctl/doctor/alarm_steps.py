"""What to do about an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelctl.doctor.checks import Subject

_EXECUTIONS = (
    "list them with: aws stepfunctions list-executions --state-machine-arn {state_machine}"
    " --status-filter {status}"
)
_MESSAGES = (
    "read its messages with: aws sqs receive-message --queue-url {queue}"
    " --message-attribute-names All"
)

#: By the name of the alarm without that of the pipeline.
ALARM_STEPS = {
    "accounting-mismatch": "compare report.json of the last run, in s3://{output}/runs/, with the"
    " ledger, and report the mismatch as a bug of the module",
    "dead-letter": "count the reasons with: labelctl redrive --pipeline {pipeline}",
    "failed-executions": _EXECUTIONS.replace("{status}", "FAILED"),
    "job-state-lost": "if no check of a queue or of the key fails, nothing: the next run catches"
    " up",
    "job-state-rule": "if the check of the workflow passes, nothing: the next run catches up",
    "label-studio": "read the error with: aws logs tail"
    " /aws/lambda/{pipeline}-advance-label-studio-jobs",
    "oldest-message": "before the queue's retention ends, check with labelctl status --pipeline"
    " {pipeline} that runs succeed, and start one",
    "probe-mode": "read the failure reason in report.json of the last run, in s3://{output}/runs/,"
    " and remove its cause",
    "timed-out-executions": "nothing: the next run takes over",
    "undelivered": _MESSAGES,
    "upload-lost": "remove what other checks name, then send the events again with: labelctl"
    " backfill --pipeline {pipeline} --send",
    "upload-rule": _MESSAGES,
}
#: For an alarm of a newer version of the module.
_OTHER = "read the state of the pipeline with: labelctl status --pipeline {pipeline}"


def alarm_step(subject: Subject, alarm: str) -> str:
    """Return what to do about an alarm.

    Args:
        subject: What the checks look at.
        alarm: Name of the alarm.
    """
    pipeline = subject.pipeline
    step = ALARM_STEPS.get(alarm.removeprefix(f"{pipeline.name}-"), _OTHER)
    return step.format(
        pipeline=pipeline.name,
        output=subject.deployed.output_bucket,
        queue=pipeline.undelivered_url,
        state_machine=pipeline.state_machine_arn,
    )
