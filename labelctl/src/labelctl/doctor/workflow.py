"""Checks of what works on the items: schedule, state machine, functions and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import labeling_lambdas
from labelctl.doctor.checks import Check, Problem, warning
from labelctl.doctor.lookups import APPLY, found, invocable, rule_problems
from labelctl.status import StatusReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.doctor.checks import Subject

#: Ground Truth ends a labeling job after 30 days, and a run has two at most.
_LONGEST_RUN_SECONDS = 62 * 86400


def _version(subject: Subject) -> Iterator[Problem]:
    deployed, own = subject.deployed.version, labeling_lambdas.__version__
    if deployed != own:
        yield warning(
            f"labelctl {own} looks at a pipeline of version {deployed}",
            f"install labelctl {deployed}",
        )


def _schedule(subject: Subject) -> Iterator[Problem]:
    name = subject.deployed.schedule
    schedule = found(subject.client("scheduler").get_schedule, Name=name)
    if schedule is None:
        yield Problem(f"the schedule {name} does not exist", APPLY)
        return
    if schedule["Target"]["Arn"] != subject.pipeline.state_machine_arn:
        yield Problem(f"the schedule {name} starts {schedule['Target']['Arn']}", APPLY)
    enabled = schedule["State"] == "ENABLED"
    if enabled != subject.deployed.schedule_enabled:
        state = "enabled" if enabled else "disabled: no run starts"
        fix = APPLY if enabled else f"labelctl resume, or {APPLY}"
        yield Problem(f"the schedule {name} is {state}, other than the module's input", fix)


def _state_machine(subject: Subject) -> Iterator[Problem]:
    arn = subject.pipeline.state_machine_arn
    # The definition would need permission to use the key.
    machine = found(
        subject.client("stepfunctions").describe_state_machine,
        stateMachineArn=arn,
        includedData="METADATA_ONLY",
    )
    if machine is None:
        yield Problem(f"the state machine {arn} does not exist", APPLY)
    elif machine["status"] != "ACTIVE":
        yield Problem(f"the state machine {arn} is {machine['status']}", APPLY)


def _functions(subject: Subject) -> Iterator[Problem]:
    for name in sorted(subject.deployed.functions.values()):
        yield from _function(subject, name)


def _function(subject: Subject, name: str) -> Iterator[Problem]:
    client = subject.client("lambda")
    answer = found(client.get_function, FunctionName=name)
    if answer is None:
        yield Problem(f"the function {name} does not exist", APPLY)
        return
    function = answer["Configuration"]
    if function["State"] in ("Failed", "Inactive"):
        reason = function.get("StateReason", function["State"])
        yield Problem(f"the function {name} cannot run: {reason}", APPLY)
    if function["CodeSha256"] != subject.deployed.package_sha256:
        yield Problem(f"the function {name} runs another package than the module's", APPLY)
    if answer.get("Concurrency", {}).get("ReservedConcurrentExecutions") == 0:
        yield Problem(
            f"the function {name} is throttled: its reserved concurrency is 0",
            f"aws lambda delete-function-concurrency --function-name {name}, or set"
            " functions.reserved_concurrency",
        )


def _job_state_rule(subject: Subject) -> Iterator[Problem]:
    rule = subject.deployed.job_state_rule
    if rule is None:
        return
    function = subject.deployed.functions["job_state_change"]
    yield from rule_problems(subject, rule, subject.arn("lambda", f"function:{function}"))
    yield from invocable(subject, function, rule)


def _ledger(subject: Subject) -> Iterator[Problem]:
    name = subject.pipeline.ledger_table
    dynamodb = subject.client("dynamodb")
    answer = found(dynamodb.describe_table, TableName=name)
    if answer is None:
        yield Problem(
            f"the table {name} does not exist: it keeps what was labeled and paid for",
            "restore it from a backup under this name before the next run starts",
        )
        return
    if answer["Table"]["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield Problem(f"the table {name} is {answer['Table']['TableStatus']}", "wait for it")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield warning(f"the table {name} has no point-in-time recovery", APPLY)


def _runs(subject: Subject) -> Iterator[Problem]:
    status = StatusReader(subject.connection, subject.pipeline, subject.now).status(ages=False)
    if status.probe_mode:
        yield warning(
            f"{status.failed_jobs_in_a_row} labeling jobs in a row were refused or failed, so runs"
            " claim one item only",
            "read the failure reason of the last labeling job; see labelctl status",
        )
    for run in status.runs:
        if run.execution_status not in ("RUNNING", "PENDING_REDRIVE"):
            yield warning(
                f"run {run.run.run_id} is open and its execution is {run.execution_status}",
                "wait for the next schedule, which takes it over",
            )
        elif run.age_seconds > _LONGEST_RUN_SECONDS:
            yield warning(
                f"run {run.run.run_id} has been open for {run.age_seconds // 86400} days",
                "look at its execution in Step Functions",
            )


CHECKS = (
    Check("version", "labelctl has the version of the module", _version),
    Check("schedule", "the schedule starts the state machine", _schedule),
    Check("state_machine", "the state machine is active", _state_machine),
    Check("functions", "every function can run and has the module's package", _functions),
    Check("job_state_rule", "the ends of labeling jobs reach their function", _job_state_rule),
    Check("ledger", "the ledger is active and can be restored", _ledger),
    Check("runs", "every open run has a live execution", _runs),
)
