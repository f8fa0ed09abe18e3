"""The environment of a function: one error that names every variable that is missing or wrong."""

from __future__ import annotations

import dataclasses
import json

import pytest

from labeling_lambdas.domain.records import ExtraFeature
from labeling_lambdas.errors import SettingsError
from labeling_lambdas.handlers.finish_run import FinishSettings
from labeling_lambdas.handlers.plan_results import PlanSettings
from labeling_lambdas.handlers.poll_queue import PollSettings
from labeling_lambdas.handlers.return_items import ReturnSettings
from labeling_lambdas.handlers.split_text import SplitSettings
from labeling_lambdas.handlers.start_labeling_job import StartSettings
from labeling_lambdas.handlers.start_verification_job import VerifySettings
from labeling_lambdas.handlers.update_feature_store import StoreSettings
from labeling_lambdas.settings import ArtifactSettings, LedgerSettings, read_settings
from tests.domain.examples import job_settings, verification, verification_fields

_ENVIRONMENT = {
    "PIPELINE_NAME": "digits",
    "LEDGER_TABLE": "digits-ledger",
    "OUTPUT_BUCKET": "digits-output",
    "KMS_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/k",
    "UPLOAD_BUCKET": "digits-uploads",
    "INTAKE_QUEUE_URL": "https://sqs/intake",
    "DEAD_LETTER_QUEUE_URL": "https://sqs/dead",
    "TASK_TYPE": "image_single_label_classification",
    "IGNORED_KEYS": '["*.xmp"]',
    "MAX_ITEMS_PER_RUN": "1000",
    "LABELING_JOB": json.dumps(job_settings()._asdict()),
    "LABEL_ATTRIBUTE_NAME": "digit-label",
    "LABEL_SCHEMA": "sha256:0",
    "LABELS": '["zero", "one"]',
    "TEXT_ITEMS": "line",
    "MAX_ATTEMPTS": "3",
    "EXTRA_FEATURES": '{"site": {"path": "batch.site", "column": true}}',
    "FEATURE_GROUP_NAME": "digits",
    "EVENT_BUS_NAME": "default",
    "VERIFICATION_JOB": json.dumps(job_settings()._asdict()),
    "VERIFICATION": json.dumps(verification_fields()),
}
_Kind = LedgerSettings | SplitSettings | ArtifactSettings
_KINDS: tuple[type[_Kind], ...] = (
    LedgerSettings,
    PollSettings,
    StartSettings,
    PlanSettings,
    StoreSettings,
    ReturnSettings,
    FinishSettings,
    SplitSettings,
    VerifySettings,
    ArtifactSettings,
)


@pytest.mark.parametrize("kind", _KINDS)
def test_each_field_is_read_from_the_variable_of_its_name(
    kind: type[_Kind],
) -> None:
    settings = read_settings(kind, _ENVIRONMENT)
    for field in dataclasses.fields(kind):
        value = getattr(settings, field.name)
        if isinstance(value, str | int):
            assert str(value) == _ENVIRONMENT[field.name.upper()]


@pytest.mark.parametrize("kind", _KINDS)
def test_one_error_names_every_missing_variable(kind: type[_Kind]) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(kind, {})
    for field in dataclasses.fields(kind):
        is_needed = field.default is dataclasses.MISSING
        assert (f"{field.name.upper()} is missing" in str(caught.value)) == is_needed


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIPELINE_NAME", "OUTPUT_BUCKET", "KMS_KEY_ARN", "LEDGER_TABLE"):
        monkeypatch.setenv(name, _ENVIRONMENT[name])
    assert read_settings(LedgerSettings).ledger_table == "digits-ledger"


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (PollSettings, "IGNORED_KEYS", "*.xmp"),
        (PollSettings, "IGNORED_KEYS", "null"),
        (PollSettings, "MAX_ITEMS_PER_RUN", "many"),
        (PollSettings, "MAX_ITEMS_PER_RUN", "1.5"),
        (PlanSettings, "MAX_ATTEMPTS", "three"),
        (PlanSettings, "LABELS", "{}"),
        (PlanSettings, "LABELS", "zero"),
        (PlanSettings, "EXTRA_FEATURES", "{"),
        (PlanSettings, "EXTRA_FEATURES", "[]"),
        (PlanSettings, "EXTRA_FEATURES", '{"site": {"path": "x"}}'),
        (PlanSettings, "EXTRA_FEATURES", '{"site": "x"}'),
        (StartSettings, "LABELING_JOB", "[]"),
        (StartSettings, "LABELING_JOB", "{}"),
        (StartSettings, "LABELING_JOB", '{"unknown": 1}'),
        (PlanSettings, "VERIFICATION", "{}"),
        (PlanSettings, "VERIFICATION", "off"),
        (VerifySettings, "VERIFICATION", "null"),
        (VerifySettings, "VERIFICATION", json.dumps(verification_fields(accepted_category=""))),
        (VerifySettings, "VERIFICATION", json.dumps(verification_fields(sample_percent="all"))),
    ],
)
def test_a_value_of_the_wrong_form_is_named_together_with_what_is_missing(
    kind: type[_Kind], name: str, value: str
) -> None:
    environment = {**_ENVIRONMENT, name: value, "LEDGER_TABLE": ""}
    with pytest.raises(SettingsError) as caught:
        read_settings(kind, environment)
    assert f"{name} has the wrong form" in str(caught.value)
    assert "LEDGER_TABLE is missing" in str(caught.value)


def test_the_setting_text_items_is_checked() -> None:
    with pytest.raises(SettingsError, match="TEXT_ITEMS has the wrong form: 'word'"):
        read_settings(SplitSettings, {**_ENVIRONMENT, "TEXT_ITEMS": "word"})


@pytest.mark.parametrize("text", ["null", "[]"])
def test_the_labels_of_your_own_category_file_are_unknown(text: str) -> None:
    assert read_settings(PlanSettings, {**_ENVIRONMENT, "LABELS": text}).labels is None


def test_structured_values_are_typed() -> None:
    assert read_settings(StartSettings, _ENVIRONMENT).labeling_job == job_settings()
    plan = read_settings(PlanSettings, _ENVIRONMENT)
    assert plan.extra_features == {"site": ExtraFeature("batch.site", True)}
    assert plan.max_attempts == 3
    assert plan.labels == frozenset({"zero", "one"})
    assert plan.verification == verification()


def test_verification_is_none_when_off_and_unknown_categories_are_none() -> None:
    off = read_settings(PlanSettings, {**_ENVIRONMENT, "VERIFICATION": "null"})
    assert off.verification is None
    own = json.dumps(verification_fields(categories=None))
    found = read_settings(VerifySettings, {**_ENVIRONMENT, "VERIFICATION": own})
    assert found.verification == verification(categories=None)
