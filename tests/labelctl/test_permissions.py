"""A command runs with exactly the permissions that its page lists, and names a missing one."""

from __future__ import annotations

import copy
import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labelctl.connection import Connection
from labelctl.error_messages import LabelctlError, explained
from labeling_deployment.module import ROOT
from labeling_lambdas.domain.messages import dead_letter_message
from labeling_sandbox.iam import credentials
from tests.domain.examples import reviewed_line, s3_event
from tests.handlers.test_engines import use_label_studio
from tests.labelctl.stoppable import begun_run, publish, schedule
from tests.labelctl.test_backfill_texts import lines
from tests.labelctl.test_preview import prepare_page
from tests.sandbox.resources import make_role, put_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.labelctl.stage import Operated

Statement = dict[str, Any]
_DOCUMENT = (ROOT / "docs" / "labelctl.md").read_text(encoding="utf-8")
POLICIES: dict[str, list[Statement]] = {
    section.partition("\n")[0]: json.loads(section.partition("```json\n")[2].partition("```")[0])
    for section in re.split(r"^#### ", _DOCUMENT, flags=re.MULTILINE)[1:]
    if "```json" in section
}

_WITHOUT_RESOURCE = ("cloudwatch:GetMetricData", "sagemaker:RenderUiTemplate")


@dataclass(frozen=True)
class Use:
    """A command with the permissions and resources that it needs.

    Attributes:
        policies: Titles in the document.
        arguments: Command and options.
        prepare: Creates something for it to process.
        texts: Whether the pipeline labels texts.
    """

    policies: tuple[str, ...]
    arguments: tuple[str, ...]
    prepare: Callable[[Operated], None]
    texts: bool = False


def open_run(operated: Operated) -> None:
    run = operated.claim(1)
    name = operated.job_name(run)
    operated.put_rows(
        {"pk": f"JOB#{name}", "run_id": run["run_id"], "task_token": "t", "token_order": "o"}
    )


def image(operated: Operated) -> None:
    operated.upload(f"{uuid.uuid4().hex}.png")


def text(operated: Operated) -> None:
    operated.upload(f"{uuid.uuid4().hex}.txt", lines(1, 2))


def dead_letters(operated: Operated) -> None:
    """Dead-letter an item that the command selects, and one that it does not."""
    for reason in ("selected", "other"):
        source = operated.source(f"{reason}.png")
        body = dead_letter_message(
            source, run_id="r", attempts=1, generation=1, reason=reason, detail=""
        )
        operated.dead_letter(body)


def undelivered(operated: Operated) -> None:
    for message in (s3_event(operated.source("a.png")), {}):
        operated.client("sqs").send_message(
            QueueUrl=operated.undelivered_url, MessageBody=json.dumps(message)
        )


def stoppable_run(operated: Operated) -> None:
    """Open a run with a job in progress and an execution, beside a schedule that is enabled."""
    schedule(operated)
    begun_run(operated, uuid.uuid4().hex)


def stoppable_runs_on_both_engines(operated: Operated) -> None:
    operated.configure()
    stoppable_run(operated)
    use_label_studio(operated)
    stoppable_run(operated)


def paused_schedule(operated: Operated) -> None:
    schedule(operated, "DISABLED")


def labeled_image(operated: Operated) -> None:
    publish(operated, enabled=True)
    # Runs before the upload cannot have it.
    operated.started = datetime.now(UTC).isoformat()
    source = operated.upload("a.png")
    operated.announce([source])
    run = operated.poll()
    operated.settle(run, operated.ended_job(run, [operated.labeled(source)]))


def open_run_and_rejected_label(operated: Operated) -> None:
    """Close a run in which reviewers rejected a label, and open one with a job."""
    operated.verify()
    operated.started = datetime.now(UTC).isoformat()
    for name in (f"closed-{uuid.uuid4().hex}", f"open-{uuid.uuid4().hex}"):
        source = operated.upload(f"{name}.png")
        operated.announce([source])
        run = operated.poll(execution=name)
        if name.startswith("open"):
            job = f"JOB#{operated.job_name(run)}"
            operated.put_rows(
                {"pk": job, "run_id": run["run_id"], "task_token": "t", "token_order": "o"}
            )
            return
        line = operated.labeled(source)
        verdict = reviewed_line(line, "Wrong label")
        verification = operated.ended_job(run, [verdict], stage="verify")
        operated.settle(run, operated.ended_job(run, [line]), verification, execution=name)


