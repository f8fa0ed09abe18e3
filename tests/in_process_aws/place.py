"""The target of a test's calls: the in-process account, or the sandbox, which must agree."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from in_process_aws.account import Account
from labeling_faults.simulated_time.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox

FEATURES = {
    "source_ref": "String",
    "event_time": "String",
    "label": "String",
    "confidence": "Fractional",
    "attempts": "Integral",
}


def code_of(error: Any) -> str:
    """Return the code of the error that a ``pytest.raises`` block caught."""
    assert isinstance(error.value, ClientError)
    return str(error.value.response["Error"]["Code"])


class Place(Protocol):
    """An AWS; what is made without a name gets a fresh one."""

    def client(self, service: str) -> Any: ...

    def new_queue(
        self, visibility_seconds: int = 30, dead: str = "", receives: int = 0, name: str = ""
    ) -> str: ...

    def new_table(self, name: str = "") -> str: ...

    def new_bucket(self, name: str = "", *, versioned: bool = False) -> str: ...

    def new_group(self, name: str = "", features: Mapping[str, str] = FEATURES) -> str: ...

    def new_secret(self, text: str) -> str: ...

    def wait(self, seconds: float) -> None: ...


@dataclass
class AccountPlace:
    """The account in the process."""

    account: Account = field(default_factory=lambda: Account(Clock()))

    def client(self, service: str) -> Any:
        return self.account.client(service)

    def new_queue(
        self, visibility_seconds: int = 30, dead: str = "", receives: int = 0, name: str = ""
    ) -> str:
        return self.account.sqs.create_queue(
            name or _fresh("queue"),
            visibility_seconds=visibility_seconds,
            dead_letters=(dead.rpartition("/")[2], receives) if dead else None,
        )

    def new_table(self, name: str = "") -> str:
        return self.account.dynamodb.create_table(name or _fresh("table")).name

    def new_bucket(self, name: str = "", *, versioned: bool = False) -> str:
        return self.account.s3.create_bucket(name or _fresh("bucket"), versioned=versioned).name

    def new_group(self, name: str = "", features: Mapping[str, str] = FEATURES) -> str:
        self.account.features.batched = True
        return self.account.features.create_group(name or _fresh("group"), features).name

    def new_secret(self, text: str) -> str:
        return self.account.secrets.create_secret(_fresh("secret"), text)

    def wait(self, seconds: float) -> None:
        self.account.clock.sleep(seconds)


@dataclass
class SandboxPlace:
    """moto with the sandbox's seams."""

    sandbox: Sandbox
    role: str

    def client(self, service: str) -> Any:
        return self.sandbox.client(service)

    def new_queue(
        self, visibility_seconds: int = 30, dead: str = "", receives: int = 0, name: str = ""
    ) -> str:
        attributes = {"VisibilityTimeout": str(visibility_seconds)}
        if dead:
            target = dead.rpartition("/")[2]
            arn = f"arn:aws:sqs:{self.sandbox.region}:{self.sandbox.account}:{target}"
            attributes["RedrivePolicy"] = (
                f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{receives}}}'
            )
        made = self.client("sqs").create_queue(
            QueueName=name or _fresh("queue"), Attributes=attributes
        )
        return str(made["QueueUrl"])

    def new_table(self, name: str = "") -> str:
        name = name or _fresh("table")
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def new_bucket(self, name: str = "", *, versioned: bool = False) -> str:
        name = name or _fresh("bucket")
        self.client("s3").create_bucket(Bucket=name)
        if versioned:
            self.client("s3").put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    def new_group(self, name: str = "", features: Mapping[str, str] = FEATURES) -> str:
        name = name or _fresh("group")
        self.client("sagemaker").create_feature_group(
            FeatureGroupName=name,
            RecordIdentifierFeatureName="source_ref",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[
                {"FeatureName": feature, "FeatureType": kind} for feature, kind in features.items()
            ],
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{self.new_bucket()}"}},
            RoleArn=self.role,
        )
        return name

    def new_secret(self, text: str) -> str:
        made = self.client("secretsmanager").create_secret(Name=_fresh("secret"), SecretString=text)
        return str(made["ARN"])

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def _fresh(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"
