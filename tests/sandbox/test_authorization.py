"""A role may do what its policies allow, on each service of the pipeline, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import authorization, credentials, used_grants
from labeling_sandbox.iam.role_policies import find_role
from tests.sandbox.function_code import allow, create_role, put_policy

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

ROLE = "authorized-role"
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def key(sandbox: Sandbox) -> str:
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{sandbox.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    arn: str = sandbox.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def client(sandbox: Sandbox, key: str) -> Client:
    """Create clients with the role's credentials, after the resources exist."""
    role = create_role(sandbox, ROLE)
    sandbox.client("sqs").create_queue(QueueName="guarded", Attributes={"KmsMasterKeyId": key})
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="guarded")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="guarded", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="guarded", Key="runs/1", Body=b"x")
    sandbox.client("dynamodb").create_table(
        TableName="guarded",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    held = credentials.assume(role, "test", "lambda.amazonaws.com").for_client()
    return lambda service: sandbox.client(service, **held)


def _refused(call: Callable[[], object], code: str = "AccessDenied") -> str:
    with pytest.raises(ClientError) as refused:
        call()
    assert code in refused.value.response["Error"]["Code"]
    return str(refused.value)


def _via(sandbox: Sandbox, key: str, service: str, *actions: str) -> dict[str, Any]:
    condition = {"StringEquals": {"kms:ViaService": f"{service}.{sandbox.region}.amazonaws.com"}}
    return allow(*actions, resource=key, Condition=condition)


def test_refusal_names_the_action_and_the_resource(sandbox: Sandbox, client: Client) -> None:
    put_policy(sandbox, ROLE, [allow("sqs:ReceiveMessage")])
    url = sandbox.client("sqs").get_queue_url(QueueName="guarded")["QueueUrl"]
    text = _refused(lambda: client("sqs").send_message(QueueUrl=url, MessageBody="x"))
    assert "sqs:SendMessage" in text
    assert f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:guarded" in text


def test_queue_needs_the_action_on_its_arn_and_its_key(
    sandbox: Sandbox, client: Client, key: str
) -> None:
    url = sandbox.client("sqs").get_queue_url(QueueName="guarded")["QueueUrl"]
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:guarded"
    entries = [{"Id": "1", "MessageBody": "x"}]

    def send() -> object:
        return client("sqs").send_message_batch(QueueUrl=url, Entries=entries)

    put_policy(sandbox, ROLE, [allow("sqs:SendMessage", resource=arn)])
    assert "kms:GenerateDataKey" in _refused(send)
    wrong = _via(sandbox, key, "s3", "kms:GenerateDataKey", "kms:Decrypt")
    put_policy(sandbox, ROLE, [allow("sqs:SendMessage", resource=arn), wrong])
    assert "kms:GenerateDataKey" in _refused(send)
    right = _via(sandbox, key, "sqs", "kms:GenerateDataKey", "kms:Decrypt")
    put_policy(sandbox, ROLE, [allow("sqs:SendMessage", resource=arn), right])
    send()
    put_policy(sandbox, ROLE, [allow("sqs:SendMessage", resource=arn + "x"), right])
    assert "sqs:SendMessage" in _refused(send)


def test_object_needs_the_prefix_and_the_key(sandbox: Sandbox, client: Client, key: str) -> None:
    runs = "arn:aws:s3:::guarded/runs/*"
    objects = allow("s3:GetObject", "s3:PutObject", resource=runs)
    put_policy(sandbox, ROLE, [objects, _via(sandbox, key, "s3", "kms:GenerateDataKey")])
    s3 = client("s3")
    s3.put_object(Bucket="guarded", Key="runs/2", Body=b"x")
    assert "kms:Decrypt" in _refused(lambda: s3.get_object(Bucket="guarded", Key="runs/2"))
    put_policy(sandbox, ROLE, [objects, _via(sandbox, key, "s3", "kms:Decrypt")])
    s3.get_object(Bucket="guarded", Key="runs/2")
    _refused(lambda: s3.get_object(Bucket="guarded", Key="other"))
    _refused(lambda: s3.put_object(Bucket="guarded", Key="runs/3", Body=b"x"))


def test_a_missing_object_returns_404_only_to_roles_that_may_list(
    sandbox: Sandbox, client: Client
) -> None:
    read = allow("s3:GetObject", resource="arn:aws:s3:::guarded/runs/*")
    put_policy(sandbox, ROLE, [read])
    _refused(lambda: client("s3").get_object(Bucket="guarded", Key="runs/none"))
    condition = {"StringLike": {"s3:prefix": "runs/*"}}
    listing = allow("s3:ListBucket", resource="arn:aws:s3:::guarded", Condition=condition)
    put_policy(sandbox, ROLE, [read, listing])
    # A read has no prefix, so the condition is not met.
    _refused(lambda: client("s3").get_object(Bucket="guarded", Key="runs/none"))
    _refused(lambda: client("s3").head_object(Bucket="guarded", Key="runs/none"), "403")
    client("s3").list_objects_v2(Bucket="guarded", Prefix="runs/a")
    _refused(lambda: client("s3").list_objects_v2(Bucket="guarded", Prefix="other/"))
    _refused(lambda: client("s3").list_objects_v2(Bucket="guarded"))
    put_policy(sandbox, ROLE, [read, allow("s3:ListBucket", resource="arn:aws:s3:::guarded")])
    with pytest.raises(ClientError) as missing:
        client("s3").get_object(Bucket="guarded", Key="runs/none")
    assert missing.value.response["Error"]["Code"] == "NoSuchKey"


def test_a_copy_of_an_object_with_tags_needs_the_tags_unless_it_replaces_them(
    sandbox: Sandbox, client: Client
) -> None:
    administrator, bucket = sandbox.client("s3"), "guarded-tags"
    administrator.create_bucket(Bucket=bucket)
    administrator.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="team=vision")
    objects = f"arn:aws:s3:::{bucket}/*"
    copies = allow("s3:GetObject", "s3:PutObject", resource=objects)
    put_policy(sandbox, ROLE, [copies])
    request = {"Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "tagged"}}
    assert "ObjectTagging" in _refused(lambda: client("s3").copy_object(**request))
    client("s3").copy_object(**request, TaggingDirective="REPLACE")
    assert administrator.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == []
    tags = allow("s3:GetObjectTagging", "s3:PutObjectTagging", resource=objects)
    put_policy(sandbox, ROLE, [copies, tags])
    client("s3").copy_object(**request)
    assert administrator.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"]


def test_an_object_has_at_most_ten_tags(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="many-tags")
    s3.put_object(Bucket="many-tags", Key="x", Body=b"x")
    tags = [{"Key": f"tag-{number}", "Value": "x"} for number in range(11)]
    s3.put_object_tagging(Bucket="many-tags", Key="x", Tagging={"TagSet": tags[:10]})
    with pytest.raises(ClientError, match="cannot be greater than 10"):
        s3.put_object_tagging(Bucket="many-tags", Key="x", Tagging={"TagSet": tags})


@pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIfExists"])
def test_sagemaker_assumes_roles_with_and_without_the_source_account(
    sandbox: Sandbox, operator: str
) -> None:
    name = f"trusting-{operator.lower()}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {operator: {"aws:SourceAccount": sandbox.account}},
            }
        ],
    }
    role = sandbox.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    admitted = authorization.trusts(role, "sagemaker.amazonaws.com", {})
    assert admitted is (operator == "StringEqualsIfExists")
    assert not authorization.trusts(
        role, "sagemaker.amazonaws.com", {"aws:SourceAccount": "210987654321"}
    )