_STOP, _STOP_JOBS = ("status", "stop, in addition"), "stop --jobs, in addition"
_BACKFILL, _TEXTS = "backfill", "backfill of texts, in addition"
_REDRIVE = ("redrive", "redrive --send, in addition")
USES = {
    "status": Use(("status",), ("status",), open_run),
    "status --age": Use(("status", "status --age, in addition"), ("status", "--age"), open_run),
    "backfill": Use((_BACKFILL,), ("backfill",), image),
    "backfill --send": Use(
        (_BACKFILL, "backfill --send of images, in addition"), ("backfill", "--send"), image
    ),
    "backfill of texts": Use((_BACKFILL, _TEXTS), ("backfill",), text, texts=True),
    "backfill --send of texts": Use(
        (_BACKFILL, _TEXTS, "backfill --send of texts, in addition"),
        ("backfill", "--send"),
        text,
        texts=True,
    ),
    "redrive": Use(("redrive",), ("redrive",), dead_letters),
    "redrive --send": Use(_REDRIVE, ("redrive", "--send", "--reason", "selected"), dead_letters),
    "stop": Use(_STOP, ("stop",), stoppable_run),
    "stop --jobs": Use((*_STOP, _STOP_JOBS), ("stop", "--jobs"), stoppable_run),
    "stop --jobs in Label Studio": Use(
        (*_STOP, _STOP_JOBS, "stop --jobs in Label Studio, in addition"),
        ("stop", "--jobs"),
        stoppable_runs_on_both_engines,
    ),
    "stop --executions": Use(
        (*_STOP, "stop --executions, in addition"), ("stop", "--executions"), stoppable_run
    ),
    "preview": Use(("preview",), ("preview", "--no-open", "a.png"), prepare_page),
    "preview --aws": Use(
        ("preview", "preview --aws, in addition"),
        ("preview", "--no-open", "--aws", "a.png"),
        prepare_page,
    ),
    "report": Use(
        ("status", "report, in addition"),
        ("report", "--json", "--no-labels", "--no-workers"),
        open_run_and_rejected_label,
    ),
    "trace": Use(("trace",), ("trace", "a.png"), labeled_image),
    "resume": Use(("resume",), ("resume",), paused_schedule),
    "resume --start": Use(
        ("resume", "resume --start, in addition"), ("resume", "--start"), paused_schedule
    ),
    "redrive --undelivered --send": Use(
        _REDRIVE, ("redrive", "--undelivered", "--send"), undelivered
    ),
}


def statements(operated: Operated, name: str) -> list[Statement]:
    """Return the statements of a use, with the names of the test's pipeline."""
    use = USES[name]
    changes = {}
    if "--undelivered" in use.arguments:
        changes["JOB_NAME-dead-letter"] = f"{operated.name}-undelivered"
    return with_names(operated, use.policies, changes)


def with_names(
    operated: Operated, titles: Sequence[str], changes: Mapping[str, str] | None = None
) -> list[Statement]:
    """Return the statements of sections, with the names of the test's pipeline."""
    found = json.dumps([entry for title in titles for entry in POLICIES[title]])
    names = {
        "JOB_NAME-ACCOUNT-REGION-features": operated.features,
        "execution:JOB_NAME": f"execution:{operated.machine_arn.rpartition(':')[2]}",
        "role/JOB_NAME-ground-truth-REGION": operated.role_arn.rpartition(":")[2],
        "stateMachine:JOB_NAME": f"stateMachine:{operated.machine_arn.rpartition(':')[2]}",
        "JOB_NAME-ACCOUNT-REGION-output": operated.output,
        "JOB_NAME-ACCOUNT-REGION-upload": operated.uploads,
        "JOB_NAME-dead-letter": f"{operated.name}-dead",
        "JOB_NAME": operated.name,
        "KEY_ARN": operated.key_arn,
        "REGION": operated.sandbox.region,
        "ACCOUNT": operated.sandbox.account,
        **(changes or {}),
    }
    for placeholder, value in names.items():
        found = found.replace(placeholder, value)
    result: list[Statement] = json.loads(found)
    return result


def without_each_action(policy: list[Statement]) -> list[tuple[str, list[Statement]]]:
    reduced = []
    for position, statement in enumerate(policy):
        for action in statement["Action"]:
            less = copy.deepcopy(policy)
            less[position]["Action"].remove(action)
            reduced.append((action, [kept for kept in less if kept["Action"]]))
    return reduced


