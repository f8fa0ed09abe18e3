"""Checks of what labeling in Label Studio needs; without Label Studio they find nothing.

Whether the work on its jobs fails again and again is known by the alarm of this work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelctl.doctor.checks import Check, Problem, warning
from labelctl.doctor.lookups import APPLY, found
from labeling_lambdas.label_studio.client import require_supported_version
from labeling_lambdas.label_studio.connection import OpenConnection
from labeling_lambdas.label_studio.errors import (
    LabelStudioError,
    LabelStudioLoginError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labelctl.doctor.checks import Subject
    from labelctl.doctor.deployed import StudioSettings

#: Seconds after which Label Studio does not answer.
_CALL_SECONDS = 10
_FUNCTION = "advance_label_studio_jobs"


def _schedule(subject: Subject) -> Iterator[Problem]:
    studio = subject.deployed.label_studio
    if studio is None:
        return
    name = studio.schedule
    schedule = found(subject.client("scheduler").get_schedule, Name=name)
    if schedule is None:
        yield Problem(f"the schedule {name} does not exist: no task reaches Label Studio", APPLY)
        return
    function = subject.arn("lambda", f"function:{subject.deployed.functions[_FUNCTION]}")
    if schedule["Target"]["Arn"] != function:
        yield Problem(f"the schedule {name} calls {schedule['Target']['Arn']}", APPLY)
    if schedule["State"] != "ENABLED":
        yield Problem(f"the schedule {name} is disabled: no answer is collected", APPLY)


def _token(subject: Subject) -> Iterator[Problem]:
    studio = subject.deployed.label_studio
    if studio is None:
        return
    arn = studio.token_secret_arn
    secret = found(subject.client("secretsmanager").describe_secret, SecretId=arn)
    if secret is None:
        yield Problem(
            f"the secret {arn} does not exist",
            "create a secret with the token, and set label_studio.token_secret_arn",
        )
        return
    if secret.get("DeletedDate"):
        yield Problem(
            f"the secret {arn} is to be deleted, and the function cannot read it",
            f"aws secretsmanager restore-secret --secret-id {arn}",
        )
    if not secret.get("VersionIdsToStages"):
        yield Problem(
            f"the secret {arn} has no value",
            f"aws secretsmanager put-secret-value --secret-id {arn} --secret-string file://token",
        )
    yield from _key_problems(subject, studio, secret)


def _key_problems(
    subject: Subject, studio: StudioSettings, secret: Mapping[str, Any]
) -> Iterator[Problem]:
    # Without a key of its own, a secret has the one that AWS manages.
    stated = secret.get("KmsKeyId")
    key = None if stated is None else _customer_key(subject, stated)
    if key == studio.token_secret_kms_key_arn:
        return
    if key is None:
        yield warning(
            f"the secret {studio.token_secret_arn} is encrypted with the key that AWS manages, and"
            f" not with {studio.token_secret_kms_key_arn}",
            "remove label_studio.token_secret_kms_key_arn",
        )
    else:
        yield Problem(
            f"the secret {studio.token_secret_arn} is encrypted with {key}, which the function may"
            " not use",
            f'set label_studio.token_secret_kms_key_arn = "{key}"',
        )


def _customer_key(subject: Subject, stated: str) -> str | None:
    """Return the ARN of a key by its ID, ARN or alias; None for the one that AWS manages."""
    answer = found(subject.client("kms").describe_key, KeyId=stated)
    if answer is None:
        return stated
    key = answer["KeyMetadata"]
    return str(key["Arn"]) if key["KeyManager"] == "CUSTOMER" else None


def _version(subject: Subject) -> Iterator[Problem]:
    studio = subject.deployed.label_studio
    if studio is None:
        return
    try:
        require_supported_version(OpenConnection(studio.url, call_seconds=_CALL_SECONDS))
    except (LabelStudioLoginError, LabelStudioUnavailableError) as error:
        function = subject.deployed.functions[_FUNCTION]
        asks = isinstance(error, LabelStudioLoginError)
        reason = f"{studio.url} asks for a login before it answers" if asks else str(error)
        yield warning(
            f"this machine does not reach Label Studio: {reason}. The functions may reach it all"
            " the same, for example from their VPC",
            f"if the alarm {studio.schedule} is in alarm, read the errors in the log"
            f" /aws/lambda/{function}",
        )
    except LabelStudioError as error:
        yield Problem(
            str(error),
            "set label_studio.url to the address of a supported Label Studio, or upgrade",
        )


CHECKS = (
    Check("label_studio", "Label Studio answers with a supported version", _version),
    Check(
        "label_studio_schedule",
        "the schedule calls the function for jobs in Label Studio",
        _schedule,
    ),
    Check("label_studio_token", "the secret of Label Studio's token can be used", _token),
)
