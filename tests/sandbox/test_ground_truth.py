"""Labeling jobs: requests, the role's access, output, events, faults."""

from __future__ import annotations

import copy
import itertools
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.events import delivery
from labeling_sandbox.ground_truth.worker_responses import worker_id
from tests.sandbox.resources import control, make_key, make_role, put_policy, wait_until

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

pytestmark = pytest.mark.usefixtures("default_ground_truth")

CLASSES = ["zero", "one", "two"]
TEMPLATE = b"""<crowd-form><crowd-image-classifier name="crowd-image-classifier"
    src="{{ task.input.taskObject | grant_read_access }}"></crowd-image-classifier></crowd-form>"""
_numbers = itertools.count()


@pytest.fixture(scope="module")
def key(sandbox: Sandbox) -> str:
    return make_key(sandbox)


@pytest.fixture(scope="module")
def bucket(sandbox: Sandbox, key: str) -> str:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="labels")
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    }
    s3.put_bucket_encryption(Bucket="labels", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="labels", Key="template.html", Body=TEMPLATE)
    labels = [{"label": name} for name in CLASSES]
    categories = {"document-version": "2018-11-28", "labels": labels}
    s3.put_object(Bucket="labels", Key="categories.json", Body=json.dumps(categories).encode())
    for number in range(10):
        s3.put_object(Bucket="labels", Key=f"upload/{number}.png", Body=b"image")
    return "labels"


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "labeling-role", "sagemaker.amazonaws.com")


@pytest.fixture(scope="module")
def events(sandbox: Sandbox) -> str:
    """Create a queue that receives every labeling job event; return its URL."""
    sqs, rules = sandbox.client("sqs"), sandbox.client("events")
    url = sqs.create_queue(QueueName="job-events")["QueueUrl"]
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:job-events"
    rules.put_rule(Name="job-events", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    rules.put_targets(Rule="job-events", Targets=[{"Id": "queue", "Arn": arn}])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return str(url)


def manifest(sandbox: Sandbox, count: int = 3, lines: list[dict[str, Any]] | None = None) -> str:
    if lines is None:
        lines = [
            {"source-ref": f"s3://labels/upload/{number}.png", "item-id": f"item-{number}"}
            for number in range(count)
        ]
    name = f"manifests/{next(_numbers)}.manifest"
    body = "".join(json.dumps(line) + "\n" for line in lines)
    sandbox.client("s3").put_object(Bucket="labels", Key=name, Body=body.encode())
    return f"s3://labels/{name}"


def request(manifest_uri: str, role: str, key: str | None = None) -> dict[str, Any]:
    lambdas = "arn:aws:lambda:us-east-1:432418664414:function"
    output = {"S3OutputPath": "s3://labels/labeling-jobs/"}
    return {
        "LabelingJobName": f"Digits-{next(_numbers)}-label",
        "LabelAttributeName": "label",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest_uri}}},
        "OutputConfig": output | ({"KmsKeyId": key} if key else {}),
        "RoleArn": role,
        "LabelCategoryConfigS3Uri": "s3://labels/categories.json",
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
            "UiConfig": {"UiTemplateS3Uri": "s3://labels/template.html"},
            "PreHumanTaskLambdaArn": f"{lambdas}:PRE-ImageMultiClass",
            "TaskTitle": "Digits",
            "TaskDescription": "Which digit is it?",
            "TaskKeywords": ["digits"],
            "NumberOfHumanWorkersPerDataObject": 3,
            "TaskTimeLimitInSeconds": 600,
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{lambdas}:ACS-ImageMultiClass"
            },
        },
        "Tags": [{"Key": "owner", "Value": "labeling"}],
    }


def create(sandbox: Sandbox, given: dict[str, Any]) -> str:
    sandbox.client("sagemaker").create_labeling_job(**given)
    return str(given["LabelingJobName"])


def end_of(sandbox: Sandbox, name: str) -> dict[str, Any]:
    client = sandbox.client("sagemaker")

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_labeling_job(LabelingJobName=name)
        done = described["LabelingJobStatus"] in ("Completed", "Failed", "Stopped")
        return described if done else None

    return wait_until(ended, f"the end of {name}")


