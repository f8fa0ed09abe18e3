"""The inputs of a job are checked against the rules of its task type."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from labeling_sandbox.ground_truth.answers.task import Category
from labeling_sandbox.ground_truth.labeling_inputs import (
    InputError,
    read_categories,
    read_manifest,
    read_template,
)
from labeling_sandbox.ground_truth.task_kinds import KINDS

TEXTS = [suffix for suffix, kind in KINDS.items() if kind.source_key == "source"]
IMAGES = [suffix for suffix in KINDS if suffix not in TEXTS]
LIMITED = [suffix for suffix, kind in KINDS.items() if kind.max_labels]
INSTRUCTIONS = {"shortInstruction": "<p>Mark names</p>", "fullInstruction": "<p>All of them</p>"}


class Stored:
    """An S3 client with one object."""

    def __init__(self, body: str | bytes) -> None:
        self.body = body.encode() if isinstance(body, str) else body

    def get_object(self, **_request: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.body)}


def categories_file(labels: list[Any], **changes: Any) -> str:
    content = {
        "document-version": "2018-11-28",
        "labels": labels,
        "instructions": INSTRUCTIONS,
        **changes,
    }
    return json.dumps({key: value for key, value in content.items() if value is not None})


def categories(suffix: str, text: str) -> list[Category]:
    return read_categories(Stored(text), "s3://b/categories.json", KINDS[suffix])


def manifest(suffix: str, text: str) -> list[dict[str, Any]]:
    return read_manifest(Stored(text), "s3://b/a.manifest", KINDS[suffix])


@pytest.mark.parametrize("suffix", KINDS)
def test_categories_keep_their_order_and_short_names(suffix: str) -> None:
    labels = [{"label": "Zürich <3", "shortDisplayName": "ZH"}, {"label": "a"}]
    assert categories(suffix, categories_file(labels)) == [
        Category("Zürich <3", "ZH"),
        Category("a"),
    ]


@pytest.mark.parametrize("suffix", KINDS)
def test_the_minimum_and_maximum_number_of_labels(suffix: str) -> None:
    labels = [{"label": f"label {number}"} for number in range(51)]
    least = 2 if "MultiClass" in suffix else 1
    assert len(categories(suffix, categories_file(labels[:least]))) == least
    with pytest.raises(InputError, match=f"at least {least}"):
        categories(suffix, categories_file(labels[: least - 1]))
    if suffix in LIMITED:
        assert len(categories(suffix, categories_file(labels[:50]))) == 50
        with pytest.raises(InputError, match="at most 50"):
            categories(suffix, categories_file(labels))
    else:
        assert len(categories(suffix, categories_file(labels))) == 51


def test_three_types_are_limited_to_50_labels() -> None:
    assert LIMITED == ["ImageMultiClassMultiLabel", "BoundingBox", "TextMultiClassMultiLabel"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        categories_file(["a", "b"]),
        categories_file([{"name": "a"}, {"name": "b"}]),
        categories_file([{"label": "a"}, {"label": "a"}]),
        categories_file([{"label": "a"}, {"label": " "}]),
        categories_file([{"label": "a"}, {"label": 3}]),
        categories_file([{"label": "a"}, {"label": "b" * 257}]),
        categories_file([{"label": "a"}, {"label": "b", "shortDisplayName": 4}]),
        categories_file([{"label": "a"}, {"label": "b"}], **{"document-version": "2020-01-01"}),
    ],
)
@pytest.mark.parametrize("suffix", KINDS)
def test_a_wrong_category_file_is_refused(suffix: str, text: str) -> None:
    with pytest.raises(InputError, match="is not valid"):
        categories(suffix, text)


@pytest.mark.parametrize(
    "instructions",
    [None, "text", {}, {"shortInstruction": "a"}, {**INSTRUCTIONS, "fullInstruction": " "}],
)
def test_named_entities_need_instructions(instructions: object) -> None:
    text = categories_file([{"label": "a"}, {"label": "b"}], instructions=instructions)
    assert len(categories("TextMultiClass", text)) == 2
    with pytest.raises(InputError, match="fullInstruction"):
        categories("NamedEntityRecognition", text)


@pytest.mark.parametrize("suffix", [suffix for suffix, kind in KINDS.items() if kind.element])
def test_a_template_needs_the_named_element_of_its_type(suffix: str) -> None:
    kind = KINDS[suffix]
    element = (
        f"<{kind.element} name='{kind.element_name}' header='{{{{ a | b }}}}'></{kind.element}>"
    )
    read_template(Stored(f"<crowd-form>{element}</crowd-form>"), "s3://b/t", kind)
    for wrong, reason in (
        (element, "no crowd-form"),
        ("<crowd-form></crowd-form>", f"no {kind.element}"),
        (f"<crowd-form>{element.replace('name=', 'id=')}</crowd-form>", "whose name is"),
        (f"<crowd-form><!-- {element} --></crowd-form>", f"no {kind.element}"),
    ):
        with pytest.raises(InputError, match=reason):
            read_template(Stored(wrong), "s3://b/t", kind)


@pytest.mark.parametrize("suffix", TEXTS)
def test_only_line_feeds_end_a_line_of_the_manifest(suffix: str) -> None:
    texts = ["a\u2028b\u0085c\x0bd", "e 🎉", 'f "g"']
    lines = [json.dumps({"source": text}, ensure_ascii=False) for text in texts]
    found = manifest(suffix, "\r\n".join([*lines[:2], ""]) + "\n" + lines[2])
    assert [line["source"] for line in found] == texts


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_text_has_at_most_20_000_characters(suffix: str) -> None:
    for character in ("a", "ß", '"', "🎉"):
        line = json.dumps({"source": character * 20_000}, ensure_ascii=False)
        assert manifest(suffix, line)
        with pytest.raises(InputError, match="attribute longer than 20000"):
            manifest(suffix, line.replace(": ", f': "x", "more": "{"y" * 20_001}", "b": ', 1))
    with pytest.raises(InputError, match="attribute longer than 20000"):
        manifest(suffix, json.dumps({"source": "a" * 20_001}))


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_line_has_at_most_100_000_characters(suffix: str) -> None:
    # The same 20,000 characters are 120,000 when they are written as escapes of six each.
    with pytest.raises(InputError, match="longer than 100000"):
        manifest(suffix, json.dumps({"source": "ß" * 20_000}, ensure_ascii=True))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"text": "a"}', "needs source "),
        ('{"source": ""}', "no text"),
        ('{"source": " "}', "no text"),
        ('{"source": {"a": 1}}', "no text"),
        ('{"source-ref": "s3://b/a.txt"}', "needs source "),
        ('{"source": "a", "source-ref": "s3://b/a.txt"}', "no other source"),
        ('{"source": "a", "$b": 1}', "begins with"),
    ],
)
@pytest.mark.parametrize("suffix", TEXTS)
def test_a_wrong_line_is_refused_with_its_number(suffix: str, line: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"Line 2 .*{reason}"):
        manifest(suffix, f'{{"source": "good"}}\n{line}\n')


@pytest.mark.parametrize("suffix", IMAGES)
def test_images_are_given_by_address(suffix: str) -> None:
    assert manifest(suffix, '{"source-ref": "s3://b/a.png"}')
    with pytest.raises(InputError, match="needs source-ref"):
        manifest(suffix, '{"source": "s3://b/a.png"}')


def test_segmentation_takes_20_000_objects_and_other_types_100_000() -> None:
    line = '{"source-ref":"s3://b/a.png"}\n'
    assert len(manifest("SemanticSegmentation", line * 20_000)) == 20_000
    assert len(manifest("BoundingBox", line * 20_001)) == 20_001
    with pytest.raises(InputError, match="more than 20000"):
        manifest("SemanticSegmentation", line * 20_001)
    with pytest.raises(InputError, match="more than 100000"):
        manifest("BoundingBox", line * 100_001)
