"""Every call is validated, observed, executed, and observed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from in_process_aws.account import Account
from in_process_aws.calls import Answer, Call, RefusalError
from labeling_faults.simulated_time.clock import Clock
from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from tests.in_process_aws.place import AccountPlace

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:machine:one"


class KilledError(Exception):
    """The function was killed."""


@dataclass
class Watching:
    """An observer that records calls, and raises an error at a chosen one."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    kills: str = ""

    def before(self, call: Call) -> None:
        self._see("before", call)

    def after(self, call: Call, answer: Answer) -> None:
        assert "ResponseMetadata" in answer
        self._see("after", call)

    def _see(self, when: str, call: Call) -> None:
        self.seen.append((when, call.operation))
        if self.kills == when:
            raise KilledError


@pytest.fixture
def watching(account: Account) -> Watching:
    observer = Watching()
    account.observer = observer
    return observer


def test_an_observer_sees_each_call_before_and_after(
    account: Account, watching: Watching, account_place: AccountPlace
) -> None:
    url = account_place.new_queue()
    account.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert watching.seen == [("before", "SendMessage"), ("after", "SendMessage")]


def test_the_observer_of_a_client_sees_the_calls_of_no_other_client(
    account: Account, account_place: AccountPlace
) -> None:
    url, observer = account_place.new_queue(), Watching()
    observed = account.observed_client("sqs", observer)
    account.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert observer.seen == []
    observed.receive_message(QueueUrl=url)
    assert observer.seen == [("before", "ReceiveMessage"), ("after", "ReceiveMessage")]


@pytest.mark.parametrize(("kills", "sent"), [("before", 0), ("after", 1)])
def test_a_call_that_is_killed_before_has_no_effect_and_one_killed_after_has(
    account: Account, watching: Watching, account_place: AccountPlace, kills: str, sent: int
) -> None:
    url = account_place.new_queue()
    watching.kills = kills
    with pytest.raises(KilledError):
        account.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert len(account.sqs.queues[url].messages()) == sent


def test_an_observer_sees_a_refused_call_only_before(account: Account, watching: Watching) -> None:
    with pytest.raises(ClientError):
        account.client("s3").get_object(Bucket="absent", Key="a")
    assert watching.seen == [("before", "GetObject")]


def test_a_call_that_botocore_would_not_send_is_not_seen(
    account: Account, watching: Watching
) -> None:
    with pytest.raises(ParamValidationError, match="MessageBody"):
        account.client("sqs").send_message(QueueUrl="x", MessageBody=1)
    assert watching.seen == []


def test_an_account_that_is_not_strict_does_not_ask_botocore() -> None:
    account = Account(Clock(), strict=False)
    url = account.sqs.create_queue("queue")
    account.client("sqs").receive_message(QueueUrl=url, NoSuchParameter=1)


def test_an_error_is_of_the_class_that_clients_catch(account: Account) -> None:
    states = account.client("stepfunctions", config=None)
    made = account.error("stepfunctions", "SendTaskSuccess", "TaskTimedOut", "late", extra=1)
    assert isinstance(made, states.exceptions.TaskTimedOut)
    response: Any = made.response
    assert (response["Error"]["Code"], response["extra"]) == ("TaskTimedOut", 1)


def test_an_operation_that_the_functions_do_not_call_is_missing(account: Account) -> None:
    with pytest.raises(AttributeError, match="create_bucket"):
        account.client("s3").create_bucket(Bucket="x")


def test_events_are_kept_and_refused_on_request(account: Account) -> None:
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "default"}
    assert account.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    account.events.refused = lambda _entries: {0}
    answer = account.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "InternalFailure"
    assert account.events.entries == [entry]


class Backend:
    """A backend with one execution."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []

    def send_task_success(self, token: str, output: str) -> None:
        if token != "known":
            code = "TaskDoesNotExist"
            raise RefusalError(code, "no such task")
        self.answers.append((token, output))

    def describe(self, arn: str) -> dict[str, Any]:
        return {"executionArn": arn, "status": "RUNNING"}

    def start(self, state_machine_arn: str, name: str, state_input: str) -> str:
        del state_input
        return state_machine_arn.replace("stateMachine", "execution") + f":{name}"


def test_executions_need_a_backend(account: Account) -> None:
    backend = Backend()
    account.states.backend = backend
    states = account.client("stepfunctions")
    states.send_task_success(taskToken="known", output="{}")
    assert backend.answers == [("known", "{}")]
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken="unknown", output="{}")
    with pytest.raises(ClientError) as refused:
        states.send_task_success(taskToken="known", output="not JSON")
    assert code_of(refused) == "InvalidOutput"
    assert states.describe_execution(executionArn=EXECUTION)["status"] == "RUNNING"
    account.states.key_refused = True
    with pytest.raises(ClientError) as refused:
        states.describe_execution(executionArn=EXECUTION)
    assert code_of(refused) == "KmsAccessDeniedException"
    described = states.describe_execution(executionArn=EXECUTION, includedData="METADATA_ONLY")
    assert described["status"] == "RUNNING"
    machine = EXECUTION.replace("execution", "stateMachine").removesuffix(":one")
    started = states.start_execution(stateMachineArn=machine, name="one", input="{}")
    assert started["executionArn"] == EXECUTION


def test_concurrent_calls_lose_and_duplicate_nothing(
    account: Account, account_place: AccountPlace
) -> None:
    url, table = account_place.new_queue(), account_place.new_table()
    sqs, dynamodb = account.client("sqs"), account.client("dynamodb")

    def work(thread: int) -> list[str]:
        bodies = []
        for number in range(50):
            sqs.send_message(QueueUrl=url, MessageBody=f"{thread}/{number}")
            dynamodb.update_item(
                TableName=table,
                Key={"pk": {"S": "row"}},
                UpdateExpression="ADD amount :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
            answer = sqs.receive_message(QueueUrl=url)
            bodies += [message["Body"] for message in answer.get("Messages", [])]
        return bodies

    with ThreadPoolExecutor(8) as threads:
        received = [body for bodies in threads.map(work, range(8)) for body in bodies]
    assert sorted(received) == sorted(f"{thread}/{n}" for thread in range(8) for n in range(50))
    assert account.dynamodb.row(table, "row") == {"pk": "row", "amount": 400}


def test_an_execution_that_is_named_by_no_arn_is_refused(account: Account) -> None:
    with pytest.raises(ClientError) as error:
        account.client("stepfunctions").describe_execution(executionArn="no arn at all")
    assert code_of(error) == "InvalidArn"
