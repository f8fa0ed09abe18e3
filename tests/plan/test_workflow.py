"""The state machine calls our functions and waits for events; schedule and rule drive it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.planned import Planned, as_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.terraform

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:digits"
RULES = "arn:aws:events:us-east-1:123456789012:rule"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/digits"
UNDELIVERED = "arn:aws:sqs:us-east-1:123456789012:digits-undelivered"


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


@pytest.fixture(scope="session")
def definition(own_key: Planned) -> dict[str, Any]:
    machine = own_key.resources["module.workflow.aws_sfn_state_machine.this"]
    parsed: dict[str, Any] = json.loads(machine["definition"])
    return parsed


def all_states(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition["States"].values():
        yield state
        if "ItemProcessor" in state:
            yield from all_states(state["ItemProcessor"])


def function_arns(step_names: set[str]) -> set[str]:
    prefix = "arn:aws:lambda:us-east-1:123456789012:function:digits"
    return {f"{prefix}-{step.replace('_', '-')}" for step in step_names}


def test_the_definition_calls_every_step_and_nothing_else(
    own_key: Planned, definition: dict[str, Any]
) -> None:
    called = set(re.findall(r"arn:aws:lambda:[^\"]+", json.dumps(definition)))
    functions = own_key.of_type("aws_lambda_function")
    steps = {address.split('"')[1] for address in functions} - {"job_state_change"}
    assert called == function_arns(steps)
    role = own_key.statements("module.workflow.aws_iam_role_policy.workflow")
    assert set(as_list(role["CallSteps"]["Resource"])) == called
    assert role["CallSteps"]["Action"] == "lambda:InvokeFunction"


def test_no_state_polls_for_the_end_of_a_job(definition: dict[str, Any]) -> None:
    states = list(all_states(definition))
    assert not [state for state in states if state["Type"] == "Wait"]
    waiting = [each for each in states if "waitForTaskToken" in each.get("Resource", "")]
    assert waiting
    assert all("TimeoutSeconds" in state for state in waiting)


def test_every_call_is_repeated_and_every_failure_is_caught(definition: dict[str, Any]) -> None:
    assert all("Retry" in each for each in all_states(definition) if each["Type"] == "Task")
    # ResumeRun may fail as it is: it has not touched the run. A Map is caught in its states.
    named = dict(definition["States"])
    for state in definition["States"].values():
        named |= state.get("ItemProcessor", {}).get("States", {})
    uncaught = {
        name for name, state in named.items() if state["Type"] == "Task" and "Catch" not in state
    }
    assert uncaught == {"ResumeRun"}


def test_the_history_is_kept_and_holds_no_data_in_the_log(own_key: Planned) -> None:
    machine = own_key.resources["module.workflow.aws_sfn_state_machine.this"]
    logging = machine["logging_configuration"][0]
    assert logging["level"] == "ALL"
    assert logging["include_execution_data"] is False
    assert machine["type"] == "STANDARD"


def test_the_workflow_uses_the_key_for_its_own_history_and_logs_only(own_key: Planned) -> None:
    role = own_key.statements("module.workflow.aws_iam_role_policy.workflow")
    assert role["EncryptHistory"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": STATE_MACHINE}
    }
    assert role["EncryptLogs"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"}
    }


def test_the_workflow_writes_to_its_own_log_group_only(own_key: Planned) -> None:
    written = own_key.statements("module.workflow.aws_iam_role_policy.workflow")["WriteLog"]
    assert as_list(written["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert written["Resource"] == f"{LOG_GROUP}:*"


def test_the_schedule_starts_the_workflow_at_noon_and_keeps_what_it_cannot_deliver(
    own_key: Planned,
) -> None:
    schedule = own_key.resources["module.workflow.aws_scheduler_schedule.this"]
    assert schedule["schedule_expression"] == "cron(0 12 * * ? *)"
    assert schedule["state"] == "ENABLED"
    (target,) = schedule["target"]
    assert target["dead_letter_config"] == [{"arn": UNDELIVERED}]
    retry = target["retry_policy"][0]
    assert retry["maximum_event_age_in_seconds"] == 3600
    assert retry["maximum_retry_attempts"] == 5
    assert target["input"] == "{}"
    role = own_key.statements("module.workflow.aws_iam_role_policy.schedule")
    assert role["StartWorkflow"]["Action"] == "states:StartExecution"
    assert role["StartWorkflow"]["Resource"] == STATE_MACHINE
    assert role["KeepUndelivered"]["Resource"] == UNDELIVERED
    assert set(role) == {"StartWorkflow", "KeepUndelivered", "EncryptUndelivered", "DecryptInput"}


def test_the_rule_on_job_states_sees_our_jobs_only(own_key: Planned) -> None:
    rule = own_key.resources["module.workflow.aws_cloudwatch_event_rule.job_state[0]"]
    assert json.loads(rule["event_pattern"]) == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Ground Truth Labeling Job State Change"],
        "resources": [{"prefix": "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/digits-"}],
    }
    target = own_key.resources["module.workflow.aws_cloudwatch_event_target.job_state[0]"]
    assert target["dead_letter_config"] == [{"arn": UNDELIVERED}]
    permission = own_key.resources["module.workflow.aws_lambda_permission.job_state[0]"]
    assert permission["principal"] == "events.amazonaws.com"
    assert permission.get("source_arn") == f"{RULES}/digits-job-state"


def test_the_end_of_a_job_that_the_function_cannot_use_is_kept(own_key: Planned) -> None:
    config = own_key.resources[
        "module.workflow.aws_lambda_function_event_invoke_config.job_state[0]"
    ]
    assert config["function_name"] == "digits-job-state-change"
    assert config["maximum_retry_attempts"] == 2
    assert config["destination_config"][0]["on_failure"] == [{"destination": UNDELIVERED}]


@pytest.mark.parametrize("name", ["own_key", "text", "verified text_single_label_classification"])
def test_permissions_ask_for_what_event_bridge_sends(
    plan: Callable[[str], Planned], name: str
) -> None:
    permissions = plan(name).of_type("aws_lambda_permission")
    assert permissions
    for address, permission in permissions.items():
        assert permission["principal"] == "events.amazonaws.com", address
        # The ARN of the rule holds the account, and is the only thing that EventBridge sends.
        assert permission["source_arn"].startswith(f"{RULES}/digits-"), address
        assert not permission.get("source_account"), address