def test_records_of_an_online_store_with_a_key_need_the_key(
    sandbox: Sandbox, client: Client, key: str
) -> None:
    name = "guarded-online"
    sandbox.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="time",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "time", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": key}},
    )
    record = [
        {"FeatureName": "id", "ValueAsString": "1"},
        {"FeatureName": "time", "ValueAsString": "2026-01-01T00:00:00Z"},
    ]
    writes = allow("sagemaker:PutRecord", resource=f"arn:aws:sagemaker:*:*:feature-group/{name}")
    runtime = client("sagemaker-featurestore-runtime")
    put_policy(sandbox, ROLE, [writes])
    assert "kms:Decrypt" in _refused(
        lambda: runtime.put_record(FeatureGroupName=name, Record=record)
    )
    put_policy(sandbox, ROLE, [writes, _via(sandbox, key, "sagemaker", "kms:Decrypt")])
    runtime.put_record(FeatureGroupName=name, Record=record)


def test_a_deleted_object_returns_404_only_to_roles_that_may_list(
    sandbox: Sandbox, client: Client
) -> None:
    administrator, bucket = sandbox.client("s3"), "guarded-versions"
    administrator.create_bucket(Bucket=bucket)
    administrator.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    administrator.put_object(Bucket=bucket, Key="runs/gone", Body=b"x")
    administrator.delete_object(Bucket=bucket, Key="runs/gone")
    read = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/runs/*")
    put_policy(sandbox, ROLE, [read])
    _refused(lambda: client("s3").get_object(Bucket=bucket, Key="runs/gone"))
    put_policy(sandbox, ROLE, [read, allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}")])
    with pytest.raises(ClientError) as missing:
        client("s3").get_object(Bucket=bucket, Key="runs/gone")
    assert missing.value.response["Error"]["Code"] == "NoSuchKey"


def test_transaction_needs_the_single_actions_inside(
    sandbox: Sandbox, client: Client, key: str
) -> None:
    arn = f"arn:aws:dynamodb:{sandbox.region}:{sandbox.account}:table/guarded"
    put = {"Put": {"TableName": "guarded", "Item": {"pk": {"S": "a"}}}}
    update = {
        "Update": {
            "TableName": "guarded",
            "Key": {"pk": {"S": "b"}},
            "UpdateExpression": "SET n = :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}},
        }
    }

    def write() -> object:
        return client("dynamodb").transact_write_items(TransactItems=[put, update])

    decrypt = _via(sandbox, key, "dynamodb", "kms:Decrypt")
    put_policy(sandbox, ROLE, [allow("dynamodb:PutItem", resource=arn), decrypt])
    assert "dynamodb:UpdateItem" in _refused(write)
    both = allow("dynamodb:PutItem", "dynamodb:UpdateItem", resource=arn)
    put_policy(sandbox, ROLE, [both])
    assert "kms:Decrypt" in _refused(write)
    put_policy(sandbox, ROLE, [both, decrypt])
    write()
    read = {"RequestItems": {"guarded": {"Keys": [{"pk": {"S": "a"}}]}}}
    assert "dynamodb:BatchGetItem" in _refused(lambda: client("dynamodb").batch_get_item(**read))


def test_events_are_allowed_by_source(sandbox: Sandbox, client: Client) -> None:
    bus = f"arn:aws:events:{sandbox.region}:{sandbox.account}:event-bus/default"
    condition = {
        "ForAllValues:StringEquals": {"events:source": "mine"},
        "Null": {"events:source": "false"},
    }
    put_policy(sandbox, ROLE, [allow("events:PutEvents", resource=bus, Condition=condition)])

    def send(*sources: str) -> object:
        entries = [{"Source": name, "DetailType": "t", "Detail": "{}"} for name in sources]
        return client("events").put_events(Entries=entries)

    send("mine")
    _refused(lambda: send("other"))
    _refused(lambda: send("mine", "other"))


def test_metric_namespace_is_a_condition(sandbox: Sandbox, client: Client) -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": "Mine"}}
    put_policy(sandbox, ROLE, [allow("cloudwatch:PutMetricData", Condition=condition)])
    data = [{"MetricName": "m", "Value": 1.0}]
    client("cloudwatch").put_metric_data(Namespace="Mine", MetricData=data)
    _refused(lambda: client("cloudwatch").put_metric_data(Namespace="AWS", MetricData=data))


def test_a_secret_needs_the_action_on_its_arn_and_its_key(
    sandbox: Sandbox, client: Client, key: str
) -> None:
    secrets = sandbox.client("secretsmanager")
    arn = secrets.create_secret(Name="guarded", SecretString="token", KmsKeyId=key)["ARN"]
    secrets.create_secret(Name="other", SecretString="token")

    def read(name: str = arn) -> Any:
        return client("secretsmanager").get_secret_value(SecretId=name)

    put_policy(sandbox, ROLE, [allow("secretsmanager:DescribeSecret", resource=arn)])
    assert "secretsmanager:GetSecretValue" in _refused(read)
    reading = allow("secretsmanager:GetSecretValue", resource=arn)
    put_policy(sandbox, ROLE, [reading])
    assert "kms:Decrypt" in _refused(read)
    put_policy(sandbox, ROLE, [reading, _via(sandbox, key, "secretsmanager", "kms:Decrypt")])
    assert read()["SecretString"] == "token"
    assert "secretsmanager:GetSecretValue" in _refused(lambda: read("other"))


def test_parameter_and_topic_have_arns(sandbox: Sandbox, client: Client) -> None:
    sandbox.client("ssm").put_parameter(Name="/p/name", Value="v", Type="String")
    topic = sandbox.client("sns").create_topic(Name="guarded")["TopicArn"]
    parameter = f"arn:aws:ssm:{sandbox.region}:{sandbox.account}:parameter/p/*"
    statements = [
        allow("ssm:GetParameter", resource=parameter),
        allow("sns:Publish", resource=topic),
    ]
    put_policy(sandbox, ROLE, statements)
    client("ssm").get_parameter(Name="/p/name")
    client("sns").publish(TopicArn=topic, Message="x")
    _refused(lambda: client("ssm").get_parameter(Name="/q/name"))
    _refused(lambda: client("sns").publish(TopicArn=topic + "x", Message="x"))


def test_conditional_deny_in_a_bucket_policy_does_not_apply_to_the_administrator_and_secure_callers(
    sandbox: Sandbox, client: Client
) -> None:
    admin = sandbox.client("s3")
    admin.create_bucket(Bucket="denying")
    admin.put_object(Bucket="denying", Key="k", Body=b"x")
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::denying", "arn:aws:s3:::denying/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [deny]}
    admin.put_bucket_policy(Bucket="denying", Policy=json.dumps(document))
    put_policy(sandbox, ROLE, [allow("s3:*")])
    assert client("s3").get_object(Bucket="denying", Key="k")["Body"].read() == b"x"
    assert admin.get_object(Bucket="denying", Key="k")["Body"].read() == b"x"
    deny["Condition"] = {"StringNotEquals": {"aws:PrincipalAccount": "999999999999"}}
    admin.put_bucket_policy(Bucket="denying", Policy=json.dumps(document))
    _refused(lambda: client("s3").get_object(Bucket="denying", Key="k"))
    admin.get_object(Bucket="denying", Key="k")


def test_bucket_policy_can_grant_alone(sandbox: Sandbox, client: Client) -> None:
    admin = sandbox.client("s3")
    admin.create_bucket(Bucket="granting")
    admin.put_object(Bucket="granting", Key="k", Body=b"x")
    role = f"arn:aws:iam::{sandbox.account}:role/{ROLE}"
    grant = allow("s3:GetObject", resource="arn:aws:s3:::granting/*", Principal={"AWS": role})
    document = {"Version": "2012-10-17", "Statement": [grant]}
    admin.put_bucket_policy(Bucket="granting", Policy=json.dumps(document))
    put_policy(sandbox, ROLE, [])
    client("s3").get_object(Bucket="granting", Key="k")


def test_boundary_limits_the_role(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    document = {"Version": "2012-10-17", "Statement": [allow("sqs:*")]}
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document))
    role = create_role(sandbox, "limited-role", [allow("s3:*", "sqs:*")])
    iam.put_role_permissions_boundary(
        RoleName="limited-role", PermissionsBoundary=boundary["Policy"]["Arn"]
    )
    held = credentials.assume(role, "test").for_client()
    sandbox.client("sqs", **held).list_queues()
    _refused(lambda: sandbox.client("s3", **held).list_buckets())


RESOURCE = "arn:aws:sqs:us-east-1:{account}:anything"


@pytest.mark.parametrize(
    ("identity", "resource", "expected"),
    [
        # IAM User Guide, reference_policies_evaluation-logic_policy-eval-basics-req-context.html
        # and access_policies-cross-account-resource-access.html, one account: either side allows,
        # a denial of either side wins.
        ("Allow", None, True),
        (None, "Allow", True),
        (None, None, False),
        ("Deny", "Allow", False),
        ("Allow", "Deny", False),
    ],
)
def test_within_an_account_either_side_allows_and_a_denial_of_either_wins(
    sandbox: Sandbox, identity: str | None, resource: str | None, expected: bool
) -> None:
    role = f"arn:aws:iam::{sandbox.account}:role/{ROLE}"
    assert _decided(sandbox, role, sandbox.account, identity, resource) is expected


@pytest.mark.parametrize(
    ("identity", "resource", "expected"),
    [
        # Across accounts "both the identity-based policy and the resource-based policy" allow.
        ("Allow", "Allow", True),
        ("Allow", None, False),
        (None, "Allow", False),
        ("Deny", "Allow", False),
        ("Allow", "Deny", False),
    ],
)
def test_across_accounts_both_sides_must_allow(
    sandbox: Sandbox, identity: str | None, resource: str | None, expected: bool
) -> None:
    role = f"arn:aws:iam::{sandbox.account}:role/{ROLE}"
    assert _decided(sandbox, role, "999999999999", identity, resource) is expected


def _decided(
    sandbox: Sandbox, role: str, owner: str, identity: str | None, resource: str | None
) -> bool:
    """Decide a request by a role's policy and a resource's, each of one statement or none."""
    if find_role(role) is None:
        create_role(sandbox, ROLE)
    arn = RESOURCE.format(account=owner)
    statements = [{**allow("sqs:SendMessage", resource=arn), "Effect": identity}]
    put_policy(sandbox, ROLE, statements if identity else [])
    principal = {"Principal": {"AWS": role}}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**allow("sqs:SendMessage", resource=arn), **principal, "Effect": resource}],
    }
    return authorization.role_allows(role, "sqs:SendMessage", arn, {}, policy if resource else None)


@pytest.mark.usefixtures("client")
def test_a_grant_to_the_account_leaves_the_decision_to_the_roles_policies(
    sandbox: Sandbox,
) -> None:
    role = f"arn:aws:iam::{sandbox.account}:role/{ROLE}"
    arn = RESOURCE.format(account=sandbox.account)
    root = {"Principal": {"AWS": f"arn:aws:iam::{sandbox.account}:root"}}
    policy = {"Statement": [allow("sqs:*", resource=arn, **root)]}
    put_policy(sandbox, ROLE, [])
    assert not authorization.role_allows(role, "sqs:SendMessage", arn, {}, policy)
    put_policy(sandbox, ROLE, [allow("sqs:SendMessage", resource=arn)])
    assert authorization.role_allows(role, "sqs:SendMessage", arn, {}, policy)


def test_a_boundary_grants_nothing_and_limits_what_a_resource_grants_to_the_role(
    sandbox: Sandbox,
) -> None:
    # access_policies_boundaries.html: the boundary and the identity policy must both allow, and
    # "an implicit deny in a permissions boundary" limits a resource policy that names the role.
    # Session policies are not simulated: none of the services gives one.
    iam = sandbox.client("iam")
    document = {"Version": "2012-10-17", "Statement": [allow("sqs:SendMessage")]}
    limit = iam.create_policy(PolicyName="narrow", PolicyDocument=json.dumps(document))
    role = create_role(sandbox, "narrow-role", [allow("sqs:ReceiveMessage")])
    iam.put_role_permissions_boundary(
        RoleName="narrow-role", PermissionsBoundary=limit["Policy"]["Arn"]
    )
    arn = RESOURCE.format(account=sandbox.account)
    assert not authorization.role_allows(role, "sqs:SendMessage", arn, {})
    assert not authorization.role_allows(role, "sqs:ReceiveMessage", arn, {})
    named = {"Statement": [allow("sqs:ReceiveMessage", resource=arn, Principal={"AWS": role})]}
    assert not authorization.role_allows(role, "sqs:ReceiveMessage", arn, {}, named)
    put_policy(sandbox, "narrow-role", [allow("sqs:SendMessage")])
    assert authorization.role_allows(role, "sqs:SendMessage", arn, {})


def test_a_request_without_tls_is_recognised(sandbox: Sandbox, client: Client) -> None:
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    put_policy(sandbox, ROLE, [allow("s3:ListAllMyBuckets", Condition=secure)])
    s3 = client("s3")
    s3.list_buckets()
    s3.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http")
    )
    assert "s3:ListAllMyBuckets" in _refused(s3.list_buckets)


def test_used_grants_are_named_by_policy_statement_and_action(
    sandbox: Sandbox, client: Client, key: str
) -> None:
    arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:guarded"
    url = sandbox.client("sqs").get_queue_url(QueueName="guarded")["QueueUrl"]
    send = {**allow("sqs:Send*", "sqs:ReceiveMessage", resource=arn), "Sid": "Queue"}
    with_key = {**_via(sandbox, key, "sqs", "kms:GenerateDataKey", "kms:Decrypt"), "Sid": "Key"}
    put_policy(sandbox, ROLE, [send, with_key, {**allow("sns:*"), "Sid": "Topic"}])
    used_grants.reset()
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    _refused(lambda: client("sqs").delete_queue(QueueUrl=url))
    by_role = [grant for grant in used_grants.entries() if grant.owner == ROLE]
    assert [(grant.policy, grant.statement, grant.action) for grant in by_role] == [
        ("inline", "Key", "kms:Decrypt"),
        ("inline", "Key", "kms:GenerateDataKey"),
        ("inline", "Queue", "sqs:Send*"),
    ]
    by_key = {grant.action for grant in used_grants.entries() if grant.owner == key}
    assert by_key == {"kms:*"}


def test_trust_policy_decides_by_service_and_source(sandbox: Sandbox) -> None:
    role = create_role(sandbox, "trusting-role", service="scheduler.amazonaws.com")
    condition = {"StringEquals": {"aws:SourceAccount": sandbox.account}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    sandbox.client("iam").update_assume_role_policy(
        RoleName="trusting-role",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    assert authorization.trusts(role, "scheduler.amazonaws.com", {})
    assert not authorization.trusts(
        role, "scheduler.amazonaws.com", {"aws:SourceAccount": "999999999999"}
    )
    assert not authorization.trusts(role, "lambda.amazonaws.com", {})
    assert not authorization.trusts(role + "x", "scheduler.amazonaws.com", {})
    with pytest.raises(PermissionError, match=r"trusting-role.*states\.amazonaws\.com"):
        credentials.assume(role, "test", "states.amazonaws.com")


def test_key_that_does_not_delegate_to_iam_refuses_the_role(
    sandbox: Sandbox, client: Client
) -> None:
    role = f"arn:aws:iam::{sandbox.account}:role/{ROLE}"
    statement = allow("kms:Encrypt", Principal={"AWS": role})
    closed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    key = sandbox.client("kms").create_key(Policy=closed)["KeyMetadata"]["KeyId"]
    put_policy(sandbox, ROLE, [allow("kms:*")])
    client("kms").encrypt(KeyId=key, Plaintext=b"x")
    _refused(lambda: client("kms").generate_data_key(KeyId=key, KeySpec="AES_256"))


def test_alias_stands_for_its_key(sandbox: Sandbox, key: str) -> None:
    kms = sandbox.client("kms")
    kms.create_alias(AliasName="alias/guarded", TargetKeyId=key)
    place = (sandbox.region, sandbox.account)
    assert authorization.kms_key_arn("alias/guarded", *place) == key
    assert authorization.kms_key_arn(key.rsplit("/", 1)[-1], *place) == key
    assert authorization.kms_key_arn("alias/aws/sqs", *place) is None
    assert authorization.kms_key_arn("alias/none", *place) is None


def test_trace_holds_each_decision_and_unmapped_operations_are_named(
    sandbox: Sandbox, client: Client
) -> None:
    put_policy(sandbox, ROLE, [allow("s3:ListAllMyBuckets"), allow("athena:*")])
    client("s3").list_buckets()
    client("athena").list_work_groups()
    judged = [each for each in authorization.TRACE if each.action == "s3:ListAllMyBuckets"]
    assert (judged[-1].role, judged[-1].allowed) == (ROLE, True)
    assert "athena:ListWorkGroups" in authorization.UNMAPPED


@pytest.mark.parametrize(
    ("via", "boundary", "decision"),
    [
        ("s3.us-east-1.amazonaws.com", None, "allowed"),
        ("sqs.us-east-1.amazonaws.com", None, "implicitDeny"),
        ("s3.us-east-1.amazonaws.com", "Deny", "explicitDeny"),
        (None, None, "implicitDeny"),
    ],
)
def test_the_simulator_decides_by_the_policies_of_the_role_and_the_given_context(
    sandbox: Sandbox, via: str | None, boundary: str | None, decision: str
) -> None:
    name = f"simulated-{via}-{boundary}".replace(".", "-")
    condition = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    statement = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": condition,
    }
    arn = create_role(sandbox, name, [statement])
    iam = sandbox.client("iam")
    if boundary is not None:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": boundary, "Action": "kms:*", "Resource": "*"}],
        }
        policy = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
        iam.put_role_permissions_boundary(
            RoleName=name, PermissionsBoundary=policy["Policy"]["Arn"]
        )
    entry = {
        "ContextKeyName": "kms:ViaService",
        "ContextKeyValues": [via],
        "ContextKeyType": "string",
    }
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["kms:Decrypt"],
        ResourceArns=["arn:aws:kms:us-east-1:123456789012:key/1"],
        ContextEntries=[entry] if via else [],
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == decision
    assert result["EvalActionName"] == "kms:Decrypt"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sqs", "list_queues", "InvalidClientTokenId"),
        ("ssm", "describe_parameters", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_a_key_that_nobody_has_is_refused(
    sandbox: Sandbox, service: str, operation: str, code: str
) -> None:
    unknown = {"aws_access_key_id": "AKIAIOSFODNN7UNKNOWN", "aws_secret_access_key": "secret"}
    with pytest.raises(ClientError) as refused:
        getattr(sandbox.client(service, **unknown), operation)()
    assert refused.value.response["Error"]["Code"] == code
