"""Groups of tests that run at the same time, each with its own deployment in its own sandbox.

Without ``-n`` all of them share one deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios import storing
from tests.scenarios.catalogue import SCENARIOS, name_of

if TYPE_CHECKING:
    from tests.scenarios.catalogue import Play

#: What takes long besides scenarios: reviewers, and the end, which removes permissions.
REVIEWERS = "reviewers"
_SCENARIOS = ("scenarios-1", "scenarios-2")
GROUPS = (*_SCENARIOS, REVIEWERS)
#: The pipeline with people in Label Studio, which is another deployment.
_LABEL_STUDIO = "label-studio"

#: Nothing else in that group resumes an open run, which takes the permission to list runs.
_WITH_REVIEWERS: tuple[Play, ...] = (
    storing.run_that_cannot_store_stays_open_and_is_finished_without_a_second_job,
)
_GROUP_OF_SCENARIO = {
    name_of(play): REVIEWERS if play in _WITH_REVIEWERS else _SCENARIOS[number % 2]
    for number, play in enumerate(SCENARIOS)
}


def group_of(node_id: str) -> str:
    """Return the group of a test: what its file or its parameter names, or that of the reviewers.

    Args:
        node_id: pytest's name of the test.
    """
    if "test_label_studio.py::" in node_id:
        return _LABEL_STUDIO
    parameter = node_id.partition("[")[2].removesuffix("]")
    return parameter if parameter in GROUPS else _GROUP_OF_SCENARIO.get(parameter, REVIEWERS)