def output_of(sandbox: Sandbox, described: dict[str, Any]) -> list[dict[str, Any]]:
    uri = described["LabelingJobOutput"]["OutputDatasetS3Uri"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = sandbox.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.decode().splitlines()]


def events_of(sandbox: Sandbox, queue: str, arn: str) -> list[dict[str, Any]]:
    assert delivery.drain(60)
    found: list[dict[str, Any]] = []
    sqs = sandbox.client("sqs")
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        if "Messages" not in answer:
            return [event for event in found if event["resources"] == [arn]]
        found += [json.loads(message["Body"]) for message in answer["Messages"]]


@pytest.mark.usefixtures("bucket")
def test_a_job_labels_its_objects(sandbox: Sandbox, role: str, key: str, events: str) -> None:
    truth = {f"s3://labels/upload/{number}.png": CLASSES[number] for number in range(3)}
    control(sandbox, "POST", "workforce", {"truth": truth})
    name = create(sandbox, request(manifest(sandbox), role, key))
    described = end_of(sandbox, name)
    assert described["LabelingJobStatus"] == "Completed"
    assert described["LabelCounters"] == {
        "TotalLabeled": 3,
        "HumanLabeled": 3,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 0,
        "Unlabeled": 0,
    }
    assert described["Tags"] == [{"Key": "owner", "Value": "labeling"}]
    lines = output_of(sandbox, described)
    assert [(line["item-id"], line["label"]) for line in lines] == [
        ("item-0", 0),
        ("item-1", 1),
        ("item-2", 2),
    ]
    assert lines[0]["label-metadata"]["job-name"] == f"labeling-job/{name.lower()}"
    output_key = f"labeling-jobs/{name}/manifests/output/output.manifest"
    head = sandbox.client("s3").head_object(Bucket="labels", Key=output_key)
    assert head["SSEKMSKeyId"] == key
    arn = described["LabelingJobArn"]
    assert arn.endswith(f":labeling-job/{name.lower()}")
    (event,) = events_of(sandbox, events, arn)
    assert event["detail-type"] == "SageMaker Ground Truth Labeling Job State Change"
    assert event["detail"] == {"LabelingJobStatus": "Completed"}


def responses_to(sandbox: Sandbox, name: str) -> dict[str, dict[str, Any]]:
    """Return the files with the answers of workers by the place of their object."""
    client = sandbox.client("s3")
    prefix = f"labeling-jobs/{name}/annotations/worker-response/iteration-1/"
    listed = client.list_objects_v2(Bucket="labels", Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix).partition("/")[0]: json.loads(
            client.get_object(Bucket="labels", Key=entry["Key"])["Body"].read()
        )
        for entry in listed
    }


@pytest.mark.usefixtures("bucket")
def test_the_answers_of_each_worker_are_kept(sandbox: Sandbox, role: str, key: str) -> None:
    truth = {f"s3://labels/upload/{number}.png": "one" for number in range(10)}
    careless = {"truth": truth, "members": 5, "error_rates": {"2": 1.0}}
    control(sandbox, "POST", "workforce", careless)
    name = create(sandbox, request(manifest(sandbox, 10), role, key))
    assert end_of(sandbox, name)["LabelingJobStatus"] == "Completed"
    found = responses_to(sandbox, name)
    assert sorted(found, key=int) == [str(number) for number in range(10)]
    answers = [answer for file in found.values() for answer in file["answers"]]
    assert [len(file["answers"]) for file in found.values()] == [3] * 10
    wrong = {
        answer["workerId"]
        for answer in answers
        if answer["answerContent"]["crowd-image-classifier"]["label"] != "one"
    }
    assert wrong == {worker_id(sandbox.region, 2)}
    assert {answer["workerId"] for answer in answers} == {
        worker_id(sandbox.region, member) for member in range(5)
    }


@pytest.mark.usefixtures("bucket")
def test_an_answer_names_worker_times_and_seconds(sandbox: Sandbox, role: str) -> None:
    name = create(sandbox, request(manifest(sandbox, 1), role))
    assert end_of(sandbox, name)["LabelingJobStatus"] == "Completed"
    answer = responses_to(sandbox, name)["0"]["answers"][0]
    accepted, submitted = (
        datetime.fromisoformat(answer[moment]) for moment in ("acceptanceTime", "submissionTime")
    )
    assert (submitted - accepted).total_seconds() == pytest.approx(
        answer["timeSpentInSeconds"], abs=0.002
    )
    assert answer["submissionTime"].endswith("Z")
    assert set(answer["workerMetadata"]["identityData"]) == {
        "identityProviderType",
        "issuer",
        "sub",
    }


