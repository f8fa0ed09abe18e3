"""Functions run in real child processes and fail as on Lambda."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.functions import invocations
from tests.sandbox.function_code import LOGS, allow, create_function, create_role, package
from tests.sandbox.resources import control, wait_until

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

DEADLINE_SECONDS = 60.0


def _invoke(sandbox: Sandbox, name: str, event: Any = None, **options: Any) -> tuple[Any, Any]:
    answer = sandbox.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event or {}), **options
    )
    return json.loads(answer["Payload"].read() or b"null"), answer


def _log_messages(sandbox: Sandbox, group: str, containing: str) -> list[str]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            events = sandbox.client("logs").filter_log_events(logGroupName=group)["events"]
        except ClientError:
            events = []
        messages = [event["message"] for event in events]
        if any(containing in message for message in messages):
            return messages
        time.sleep(0.05)
    pytest.fail(f"no log event with {containing!r} in {group}")


def test_warm_environment_keeps_module_state_and_uses_the_roles_credentials(
    sandbox: Sandbox,
) -> None:
    source = """
import os, boto3
count = 0
def handler(event, context):
    global count
    count += 1
    caller = boto3.client("sts").get_caller_identity()["Arn"]
    return {"count": count, "caller": caller, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "pid": os.getpid(),
            "inherited": os.environ.get("LEAKED"), "given": os.environ["GIVEN"]}
"""
    os.environ["LEAKED"] = "server"
    try:
        arn = create_function(sandbox, "warm", source, Environment={"Variables": {"GIVEN": "yes"}})
        first, _ = _invoke(sandbox, "warm")
        second, _ = _invoke(sandbox, "warm")
    finally:
        del os.environ["LEAKED"]
    assert (first["count"], second["count"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert first["caller"].endswith(":assumed-role/warm-role/warm")
    assert first["arn"] == arn
    assert 0 < first["left"] <= 60_000
    assert (first["inherited"], first["given"]) == (None, "yes")


@pytest.mark.parametrize(
    ("name", "body", "error_type"),
    [
        ("raises", "raise ValueError('broken')", "ValueError"),
        ("exits", "import os; os._exit(3)", "Runtime.ExitError"),
        ("sleeps", "import time; time.sleep(30)", "Sandbox.Timedout"),
        ("unserialisable", "return object()", "Runtime.MarshalError"),
    ],
)
def test_failure_is_reported_as_unhandled_and_the_next_call_works(
    sandbox: Sandbox, name: str, body: str, error_type: str
) -> None:
    source = (
        f"def handler(event, context):\n    if event.get('fail'):\n        {body}\n    return 1\n"
    )
    create_function(sandbox, name, source, Timeout=1)
    document, answer = _invoke(sandbox, name, {"fail": True})
    assert answer["FunctionError"] == "Unhandled"
    assert document["errorType"] == error_type
    assert _invoke(sandbox, name)[0] == 1


@pytest.mark.parametrize(
    ("name", "source", "error_type"),
    [
        ("no-import", "import a_module_that_is_not_there", "Runtime.ImportModuleError"),
        ("no-handler", "x = 1", "Runtime.HandlerNotFound"),
    ],
)
def test_initialisation_error_names_its_kind(
    sandbox: Sandbox, name: str, source: str, error_type: str
) -> None:
    create_function(sandbox, name, source)
    document, answer = _invoke(sandbox, name)
    assert answer["FunctionError"] == "Unhandled"
    assert document["errorType"] == error_type


def test_package_must_bring_its_dependencies_but_boto3(sandbox: Sandbox) -> None:
    create_function(sandbox, "forgetful", "import moto\ndef handler(e, c): return 1")
    assert _invoke(sandbox, "forgetful")[0]["errorType"] == "Runtime.ImportModuleError"


def test_changed_code_replaces_the_warm_environment(sandbox: Sandbox) -> None:
    create_function(sandbox, "changing", "def handler(e, c): return 'old'")
    assert _invoke(sandbox, "changing")[0] == "old"
    sandbox.client("lambda").update_function_code(
        FunctionName="changing", ZipFile=package("def handler(e, c): return 'new'")
    )
    assert _invoke(sandbox, "changing")[0] == "new"


def test_log_result_and_log_group_hold_the_output(sandbox: Sandbox) -> None:
    create_function(sandbox, "talking", "def handler(e, c):\n    print('hello log')\n    return 1")
    _, answer = _invoke(sandbox, "talking", LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "hello log" in tail
    assert "REPORT RequestId" in tail
    messages = _log_messages(sandbox, "/aws/lambda/talking", "hello log")
    assert any(message.startswith("START RequestId") for message in messages)


def test_json_logging_follows_both_levels(sandbox: Sandbox) -> None:
    sandbox.client("logs").create_log_group(logGroupName="/own/group")
    source = """
