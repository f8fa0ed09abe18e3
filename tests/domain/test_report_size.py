"""The report of a run is the result of a state, whose size Step Functions limits."""

from __future__ import annotations

import json

from labeling_lambdas.steps import finish_run


def test_rejections_with_the_longest_comments_of_all_reviewers_are_cut_to_what_fits() -> None:
    comments = ["\u00e9" * 1000] * 9
    rejections = [{"item_id": "i" * 32, "class": "Wrong", "comments": comments}] * 100
    fitting = finish_run._that_fit(rejections)
    assert fitting == rejections[: len(fitting)]
    assert 0 < len(json.dumps(fitting)) <= 128 * 1024


def test_few_rejections_are_all_reported() -> None:
    rejections = [{"item_id": "i" * 32, "class": "Wrong", "comments": ["blurred"]}] * 100
    assert finish_run._that_fit(rejections) == rejections
