"""The settings of a project."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.controls import CONTROLS
from labeling_lambdas.domain.label_studio.projects import (
    labeling_settings,
    project_title,
    verification_settings,
)
from labeling_lambdas.domain.task_types import task_type

_NAMES = st.text("ab-0", min_size=1, max_size=63)


@given(st.sets(_NAMES, min_size=2, max_size=5))
def test_each_job_has_a_title_of_its_own_that_label_studio_takes(names: set[str]) -> None:
    titles = {project_title(name) for name in names}
    assert len(titles) == len(names)
    assert all(len(title) <= 50 for title in titles)


def test_long_names_that_differ_at_their_end_have_different_titles() -> None:
    titles = {project_title("a" * 62 + end) for end in "bcd"}
    assert [len(title) for title in titles] == [50] * 3
    # Ground Truth's names of jobs are the same in any case.
    assert project_title("Job-1") == project_title("job-1")


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_an_answer_may_be_empty_where_that_is_an_answer(name: str) -> None:
    kind = task_type(name)
    labeling = labeling_settings("j", kind, ["a", "b"], "", 3)
    assert labeling["enable_empty_annotation"] is ("single" not in name)
    assert labeling["maximum_annotations"] == 3
    judging = verification_settings("j", kind, ["a", "b"], ["Correct", "Wrong"], "", 2)
    assert judging["enable_empty_annotation"] is False
    assert judging["show_collab_predictions"] is True