@pytest.mark.usefixtures("bucket")
def test_objects_that_fail_leave_the_job_completed(sandbox: Sandbox, role: str) -> None:
    control(sandbox, "POST", "workforce", {"failure_rate": 0.4, "expiry_rate": 0.4})
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox, 10), role)))
    assert described["LabelingJobStatus"] == "Completed"
    lines = output_of(sandbox, described)
    failed = [line for line in lines if "failure-reason" in line["label-metadata"]]
    assert described["LabelCounters"]["FailedNonRetryableError"] == len(failed) > 0
    assert all("label" not in line for line in failed)
    assert described["LabelCounters"]["TotalLabeled"] == 10 - len(failed)


@pytest.mark.usefixtures("bucket")
def test_a_stopped_job_keeps_its_labels(sandbox: Sandbox, role: str, events: str) -> None:
    control(sandbox, "POST", "workforce", {"item_delay_seconds": 30})
    client = sandbox.client("sagemaker")
    name = create(sandbox, request(manifest(sandbox, 10), role))

    def labeled() -> bool:
        described = client.describe_labeling_job(LabelingJobName=name)
        assert described["LabelingJobStatus"] in ("Initializing", "InProgress")
        return bool(described["LabelCounters"]["TotalLabeled"])

    wait_until(labeled, "the first label")
    client.stop_labeling_job(LabelingJobName=name)
    described = end_of(sandbox, name)
    counters = described["LabelCounters"]
    assert described["LabelingJobStatus"] == "Stopped"
    assert 0 < counters["TotalLabeled"] < 10
    assert counters["Unlabeled"] == 10 - counters["TotalLabeled"]
    bare = [
        line for line in output_of(sandbox, described) if set(line) == {"source-ref", "item-id"}
    ]
    assert len(bare) == counters["Unlabeled"]
    (event,) = events_of(sandbox, events, described["LabelingJobArn"])
    assert event["detail"] == {"LabelingJobStatus": "Stopped"}
    with pytest.raises(ClientError) as again:
        client.stop_labeling_job(LabelingJobName=name)
    assert again.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.usefixtures("bucket")
def test_names_are_unique_without_regard_to_case(sandbox: Sandbox, role: str) -> None:
    given = request(manifest(sandbox), role)
    name = create(sandbox, given)
    with pytest.raises(ClientError) as used:
        create(sandbox, {**given, "LabelingJobName": name.upper()})
    assert used.value.response["Error"]["Code"] == "ResourceInUse"
    described = sandbox.client("sagemaker").describe_labeling_job(LabelingJobName=name.lower())
    assert described["LabelingJobName"] == name
    listed = sandbox.client("sagemaker").list_labeling_jobs(NameContains=name)
    assert [job["LabelingJobName"] for job in listed["LabelingJobSummaryList"]] == [name]


