"""After all scenarios: no unused permission, a sample of the sabotage, and the destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.iam.used_grants import Grant
from tests.pipeline.groups import GROUPS
from tests.sabotage import deployed_grants, sabotage, unexercised
from tests.sabotage.removals import all_removals
from tools import deployment_actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.deployment import Deployment
    from tests.sabotage.sabotage import Rehearsal

#: Entries of the file of permissions that no run in the sandbox uses.
UNEXERCISED = 73
SECONDS_FOR_SABOTAGE = 1500


@pytest.fixture(scope="module")
def granted(deployment: Deployment) -> set[Grant]:
    """Every action of every statement that the deployed policies hold."""
    pipeline = deployment.pipeline
    statements = [
        *deployed_grants.role_statements(pipeline),
        *deployed_grants.trust_statements(pipeline),
        *deployed_grants.resource_statements(pipeline),
    ]
    return {grant for each in statements if each.allows for grant in each.grants}


@pytest.fixture(scope="module")
def used_by_scenarios(deployment: Deployment) -> set[Grant]:
    """What the calls of all tests before were allowed by."""
    return {Grant(**each) for each in deployment.pipeline.control("authorization")["used"]}


@pytest.fixture(scope="module")
def rehearsals(
    deployment: Deployment,
    granted: set[Grant],
    used_by_scenarios: set[Grant],
    say: Callable[[str], None],
) -> list[Rehearsal]:
    """Plays of what no test before has shown, until every permission was used."""
    known = unexercised.entries()
    wanted = {grant for grant in granted if not unexercised.listed(grant, known)}
    return sabotage.rehearse_until_used(deployment, wanted - used_by_scenarios, say)


@pytest.fixture(scope="module")
def used(used_by_scenarios: set[Grant], rehearsals: list[Rehearsal]) -> set[Grant]:
    return used_by_scenarios.union(*(rehearsal.used for rehearsal in rehearsals))


@pytest.mark.parametrize("group", GROUPS)
def test_no_role_was_denied_anything_and_every_call_was_judged(
    deployment: Deployment, group: str
) -> None:
    seen = deployment.pipeline.control("authorization")
    denied = {
        (judgement["role"], judgement["action"], judgement["resource"])
        for judgement in seen["trace"]
        if not judgement["allowed"]
        and (judgement["role"], judgement["action"]) not in deployment.taken_away
    }
    assert denied == set(), group
    assert seen["unmapped"] == []


def test_second_plan_changes_nothing(deployment: Deployment) -> None:
    assert deployment.changes_after_apply is False


def test_terraform_called_nothing_that_the_page_does_not_name(deployment: Deployment) -> None:
    called = deployment.deploying_calls
    assert ("states", "CreateStateMachine") in called
    named = set(deployment_actions.actions(deployment_actions.recorded()))
    assert set(deployment_actions.actions(called)) <= named, "mend: tools/record_deployment.py"


@pytest.mark.timeout(SECONDS_FOR_SABOTAGE)
def test_every_permission_was_used_or_is_listed_with_its_reason(
    granted: set[Grant], used: set[Grant], say: Callable[[str], None]
) -> None:
    known = unexercised.entries()
    say(f"{len(granted)} permissions, {len(granted & used)} used, {len(known)} entries listed")
    surplus = {grant for grant in granted - used if not unexercised.listed(grant, known)}
    assert surplus == set()


def test_the_listed_permissions_are_granted_and_were_not_used(
    deployment: Deployment, granted: set[Grant], used: set[Grant]
) -> None:
    denied = {
        grant
        for statement in deployed_grants.role_statements(deployment.pipeline)
        if not statement.allows
        for grant in statement.grants
    }
    entries = unexercised.entries()
    for entry in entries:
        covered = {grant for grant in granted | denied if entry.covers(grant)}
        assert covered, f"no policy grants {entry}"
        assert not covered & used, f"{entry} was used"
        assert len(entry.reason) >= 20, entry
        assert entry.page.startswith("https://docs.aws.amazon.com/"), entry
    assert len(entries) == UNEXERCISED


@pytest.mark.timeout(SECONDS_FOR_SABOTAGE)
def test_an_error_names_a_permission_removed_from_any_role_and_nothing_is_lost(
    deployment: Deployment, rehearsals: list[Rehearsal], say: Callable[[str], None]
) -> None:
    chosen = sabotage.one_of_each_role(all_removals(deployment.pipeline), rehearsals)
    outcomes = []
    for removal, plays in chosen:
        outcomes.append(sabotage.sabotage(deployment, removal, plays))
        say(outcomes[-1].line())
    say(f"{sum(outcome.caught for outcome in outcomes)} of {len(outcomes)} caught")
    roles = {each.place.owner for each in deployed_grants.trust_statements(deployment.pipeline)}
    assert {outcome.removal.owner for outcome in outcomes} == roles
    assert [outcome.line() for outcome in outcomes if not outcome.caught] == []


@pytest.mark.parametrize("group", GROUPS)
def test_destroy_leaves_nothing(deployment: Deployment, group: str) -> None:
    deployment.destroy()
    assert deployment.left() == set(), group