import logging
def handler(e, c):
    logging.getLogger("a").info("kept", extra={"run_id": "r1"})
    logging.getLogger("a").debug("left out")
    return 1
"""
    config = {
        "LogFormat": "JSON",
        "LogGroup": "/own/group",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
    }
    create_function(sandbox, "structured", source, LoggingConfig=config)
    _invoke(sandbox, "structured")
    events = [json.loads(line) for line in _log_messages(sandbox, "/own/group", "kept")]
    assert [(event["level"], event["message"]) for event in events] == [("INFO", "kept")]
    assert events[0]["run_id"] == "r1"
    shown = sandbox.client("lambda").get_function_configuration(FunctionName="structured")
    assert shown["LoggingConfig"] == config


def test_logs_are_lost_without_the_permission(sandbox: Sandbox) -> None:
    role = create_role(sandbox, "silent-role", [allow("s3:GetObject")])
    create_function(sandbox, "silent", "def handler(e, c): print('x')", Role=role)
    _invoke(sandbox, "silent")
    groups = sandbox.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")
    assert groups["logGroups"] == []


def test_role_that_does_not_trust_lambda_cannot_run_a_function(sandbox: Sandbox) -> None:
    role = create_role(sandbox, "foreign-role", service="states.amazonaws.com")
    create_function(sandbox, "distrusted", "def handler(e, c): return 1", Role=role)
    with pytest.raises(ClientError) as raised:
        _invoke(sandbox, "distrusted")
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "foreign-role" in str(raised.value)
    assert "lambda.amazonaws.com" in str(raised.value)


def test_asynchronous_event_is_tried_three_times_and_goes_to_the_dead_letter_queue(
    sandbox: Sandbox,
) -> None:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="async-dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:async-dead"
    role = create_role(
        sandbox, "async-role", [allow(*LOGS), allow("sqs:SendMessage", resource=arn)]
    )
    source = (
        "def handler(e, c):\n    print('try ' + c.aws_request_id)\n    raise RuntimeError('no')"
    )
    create_function(sandbox, "async-fails", source, Role=role, DeadLetterConfig={"TargetArn": arn})
    answer = sandbox.client("lambda").invoke(
        FunctionName="async-fails", InvocationType="Event", Payload=b'{"n": 1}'
    )
    assert answer["StatusCode"] == 202
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=15).get("Messages", [])
    assert [json.loads(message["Body"]) for message in received] == [{"n": 1}]
    messages = _log_messages(sandbox, "/aws/lambda/async-fails", "try ")
    assert sum(message.startswith("try ") for message in messages) == 3


def test_an_event_that_failed_three_times_goes_to_the_destination_with_the_functions_role(
    sandbox: Sandbox,
) -> None:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="async-destination")["QueueUrl"]
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:async-destination"
    role = create_role(
        sandbox, "destination-role", [allow(*LOGS), allow("sqs:SendMessage", resource=arn)]
    )
    source = "def handler(e, c):\n    raise RuntimeError('no')"
    create_function(sandbox, "destination-fails", source, Role=role)
    client = sandbox.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="destination-fails",
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    client.invoke(FunctionName="destination-fails", InvocationType="Event", Payload=b'{"n": 1}')
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    record = json.loads(message["Body"])
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"]["errorMessage"] == "no"


def test_resource_policy_decides_whether_a_rule_may_invoke(sandbox: Sandbox) -> None:
    arn = create_function(sandbox, "target", "def handler(e, c): return 1")
    rule = f"arn:aws:events:{sandbox.region}:{sandbox.account}:rule/mine"
    other = f"arn:aws:events:{sandbox.region}:{sandbox.account}:rule/other"
    assert not invocations.permits(arn, "events.amazonaws.com", rule)
    sandbox.client("lambda").add_permission(
        FunctionName="target",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    assert invocations.permits(arn, "events.amazonaws.com", rule)
    assert not invocations.permits(arn, "events.amazonaws.com", other)
    assert not invocations.permits(arn, "scheduler.amazonaws.com", rule)


def test_configuration_update_is_kept(sandbox: Sandbox) -> None:
    create_function(sandbox, "configured", "def handler(e, c): return 1")
    client = sandbox.client("lambda")
    key = f"arn:aws:kms:{sandbox.region}:{sandbox.account}:key/12345678-1234-1234-1234-123456789012"
    client.update_function_configuration(
        FunctionName="configured", TracingConfig={"Mode": "Active"}, KMSKeyArn=key
    )
    shown = client.get_function_configuration(FunctionName="configured")
    assert shown["TracingConfig"] == {"Mode": "Active"}
    assert shown["KMSKeyArn"] == key


def test_stop_leaves_no_child_process_and_no_folder(runtime_python: Path, tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from labeling_sandbox import functions
from labeling_sandbox.server import Sandbox
from tests.sandbox.function_code import create_function
import json
with Sandbox(port=0, runtime_python=Path({str(runtime_python)!r})) as sandbox:
    create_function(sandbox, "f", "import os\\ndef handler(e, c): return os.getpid()")
    print(json.loads(sandbox.client("lambda").invoke(FunctionName="f")["Payload"].read()))
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=True,
    )
    assert not Path(f"/proc/{int(result.stdout)}").exists()
    assert list(tmp_path.iterdir()) == []


def test_asynchronous_invocations_can_be_waited_for(sandbox: Sandbox) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event['seconds'])\n"
    create_function(sandbox, "async-sleeps", source)
    _invoke(sandbox, "async-sleeps", {"seconds": 0})
    sandbox.client("lambda").invoke(
        FunctionName="async-sleeps", InvocationType="Event", Payload=b'{"seconds": 1}'
    )
    assert not invocations.drain(0.05)
    assert invocations.drain(DEADLINE_SECONDS)
    assert invocations.drain(0)


def test_crash_on_request_fails_the_invocation_under_way_and_not_the_next(
    sandbox: Sandbox,
) -> None:
    source = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return "done"
"""
    create_function(sandbox, "crashing", source)
    assert control(sandbox, "POST", "functions/crashing/crash") == {"crashed": 0}
    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(_invoke, sandbox, "crashing", {"seconds": DEADLINE_SECONDS})
        wait_until(
            lambda: control(sandbox, "POST", "functions/crashing/crash")["crashed"], "an invocation"
        )
        failed, _ = under_way.result(DEADLINE_SECONDS)
    assert failed["errorType"] == "Runtime.ExitError"
    assert _invoke(sandbox, "crashing", {"seconds": 0})[0] == "done"