WRONG = {
    "name with underscore": ("LabelingJobName", "a_b"),
    "name too long": ("LabelingJobName", "n" * 64),
    "attribute with underscore": ("LabelAttributeName", "a_b"),
    "attribute ends in metadata": ("LabelAttributeName", "label-metadata"),
    "attribute ends in ref": ("LabelAttributeName", "label-ref"),
    "attribute is the source": ("LabelAttributeName", "source-ref"),
    "no categories": ("LabelCategoryConfigS3Uri", None),
    "line break in the description": ("HumanTaskConfig.TaskDescription", "two\nlines"),
    "title too long": ("HumanTaskConfig.TaskTitle", "t" * 129),
    "keyword with hyphen": ("HumanTaskConfig.TaskKeywords", ["hand-written"]),
    "six keywords": ("HumanTaskConfig.TaskKeywords", list("abcdef")),
    "ten workers": ("HumanTaskConfig.NumberOfHumanWorkersPerDataObject", 10),
    "nine hours for a task": ("HumanTaskConfig.TaskTimeLimitInSeconds", 32_400),
    "31 days available": ("HumanTaskConfig.TaskAvailabilityLifetimeInSeconds", 2_678_400),
    "too many tasks at once": ("HumanTaskConfig.MaxConcurrentTaskCount", 5001),
    "not a work team": ("HumanTaskConfig.WorkteamArn", "arn:aws:sagemaker:us-east-1:1:team/x"),
    "public work team": (
        "HumanTaskConfig.WorkteamArn",
        "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default",
    ),
    "no template": ("HumanTaskConfig.UiConfig", {}),
    "service interface for images": (
        "HumanTaskConfig.UiConfig",
        {"HumanTaskUiArn": "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/X"},
    ),
    "function of another region": (
        "HumanTaskConfig.PreHumanTaskLambdaArn",
        "arn:aws:lambda:us-east-2:266458841044:function:PRE-ImageMultiClass",
    ),
    "functions of two task types": (
        "HumanTaskConfig.PreHumanTaskLambdaArn",
        "arn:aws:lambda:us-east-1:432418664414:function:PRE-BoundingBox",
    ),
}


@pytest.mark.parametrize(("member", "value"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.usefixtures("bucket")
def test_a_wrong_request_is_refused(sandbox: Sandbox, role: str, member: str, value: Any) -> None:
    given = copy.deepcopy(request("s3://labels/none.manifest", role))
    holder = given
    *path, name = member.split(".")
    for part in path:
        holder = holder[part]
    if value is None:
        del holder[name]
    else:
        holder[name] = value
    with pytest.raises(ClientError) as refused:
        create(sandbox, given)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "holds no objects"),
        ([{"item-id": "x"}], "needs source-ref"),
        ([{"source": "text", "source-ref": "s3://labels/upload/0.png"}], "no other source"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_an_unusable_manifest_fails_the_job(
    sandbox: Sandbox, role: str, events: str, lines: list[dict[str, Any]], reason: str
) -> None:
    name = create(sandbox, request(manifest(sandbox, lines=lines), role))
    described = end_of(sandbox, name)
    assert described["LabelingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]
    (event,) = events_of(sandbox, events, described["LabelingJobArn"])
    assert event["detail"] == {"LabelingJobStatus": "Failed"}


@pytest.mark.usefixtures("bucket")
def test_a_missing_object_fails_alone(sandbox: Sandbox, role: str) -> None:
    lines = [{"source-ref": f"s3://labels/upload/{name}.png"} for name in (0, "missing")]
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox, lines=lines), role)))
    found, missing = output_of(sandbox, described)
    assert "label" in found
    assert "does not exist" in missing["label-metadata"]["failure-reason"]


@pytest.mark.parametrize("ending", ["jfif", "jpe"])
def test_the_extension_of_a_picture_does_not_matter(
    sandbox: Sandbox, role: str, bucket: str, ending: str
) -> None:
    sandbox.client("s3").put_object(Bucket=bucket, Key=f"upload/0.{ending}", Body=b"image")
    lines = [{"source-ref": f"s3://{bucket}/upload/0.{ending}"}]
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox, lines=lines), role)))
    (found,) = output_of(sandbox, described)
    assert "label" in found