def encrypt(operated: Operated) -> None:
    """Encrypt everything with the pipeline's key, as the module does."""
    for url in (operated.intake_url, operated.dead_letter_url, operated.undelivered_url):
        operated.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"KmsMasterKeyId": operated.key_arn}
        )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": operated.key_arn}
    operated.client("s3").put_bucket_encryption(
        Bucket=operated.uploads,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    dynamodb = operated.client("dynamodb")
    dynamodb.delete_table(TableName=operated.table)
    dynamodb.create_table(
        TableName=operated.table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": operated.key_arn},
    )


@pytest.mark.parametrize("name", USES)
def test_a_command_needs_each_permission_of_its_policy_and_no_other(
    operated: Operated, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = USES[name]
    encrypt(operated)
    if use.texts:
        operated.label_texts()
    role = f"{operated.name}-operator"
    arn = make_role(operated.sandbox, role, "ec2.amazonaws.com")
    held = credentials.assume(arn, "operator")
    policy = statements(operated, name)
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        for action, less in without_each_action(policy):
            use.prepare(operated)
            put_policy(operated.sandbox, role, *less)
            line = operated.error(*use.arguments)
            resource = "*" if action in _WITHOUT_RESOURCE else "arn:"
            assert line.startswith(f"error: missing permission {action} on {resource}")
            snippet = json.loads(line.partition("allow it with ")[2].partition("; ")[0])
            assert snippet["Action"] == action
        use.prepare(operated)
        put_policy(operated.sandbox, role, *policy)
        results = [operated.labelctl(*use.arguments) for _ in range(2)]
    # Also when there is nothing left to do.
    assert [result.exit_code for result in results] == [0, 0], results[-1].output


def test_every_policy_of_the_page_is_tested() -> None:
    used = {title for use in USES.values() for title in use.policies}
    # Those of doctor are tested with a deployed pipeline, in test_doctor.py.
    of_doctor = {"doctor", "doctor --smoke, in addition", "doctor --smoke-label, in addition"}
    # Those of export are tested with what the functions store, in test_export_permissions.py.
    of_export = {title for title in POLICIES if title.partition(" ")[0] == "export"}
    # Those of a report's labels too, in test_report_permissions.py.
    of_labels = {title for title in POLICIES if title.startswith("report of ")}
    assert used | of_doctor | of_export | of_labels == set(POLICIES)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "permission"),
    [
        (
            "s3",
            "list_object_versions",
            {"Bucket": "b"},
            ("s3:ListBucketVersions", "arn:aws:s3:::b"),
        ),
        (
            "sqs",
            "delete_message_batch",
            {"QueueUrl": "https://q/1/name", "Entries": [{"Id": "0", "ReceiptHandle": "h"}]},
            ("sqs:DeleteMessage", "arn:aws:sqs:us-east-1:*:name"),
        ),
        (
            "dynamodb",
            "batch_get_item",
            {"RequestItems": {"t": {"Keys": [{"pk": {"S": "k"}}]}}},
            ("dynamodb:BatchGetItem", "arn:aws:dynamodb:us-east-1:*:table/t"),
        ),
        (
            "ssm",
            "get_parameters",
            {"Names": ["/digits/task-type"]},
            ("ssm:GetParameters", "arn:aws:ssm:us-east-1:*:parameter/digits/*"),
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f"},
            ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:*:function:f"),
        ),
        (
            "glue",
            "get_table",
            {"DatabaseName": "d", "Name": "t"},
            ("glue:GetTable", "arn:aws:glue:us-east-1:*:table/d/t"),
        ),
        (
            "sagemaker",
            "describe_feature_group",
            {"FeatureGroupName": "Digits"},
            (
                "sagemaker:DescribeFeatureGroup",
                "arn:aws:sagemaker:us-east-1:*:feature-group/digits",
            ),
        ),
        (
            "sagemaker",
            "describe_labeling_job",
            {"LabelingJobName": "Digits-label"},
            (
                "sagemaker:DescribeLabelingJob",
                "arn:aws:sagemaker:us-east-1:*:labeling-job/digits-label",
            ),
        ),
    ],
)
def test_a_denial_without_details_is_explained_from_the_call(
    service: str,
    operation: str,
    parameters: dict[str, Any],
    permission: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(LabelctlError) as shown:
        call_refused(service, operation, parameters, "AccessDenied", "Access Denied")
    assert str(shown.value).startswith(f"missing permission {permission[0]} on {permission[1]}; ")


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        (
            "AccessDeniedException",
            'not authorized to perform: s3:X on resource: "arn:r" with an explicit deny in a SCP',
            "a policy explicitly denies s3:X on arn:r",
        ),
        (
            "KMS.AccessDeniedException",
            "The ciphertext refers to a key that you may not use.",
            "missing permission kms:Decrypt on the pipeline's key (the module's output kms_key",
        ),
        ("ExpiredToken", "expired", "AWS does not accept the credentials (ExpiredToken)"),
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "gone",
            "ReceiveMessage: AWS.SimpleQueueService.NonExistentQueue: gone; see what",
        ),
        (
            "InvalidAttributeValue",
            "Out of\nrange",
            "ReceiveMessage: InvalidAttributeValue: Out of range",
        ),
    ],
)
def test_each_denial_is_one_line(
    code: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(LabelctlError) as shown:
        call_refused("sqs", "receive_message", {"QueueUrl": "https://q/1/name"}, code, text)
    assert str(shown.value).startswith(said)
    assert "\n" not in str(shown.value)


def call_refused(
    service: str, operation: str, parameters: dict[str, Any], code: str, text: str
) -> None:
    connection = Connection("us-east-1")

    def refuse(model: Any, **_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": text}}, model.name)

    with explained(connection):
        client = connection.client(service)
        client.meta.events.register("before-call", refuse)
        getattr(client, operation)(**parameters)
