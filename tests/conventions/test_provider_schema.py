"""The module and its examples use only names of provider 6 that it does not deprecate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conventions.hcl_rules import HclFile
from tests.conventions.provider_schema import (
    Schema,
    deprecation_breaches,
    deprecations,
    schema_breaches,
)
from tests.conventions.sources import ROOT, module_files, shown

if TYPE_CHECKING:
    from pathlib import Path

FILES = [*module_files(), *sorted((ROOT / "examples").rglob("*.tf"))]
SCHEMA = Schema.stored()
DEPRECATED = deprecations()

QUEUE = """
resource "aws_sqs_queue" "a" {
  name                      = "a"
  message_retention_seconds = 60
  tags                      = { team = "labels" }
}
"""
ALARM = """
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "a"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:a"]
  metric_query {
    id = "m"
  }
}
"""


DYNAMIC = """
resource "aws_sqs_queue" "a" {
  dynamic "redrive" {
    for_each = [1]
    content {
      x = 1
    }
  }
}
"""
EACH = """
resource "aws_sqs_queue_policy" "a" {
  for_each  = aws_sqs_queue.a
  queue_url = each.value.nom
  policy    = "{}"
}
"""
LIFECYCLE = """
resource "aws_s3_bucket_lifecycle_configuration" "a" {
  rule {
    id     = "a"
    prefix = "b"
  }
}
"""


def test_all_files_are_read() -> None:
    assert len(FILES) > 40
    assert any(shown(path).startswith("examples/") for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_every_name_in_a_file_exists_in_provider_6(path: Path) -> None:
    assert schema_breaches(HclFile.read(path), SCHEMA) == []


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_provider_6_deprecates_nothing_that_a_file_uses(path: Path) -> None:
    assert deprecation_breaches(HclFile.read(path), DEPRECATED) == []


@pytest.mark.parametrize("text", [QUEUE, ALARM])
def test_a_correct_file_has_no_breach(text: str) -> None:
    assert schema_breaches(HclFile.parse("main.tf", text), SCHEMA) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (QUEUE.replace("name  ", "nom  "), "nom is not known"),
        (QUEUE.replace("60", '"60 s"'), 'message_retention_seconds is no "number"'),
        (QUEUE.replace("60", "true"), 'message_retention_seconds is no "number"'),
        (QUEUE.replace("60", "[60]"), 'message_retention_seconds is no "number"'),
        (QUEUE.replace('"labels"', "[1]"), 'tags is no ["map", "string"]'),
        (QUEUE.replace("message_retention_seconds", "arn"), "arn can only be read"),
        (QUEUE.replace("aws_sqs_queue", "aws_sqs_kew"), "aws_sqs_kew is not known"),
        (ALARM.replace("alarm_name", "alarm_description"), "alarm_name is required"),
        (ALARM.replace('["arn', '"arn').replace(':a"]', ':a"'), "alarm_actions is no"),
        (ALARM.replace("metric_query", "metric_kweri"), "metric_kweri is not known"),
        (ALARM.replace('id = "m"', 'ident = "m"'), "metric_query: ident is not known"),
        (ALARM.replace("metric_query {", "metric_query = {"), "metric_query is a block"),
        (ALARM.replace('id = "m"', ""), "metric_query: id is required"),
        (DYNAMIC, "redrive is not known"),
        ("locals {\n  a = aws_sqs_queue.a.nom\n}\n", "aws_sqs_queue has no nom to read"),
        ('locals {\n  a = "${aws_sqs_queue.a["x"].nom}/*"\n}\n', "aws_sqs_queue has no nom"),
        ("locals {\n  a = aws_sqs_queue.a[*].nom\n}\n", "aws_sqs_queue has no nom to read"),
        ("locals {\n  a = data.aws_region.a.nom\n}\n", "data.aws_region has no nom to read"),
        (
            "locals {\n  a = { for key, queue in aws_sqs_queue.a : key => queue.nom }\n}\n",
            "aws_sqs_queue has no nom to read",
        ),
        (EACH, "aws_sqs_queue has no nom to read"),
        ('provider "aws" {\n  zone = "a"\n}\n', "provider aws: zone is not known"),
    ],
)
def test_a_wrong_name_or_type_is_found(text: str, told: str) -> None:
    assert told in "\n".join(schema_breaches(HclFile.parse("main.tf", text), SCHEMA))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("locals {\n  a = data.aws_region.current.id\n}\n", "data.aws_region has a deprecated id"),
        ('locals {\n  a = "${data.aws_region.current.name}"\n}\n', "deprecated name"),
        (
            'resource "aws_s3_bucket" "a" {\n  versioning {\n    enabled = true\n  }\n}\n',
            "aws_s3_bucket has a deprecated versioning",
        ),
        (LIFECYCLE, "deprecated rule.prefix"),
    ],
)
def test_a_deprecated_attribute_is_found(text: str, told: str) -> None:
    assert told in "\n".join(deprecation_breaches(HclFile.parse("main.tf", text), DEPRECATED))


def test_only_attributes_that_the_provider_still_knows_are_listed_as_deprecated() -> None:
    for each in DEPRECATED:
        *blocks, name = each.attribute.split(".")
        block = SCHEMA.types[each.type]
        for nested in blocks:
            block = block["block_types"][nested]["block"]
        assert name in {**block["attributes"], **block["block_types"]}, each