@pytest.mark.parametrize(
    ("denied", "reason"),
    [
        ("manifests/*", "input manifest"),
        ("template.html", "worker task template"),
        ("categories.json", "label category"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_an_input_that_the_role_cannot_read_fails_the_job(
    sandbox: Sandbox, denied: str, reason: str
) -> None:
    role = make_role(sandbox, f"labeling-{next(_numbers)}", "sagemaker.amazonaws.com")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    refusal = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::labels/{denied}",
    }
    put_policy(sandbox, role.rsplit("/", 1)[-1], everything, refusal)
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox), role)))
    assert described["LabelingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]
    assert "AccessDenied" in described["FailureReason"]


@pytest.mark.usefixtures("bucket")
def test_objects_that_the_role_cannot_read_fail_one_by_one(sandbox: Sandbox) -> None:
    role = make_role(sandbox, "labeling-no-images", "sagemaker.amazonaws.com")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    refusal = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::labels/upload/*",
    }
    put_policy(sandbox, "labeling-no-images", everything, refusal)
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox), role)))
    assert described["LabelingJobStatus"] == "Completed"
    assert described["LabelCounters"]["FailedNonRetryableError"] == 3


@pytest.mark.usefixtures("bucket")
def test_a_role_without_the_key_cannot_write(sandbox: Sandbox, key: str) -> None:
    role = make_role(sandbox, "labeling-no-key", "sagemaker.amazonaws.com")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    refusal = {"Effect": "Deny", "Action": "kms:GenerateDataKey", "Resource": "*"}
    put_policy(sandbox, "labeling-no-key", everything, refusal)
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox), role, key)))
    assert described["LabelingJobStatus"] == "Failed"


def test_a_role_that_does_not_trust_the_service_is_refused(sandbox: Sandbox) -> None:
    role = make_role(sandbox, "labeling-untrusting", "lambda.amazonaws.com")
    with pytest.raises(ClientError, match="assume"):
        create(sandbox, request("s3://labels/none.manifest", role))


@pytest.mark.usefixtures("bucket")
def test_faults_apply_to_the_next_job_only(sandbox: Sandbox, role: str, events: str) -> None:
    control(sandbox, "POST", "labeling-jobs/faults", {"next": "create_refused"})
    given = request(manifest(sandbox), role)
    with pytest.raises(ClientError) as refused:
        create(sandbox, given)
    assert refused.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    assert end_of(sandbox, create(sandbox, given))["LabelingJobStatus"] == "Completed"
    for fault, status, count in (
        ("job_failed", "Failed", 1),
        ("job_stopped", "Stopped", 1),
        ("lose_event", "Completed", 0),
        ("duplicate_event", "Completed", 2),
    ):
        control(sandbox, "POST", "labeling-jobs/faults", {"next": fault})
        described = end_of(sandbox, create(sandbox, request(manifest(sandbox), role)))
        assert described["LabelingJobStatus"] == status
        assert len(events_of(sandbox, events, described["LabelingJobArn"])) == count
    shown = {job["name"]: job for job in control(sandbox, "GET", "labeling-jobs")}
    assert shown[given["LabelingJobName"]]["item_ids"] == ["item-0", "item-1", "item-2"]


@pytest.mark.usefixtures("bucket")
def test_a_job_without_an_output_address_has_its_output_at_the_documented_one(
    sandbox: Sandbox, role: str
) -> None:
    control(sandbox, "POST", "labeling-jobs/faults", {"next": "no_output_address"})
    described = end_of(sandbox, create(sandbox, request(manifest(sandbox), role)))
    assert described["LabelingJobStatus"] == "Completed"
    assert "LabelingJobOutput" not in described
    folder = described["OutputConfig"]["S3OutputPath"].rstrip("/")
    address = f"{folder}/{described['LabelingJobName']}/manifests/output/output.manifest"
    bucket, _, key = address.removeprefix("s3://").partition("/")
    assert sandbox.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


@pytest.mark.usefixtures("bucket")
def test_a_lost_response_leaves_a_job(sandbox: Sandbox, role: str) -> None:
    control(sandbox, "POST", "labeling-jobs/faults", {"next": "create_answer_lost"})
    given = request(manifest(sandbox), role)
    with pytest.raises(ClientError) as lost:
        create(sandbox, given)
    # boto3 repeats a request that ended in an internal error, and then finds the name in use.
    assert lost.value.response["Error"]["Code"] in ("InternalFailure", "ResourceInUse")
    assert end_of(sandbox, given["LabelingJobName"])["LabelingJobStatus"] == "Completed"


@pytest.mark.usefixtures("bucket")
def test_an_account_that_ground_truth_is_closed_to_is_refused(sandbox: Sandbox, role: str) -> None:
    given = request(manifest(sandbox), role)
    control(sandbox, "POST", "ground-truth", {"open": False})
    try:
        for call in (
            lambda: sandbox.client("sagemaker").list_labeling_jobs(),
            lambda: create(sandbox, given),
        ):
            with pytest.raises(ClientError, match="no longer open to new customers") as refused:
                call()
            assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
            assert "not authorized to perform" not in str(refused.value)
    finally:
        control(sandbox, "POST", "ground-truth", {"open": True})
    assert create(sandbox, given)