def test_a_retired_environment_is_replaced_by_a_new_one_that_assumes_the_role_again(
    sandbox: Sandbox,
) -> None:
    source = """
import os
def handler(event, context):
    return os.getpid()
"""
    create_function(sandbox, "retiring", source)
    first = _invoke(sandbox, "retiring", {})[0]
    assert _invoke(sandbox, "retiring", {})[0] == first
    control(sandbox, "POST", "functions/retiring/retire")
    assert _invoke(sandbox, "retiring", {})[0] != first


def test_output_before_the_response_is_logged_even_if_the_reader_is_slow(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read

    def read_slowly(descriptor: int, count: int) -> bytes:
        chunk = read(descriptor, count)
        time.sleep(0.5)
        return chunk

    monkeypatch.setattr("labeling_sandbox.functions.runtime_environment.os.read", read_slowly)
    create_function(sandbox, "written", "def handler(e, c): print('line of the function')")
    _, answer = _invoke(sandbox, "written", LogType="Tail")
    assert "line of the function" in base64.b64decode(answer["LogResult"]).decode()


def test_a_reserved_concurrency_of_zero_is_shown_with_the_function(sandbox: Sandbox) -> None:
    functions = sandbox.client("lambda")
    create_function(sandbox, "reserved", "def handler(e, c): return None")
    assert "Concurrency" not in functions.get_function(FunctionName="reserved")
    functions.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    shown = functions.get_function(FunctionName="reserved")
    assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 0}
