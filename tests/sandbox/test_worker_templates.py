"""The parts of a worker template that are read: names, questions, and the shown label."""

from __future__ import annotations

import pytest

from labeling_sandbox.ground_truth.worker_templates import Question, Template, TemplateError


@pytest.mark.parametrize(
    "text",
    [
        (
            "{% for box in task.input.manifestLine.my-label.annotations %}"
            "{{ task.input.manifestLine.my-label-metadata.class-map[class_id] }}"
        ),
        """{{ task.input.manifestLine["my-label"] | grant_read_access }}
        {{ task.input.manifestLine["my-label-metadata"]["internal-color-map"] }}""",
        (
            "{{ task.input.manifestLine[ 'my-label' ] }}"
            "{{ task.input.manifestLine['my-label-metadata'] }}"
            "{{ task.input.manifestLine.source-ref }}"
            "{{ task.input.manifestLine.ticket }}"
        ),
    ],
)
def test_the_label_that_is_shown(text: str) -> None:
    assert Template(text).prior_attribute() == "my-label"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{{ task.input.manifestLine.my-label }}",
        "{{ task.input.manifestLine.my-label-metadata }}",
        "{{ task.input.taskObject }}",
        "<!-- {{ task.input.manifestLine.a }} {{ task.input.manifestLine.a-metadata }} -->",
        (
            "{% comment %}{{ task.input.manifestLine.a }} {{ task.input.manifestLine.a-metadata }}"
            "{% endcomment %}"
        ),
    ],
)
def test_a_label_is_not_shown_without_its_metadata_or_in_a_comment(text: str) -> None:
    with pytest.raises(TemplateError, match="shows no label"):
        Template(text).prior_attribute()


def test_parts_of_the_input_are_shown_wherever_they_stand() -> None:
    template = Template(
        """<crowd-form><b title="{{ task.input.given }}">{% for it in task.input["segments"] %}
        {% endfor %}</b><!-- {{ task.input.hidden }} --></crowd-form>"""
    )
    assert template.inputs == {"given", "segments"}


def test_a_question_takes_its_categories_from_the_input_or_lists_them() -> None:
    asked = Template(
        """<crowd-classifier name="verdict" categories="{{ task.input.options | to_json }}">
        </crowd-classifier><crowd-text-area name="remark"></crowd-text-area>"""
    ).question()
    assert asked == Question("verdict", "options", (), "remark")
    assert asked.choices({"options": ["a", "b"]}) == ["a", "b"]
    unusable: list[dict[str, object]] = [
        {},
        {"options": []},
        {"options": "a"},
        {"options": [1]},
        {"labels": ["a"]},
    ]
    for wrong in unusable:
        assert asked.choices(wrong) is None
    listed = Template("""<crowd-image-classifier name="q" categories="['yes', 'no']">""").question()
    assert (listed.choices({}), listed.comment) == (["yes", "no"], None)
