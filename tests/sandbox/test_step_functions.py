"""Step Functions as the state machine uses it: functions, tokens, retries, names and ends."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from labeling_sandbox.step_functions import state_machines
from tests.sandbox.resources import (
    control,
    make_function,
    make_key,
    make_role,
    put_policy,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.server import Sandbox

FUNCTION = """
import json
calls = []

class Refused(Exception):
    pass

def handler(event, context):
    calls.append(event)
    if event.get("fail") == "always" or (event.get("fail") == "once" and len(calls) == 1):
        raise Refused("told to")
    return {"calls": len(calls), "event": event}
"""
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT = "arn:aws:states:::lambda:invoke.waitForTaskToken"


@pytest.fixture(scope="module")
def function(sandbox: Sandbox) -> str:
    return make_function(sandbox, "sfn-echo", FUNCTION)


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "sfn-machine", "states.amazonaws.com")


def make_machine(
    sandbox: Sandbox, name: str, role: str, definition: dict[str, Any], **more: Any
) -> str:
    made = sandbox.client("stepfunctions").create_state_machine(
        name=name, roleArn=role, definition=json.dumps(definition), **more
    )
    return str(made["stateMachineArn"])


def task(resource: str, function: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"FunctionName": function, "Payload": payload},
        "End": True,
        **more,
    }


def single(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": state}}


def start(sandbox: Sandbox, machine: str, **given: Any) -> str:
    started = sandbox.client("stepfunctions").start_execution(stateMachineArn=machine, **given)
    return str(started["executionArn"])


def end_of(sandbox: Sandbox, execution: str) -> dict[str, Any]:
    client = sandbox.client("stepfunctions")

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_execution(executionArn=execution)
        return None if described["status"] == "RUNNING" else described

    return wait_until(ended, f"the end of {execution}")


def token_of(sandbox: Sandbox, execution: str, number: int = 1) -> str:
    """Return the task token of the n-th attempt, from the history."""
    client = sandbox.client("stepfunctions")

    def scheduled() -> str | None:
        events = client.get_execution_history(executionArn=execution)["events"]
        tasks = [event for event in events if event["type"] == "TaskScheduled"]
        submitted = [event for event in events if event["type"] == "TaskSubmitted"]
        if len(tasks) < number or len(submitted) < number:
            return None
        parameters = json.loads(tasks[number - 1]["taskScheduledEventDetails"]["parameters"])
        return str(parameters["Payload"]["token"])

    return wait_until(scheduled, f"token {number}")


def error_code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def test_unnamed_executions_get_unique_names(sandbox: Sandbox, role: str) -> None:
    machine = make_machine(sandbox, "sfn-pass", role, single({"Type": "Pass", "End": True}))
    first, second = start(sandbox, machine), start(sandbox, machine)
    assert first != second
    assert end_of(sandbox, first)["status"] == end_of(sandbox, second)["status"] == "SUCCEEDED"


def test_a_used_name_starts_no_second_execution(sandbox: Sandbox, role: str, function: str) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"})
    machine = make_machine(sandbox, "sfn-names", role, single(state))
    client = sandbox.client("stepfunctions")
    execution = start(sandbox, machine, name="once", input="{}")
    assert start(sandbox, machine, name="once", input="{}") == execution
    with pytest.raises(ClientError) as other_input:
        start(sandbox, machine, name="once", input='{"other": 1}')
    assert error_code(other_input) == "ExecutionAlreadyExists"
    client.send_task_success(taskToken=token_of(sandbox, execution), output="{}")
    end_of(sandbox, execution)
    with pytest.raises(ClientError) as closed:
        start(sandbox, machine, name="once", input="{}")
    assert error_code(closed) == "ExecutionAlreadyExists"
    with pytest.raises(ClientError) as bad_name:
        start(sandbox, machine, name="with space")
    assert error_code(bad_name) == "InvalidName"


def test_two_starts_at_once_make_one_execution(sandbox: Sandbox, role: str) -> None:
    machine = make_machine(
        sandbox, "sfn-race", role, single({"Type": "Wait", "Seconds": 100, "End": True})
    )
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(start(sandbox, machine, name="same")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 4
    assert len(set(found)) == 1
    listed = sandbox.client("stepfunctions").list_executions(stateMachineArn=machine)
    assert len(listed["executions"]) == 1


def test_the_error_name_of_a_function_is_its_exception(
    sandbox: Sandbox, role: str, function: str
) -> None:
    machine = make_machine(
        sandbox, "sfn-error", role, single(task(INVOKE, function, {"fail": "always"}))
    )
    described = end_of(sandbox, start(sandbox, machine))
    assert described["status"] == "FAILED"
    assert described["error"] == "Refused"
    assert json.loads(described["cause"])["errorMessage"] == "told to"
    assert described["stopDate"] >= described["startDate"]


def test_a_function_error_fails_a_waiting_state_at_once(
    sandbox: Sandbox, role: str, function: str
) -> None:
    state = task(WAIT, function, {"fail": "always", "token.$": "$$.Task.Token"}, TimeoutSeconds=300)
    machine = make_machine(sandbox, "sfn-wait-error", role, single(state))
    # This differs from the error of the state's time limit.
    assert end_of(sandbox, start(sandbox, machine))["error"] == "Refused"


def test_a_task_result_ends_the_wait_and_is_accepted_once(
    sandbox: Sandbox, role: str, function: str
) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"}, ResultPath="$.answer")
    machine = make_machine(sandbox, "sfn-answer", role, single(state))
    client = sandbox.client("stepfunctions")
    execution = start(sandbox, machine, input='{"kept": true}')
    token = token_of(sandbox, execution)
    assert state_machines.state_machine_arn_of_token(token) == machine
    with pytest.raises(ClientError) as bad_output:
        client.send_task_success(taskToken=token, output="not json")
    assert error_code(bad_output) == "InvalidOutput"
    client.send_task_success(taskToken=token, output='{"status": "Completed"}')
    with pytest.raises(ClientError) as again:
        client.send_task_success(taskToken=token, output="{}")
    assert error_code(again) == "TaskTimedOut"
    output = json.loads(end_of(sandbox, execution)["output"])
    assert output == {"kept": True, "answer": {"status": "Completed"}}
    with pytest.raises(ClientError) as late:
        client.send_task_failure(taskToken=token, error="Late")
    assert error_code(late) == "TaskTimedOut"
    with pytest.raises(ClientError) as unknown:
        client.send_task_success(taskToken="never issued", output="{}")
    assert error_code(unknown) == "InvalidToken"


def test_a_failure_keeps_its_error_and_cause(sandbox: Sandbox, role: str, function: str) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"})
    machine = make_machine(sandbox, "sfn-failure", role, single(state))
    execution = start(sandbox, machine)
    sandbox.client("stepfunctions").send_task_failure(
        taskToken=token_of(sandbox, execution), error="Labeling", cause="because"
    )
    described = end_of(sandbox, execution)
    assert (described["status"], described["error"], described["cause"]) == (
        "FAILED",
        "Labeling",
        "because",
    )


def test_each_attempt_has_its_own_token_and_the_old_one_is_stale(
    sandbox: Sandbox, role: str, function: str
) -> None:
    payload = {"token.$": "$$.Task.Token", "attempt.$": "$$.State.RetryCount"}
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    machine = make_machine(
        sandbox, "sfn-retry", role, single(task(WAIT, function, payload, Retry=retry))
    )
    client = sandbox.client("stepfunctions")
    execution = start(sandbox, machine)
    first = token_of(sandbox, execution)
    client.send_task_failure(taskToken=first, error="Again")
    second = token_of(sandbox, execution, number=2)
    assert second != first
    with pytest.raises(ClientError) as stale:
        client.send_task_success(taskToken=first, output="{}")
    assert error_code(stale) == "TaskTimedOut"
    events = client.get_execution_history(executionArn=execution)["events"]
    attempts = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["attempt"]
        for event in events
        if event["type"] == "TaskScheduled"
    ]
    assert attempts == [0, 1]
    client.send_task_success(taskToken=second, output="{}")
    assert end_of(sandbox, execution)["status"] == "SUCCEEDED"


def test_a_waiting_state_times_out_and_its_token_with_it(
    sandbox: Sandbox, role: str, function: str
) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"}, TimeoutSeconds=1)
    state["Catch"] = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    definition = {
        "StartAt": "Only",
        "States": {"Only": state, "Late": {"Type": "Pass", "End": True}},
    }
    machine = make_machine(sandbox, "sfn-timeout", role, definition)
    execution = start(sandbox, machine)
    token = token_of(sandbox, execution)
    described = end_of(sandbox, execution)
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["Error"] == "States.Timeout"
    with pytest.raises(ClientError) as late:
        sandbox.client("stepfunctions").send_task_success(taskToken=token, output="{}")
    assert error_code(late) == "TaskTimedOut"


def test_the_context_object_has_the_fields_of_aws(
    sandbox: Sandbox, role: str, function: str
) -> None:
    payload = {
        "entered.$": "$$.State.EnteredTime",
        "started.$": "$$.Execution.StartTime",
        "execution.$": "$$.Execution.Id",
        "machine.$": "$$.StateMachine.Id",
        "retries.$": "$$.State.RetryCount",
    }
    machine = make_machine(sandbox, "sfn-context", role, single(task(INVOKE, function, payload)))
    execution = start(sandbox, machine)
    event = json.loads(end_of(sandbox, execution)["output"])["Payload"]["event"]
    assert event["machine"] == machine
    assert event["execution"] == execution
    assert event["retries"] == 0
    for moment in (event["entered"], event["started"]):
        assert len(moment) == len("2026-01-02T03:04:05.678Z")
        assert moment.endswith("Z")


def test_a_map_hands_each_item_to_its_task(sandbox: Sandbox, role: str, function: str) -> None:
    inner = task(INVOKE, function, {"shard.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"})
    inner["OutputPath"] = "$.Payload.event"
    state = {
        "Type": "Map",
        "ItemsPath": "$.shards",
        "MaxConcurrency": 2,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **single(inner)},
        "End": True,
    }
    machine = make_machine(sandbox, "sfn-map", role, single(state))
    output = json.loads(
        end_of(sandbox, start(sandbox, machine, input='{"shards": [7, 8, 9]}'))["output"]
    )
    assert output == [{"shard": 7, "at": 0}, {"shard": 8, "at": 1}, {"shard": 9, "at": 2}]


def test_a_waiting_state_is_timed_out_on_request(
    sandbox: Sandbox, role: str, function: str
) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"}, TimeoutSeconds=3600)
    state["Catch"] = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    definition = {
        "StartAt": "Only",
        "States": {"Only": state, "Late": {"Type": "Pass", "End": True}},
    }
    execution = start(sandbox, make_machine(sandbox, "sfn-timed-out-state", role, definition))
    token = token_of(sandbox, execution)
    time_out(sandbox, execution, "waiting states")
    described = end_of(sandbox, execution)
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["Error"] == "States.Timeout"
    with pytest.raises(ClientError) as late:
        sandbox.client("stepfunctions").send_task_success(taskToken=token, output="{}")
    assert error_code(late) == "TaskTimedOut"


def test_an_execution_is_timed_out_on_request(sandbox: Sandbox, role: str, function: str) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"})
    execution = start(sandbox, make_machine(sandbox, "sfn-timed-out", role, single(state)))
    token_of(sandbox, execution)
    time_out(sandbox, execution, "execution")
    client = sandbox.client("stepfunctions")

    def timed_out() -> bool:
        events = client.get_execution_history(executionArn=execution)["events"]
        return bool(events[-1]["type"] == "ExecutionTimedOut")

    wait_until(timed_out, "the last event")
    described = client.describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("TIMED_OUT", "States.Timeout")
    with pytest.raises(HTTPError, match="409"):
        time_out(sandbox, execution, "execution")


def time_out(sandbox: Sandbox, execution: str, what: str) -> None:
    body = {"execution_arn": execution, "what": what}
    control(sandbox, "POST", "executions/time-out", body)


def test_stopping_a_waiting_execution_aborts_it_at_once(
    sandbox: Sandbox, role: str, function: str
) -> None:
    state = task(WAIT, function, {"token.$": "$$.Task.Token"})
    state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Never"}]
    definition = {
        "StartAt": "Only",
        "States": {"Only": state, "Never": {"Type": "Pass", "End": True}},
    }
    machine = make_machine(sandbox, "sfn-stop", role, definition)
    client = sandbox.client("stepfunctions")
    execution = start(sandbox, machine)
    token = token_of(sandbox, execution)
    client.stop_execution(executionArn=execution, error="Operator", cause="enough")
    described = client.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == (
        "ABORTED",
        "Operator",
        "enough",
    )
    assert "stopDate" in described
    with pytest.raises(ClientError) as late:
        client.send_task_success(taskToken=token, output="{}")
    assert error_code(late) == "TaskTimedOut"

    def aborted() -> bool:
        events = client.get_execution_history(executionArn=execution)["events"]
        return bool(events[-1]["type"] == "ExecutionAborted")

    wait_until(aborted, "the last event")
    assert client.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_the_machines_role_calls_the_function(sandbox: Sandbox, function: str) -> None:
    role = make_role(
        sandbox,
        "sfn-powerless",
        "states.amazonaws.com",
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{function}-other"},
    )
    machine = make_machine(sandbox, "sfn-role", role, single(task(INVOKE, function, {})))
    refused = end_of(sandbox, start(sandbox, machine))
    assert refused["status"] == "FAILED"
    assert "lambda:InvokeFunction" in refused["cause"]
    put_policy(
        sandbox,
        "sfn-powerless",
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
    )
    assert end_of(sandbox, start(sandbox, machine))["status"] == "SUCCEEDED"


def test_callers_read_an_encrypted_execution_with_the_key_or_its_metadata_without(
    sandbox: Sandbox, role: str
) -> None:
    key = make_key(sandbox)
    machine = sandbox.client("stepfunctions").create_state_machine(
        name="sfn-encrypted",
        roleArn=role,
        definition=json.dumps(single({"Type": "Pass", "End": True})),
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key},
    )["stateMachineArn"]
    states = {"Effect": "Allow", "Action": "states:*", "Resource": "*"}
    reader = make_role(sandbox, "sfn-reader", "lambda.amazonaws.com", states)
    keys = credentials.assume(reader, "reader", "lambda.amazonaws.com")
    client = sandbox.client("stepfunctions", **keys.for_client())
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    end_of(sandbox, execution)
    readings: list[Callable[[], Any]] = [
        lambda: client.describe_execution(executionArn=execution),
        lambda: client.describe_state_machine(stateMachineArn=machine),
        lambda: client.get_execution_history(executionArn=execution),
    ]
    for reading in readings:
        with pytest.raises(ClientError) as refused:
            reading()
        assert error_code(refused) == "KmsAccessDeniedException"
    metadata = client.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert metadata["status"] == "SUCCEEDED"
    assert not {"input", "output"} & metadata.keys()
    assert client.list_executions(stateMachineArn=machine)["executions"]
    assert client.stop_execution(executionArn=execution)["stopDate"]
    decrypt = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": f"states.{sandbox.region}.amazonaws.com",
                "kms:EncryptionContext:aws:states:stateMachineArn": machine,
            }
        },
    }
    put_policy(sandbox, "sfn-reader", states, decrypt)
    assert all(reading() for reading in readings)
    assert client.describe_execution(executionArn=execution)["output"] == "{}"


def test_a_role_that_does_not_trust_step_functions_is_refused(sandbox: Sandbox) -> None:
    role = make_role(sandbox, "sfn-untrusting", "lambda.amazonaws.com")
    with pytest.raises(ClientError):
        make_machine(sandbox, "sfn-untrusted", role, single({"Type": "Pass", "End": True}))


def test_waits_are_scaled(sandbox: Sandbox, role: str) -> None:
    machine = make_machine(
        sandbox, "sfn-wait", role, single({"Type": "Wait", "Seconds": 60, "End": True})
    )
    began = time.monotonic()
    assert end_of(sandbox, start(sandbox, machine))["status"] == "SUCCEEDED"
    assert 0.5 < time.monotonic() - began < 50


def test_an_execution_whose_thread_dies_is_failed(
    sandbox: Sandbox, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.stepfunctions.parser.asl.component.program.program import Program

    def break_down(_program: Program, _env: object) -> None:
        message = "a defect of the interpreter"
        raise RuntimeError(message)

    machine = make_machine(sandbox, "sfn-death", role, single({"Type": "Pass", "End": True}))
    monkeypatch.setattr(Program, "eval", break_down)
    described = end_of(sandbox, start(sandbox, machine))
    assert described["status"] == "FAILED"
    assert described["cause"] == "a defect of the interpreter"


def test_executions_write_logs(sandbox: Sandbox, role: str) -> None:
    logs = sandbox.client("logs")
    group = "/aws/vendedlogs/states/sfn-logged"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{sandbox.region}:{sandbox.account}:log-group:{group}:*"
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
    machine = make_machine(
        sandbox,
        "sfn-logged",
        role,
        single({"Type": "Pass", "End": True}),
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": destinations,
        },
    )
    execution = start(sandbox, machine)
    end_of(sandbox, execution)
    lines = [
        json.loads(event["message"])
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    assert {"ExecutionStarted", "ExecutionSucceeded"} <= {line["type"] for line in lines}
    assert {line["execution_arn"] for line in lines} == {execution}


@pytest.mark.parametrize(
    ("definition", "result"),
    [
        (single({"Type": "Pass", "End": True}), "OK"),
        (single({"Type": "Pass", "Next": "Nowhere"}), "FAIL"),
        (single({"Type": "Pass"}), "FAIL"),
        ({"StartAt": "Other", "States": {"Only": {"Type": "Pass", "End": True}}}, "FAIL"),
        ({"StartAt": "Only", "States": {"Only": {"Type": "Nonsense"}}}, "FAIL"),
    ],
)
def test_definitions_are_validated(
    sandbox: Sandbox, role: str, definition: dict[str, Any], result: str
) -> None:
    client = sandbox.client("stepfunctions")
    validated = client.validate_state_machine_definition(definition=json.dumps(definition))
    assert validated["result"] == result
    if result == "FAIL":
        with pytest.raises(ClientError) as refused:
            make_machine(sandbox, "sfn-invalid", role, definition)
        assert error_code(refused) == "InvalidDefinition"


def test_versions_and_aliases_can_be_started(sandbox: Sandbox, role: str) -> None:
    client = sandbox.client("stepfunctions")
    definition = single({"Type": "Pass", "End": True})
    machine = make_machine(sandbox, "sfn-versions", role, definition, publish=True)
    versions = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in versions] == [f"{machine}:1"]
    routes = [{"stateMachineVersionArn": f"{machine}:1", "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)
    assert start(sandbox, str(alias["stateMachineAliasArn"]))
    with pytest.raises(ClientError) as other:
        make_machine(sandbox, "sfn-versions", role, single({"Type": "Succeed"}))
    assert error_code(other) == "StateMachineAlreadyExists"


LARGEST_PAYLOAD_BYTES = 262_144


def caught_by_all(state: dict[str, Any]) -> dict[str, Any]:
    """Return a machine whose first state repeats and catches every error that it can."""
    everything = {"ErrorEquals": ["States.ALL"]}
    first = {
        **state,
        "Retry": [{**everything, "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{**everything, "Next": "Caught"}],
    }
    return {
        "StartAt": "Only",
        "States": {"Only": first, "Caught": {"Type": "Pass", "End": True}},
    }


def described_and_history(
    sandbox: Sandbox, role: str, name: str, definition: dict[str, Any], **given: Any
) -> tuple[dict[str, Any], list[str]]:
    execution = start(sandbox, make_machine(sandbox, name, role, definition), **given)
    described = end_of(sandbox, execution)
    events = sandbox.client("stepfunctions").get_execution_history(executionArn=execution)
    return described, [event["type"] for event in events["events"]]


@pytest.mark.parametrize(
    "field",
    [
        {"ResultSelector": {"absent.$": "$.Payload.absent"}},
        {"OutputPath": "$.Payload.absent"},
        {"Parameters": {"FunctionName.$": "$.no", "Payload": {}}},
    ],
    ids=lambda field: next(iter(field)),
)
def test_an_unmatched_path_ends_the_execution(
    sandbox: Sandbox, role: str, function: str, field: dict[str, Any]
) -> None:
    state = {**task(INVOKE, function, {}), **field}
    name = f"sfn-nowhere-{next(iter(field))}"
    described, history = described_and_history(sandbox, role, name, caught_by_all(state))
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert history.count("TaskScheduled") <= 1


def test_a_result_over_the_limit_ends_the_execution(sandbox: Sandbox, role: str) -> None:
    code = f"def handler(event, context):\n    return 'x' * {LARGEST_PAYLOAD_BYTES}\n"
    function = make_function(sandbox, "sfn-large", code)
    definition = caught_by_all(task(INVOKE, function, {}))
    described, history = described_and_history(sandbox, role, "sfn-large", definition)
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert history.count("TaskScheduled") == 1


def test_a_payload_over_the_limit_ends_the_execution(
    sandbox: Sandbox, role: str, function: str
) -> None:
    text = "x" * (LARGEST_PAYLOAD_BYTES // 2)
    state = task(INVOKE, function, {"first.$": "$.text", "second.$": "$.text"})
    described, history = described_and_history(
        sandbox, role, "sfn-large-payload", caught_by_all(state), input=json.dumps({"text": text})
    )
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "LambdaFunctionSucceeded" not in history
    assert "TaskSucceeded" not in history


@pytest.mark.parametrize("character", ["x", "é"])
def test_state_data_at_the_limit_is_accepted(sandbox: Sandbox, role: str, character: str) -> None:
    room = LARGEST_PAYLOAD_BYTES - len('{"text":"x"}')
    text = "x" + character * (room // len(character.encode()))
    given = json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":"))
    assert len(given.encode()) == LARGEST_PAYLOAD_BYTES
    machine = make_machine(
        sandbox, f"sfn-limit-{ord(character)}", role, single({"Type": "Pass", "End": True})
    )
    assert end_of(sandbox, start(sandbox, machine, input=given))["status"] == "SUCCEEDED"


def test_a_choice_on_an_absent_field_ends_the_execution(sandbox: Sandbox, role: str) -> None:
    state = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.outcome", "StringEquals": "good", "Next": "Other"}],
        "Default": "Other",
    }
    definition = {
        "StartAt": "Only",
        "States": {"Only": state, "Other": {"Type": "Pass", "End": True}},
    }
    described, _ = described_and_history(sandbox, role, "sfn-choice", definition)
    assert (described["status"], described.get("error")) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ("{}", "States.Runtime"),
        (f"'x' * {LARGEST_PAYLOAD_BYTES}", "States.DataLimitExceeded"),
    ],
)
def test_an_error_inside_of_a_map_keeps_its_name(
    sandbox: Sandbox, role: str, result: str, error: str
) -> None:
    name = f"sfn-map-{error.split('.')[1]}"
    function = make_function(sandbox, name, f"def handler(event, context):\n    return {result}\n")
    inner = task(INVOKE, function, {}, ResultSelector={"absent.$": "$.Payload.absent"})
    state = {
        "Type": "Map",
        "ItemsPath": "$.shards",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **single(inner)},
        "End": True,
    }
    given = json.dumps({"shards": [1]})
    described, _ = described_and_history(sandbox, role, name, caught_by_all(state), input=given)
    assert (described["status"], described.get("error")) == ("FAILED", error)


def test_a_history_is_returned_in_reverse_order_on_request(sandbox: Sandbox, role: str) -> None:
    definition = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
    client = sandbox.client("stepfunctions")
    machine = make_machine(sandbox, "sfn-reverse", role, definition)
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    end_of(sandbox, execution)
    forward = client.get_execution_history(executionArn=execution)["events"]
    backward = client.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
    assert [event["id"] for event in backward] == [event["id"] for event in reversed(forward)]
    assert len(forward) > 1
