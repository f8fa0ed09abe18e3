"""The dashboard shows metrics that exist, of this pipeline, and what labels cost."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.cost.prices import OBJECT_FEES
from tests.plan.run_metrics import published_metrics
from tests.plan.scenarios import REVIEW_ASKED_FOR, TASK_ASKED_FOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_deployment.planned import Planned

pytestmark = pytest.mark.terraform

DASHBOARD = "module.monitoring.aws_cloudwatch_dashboard.this[0]"
COLUMNS = 24


def widgets(planned: Planned) -> list[dict[str, Any]]:
    """Return the widgets of the dashboard of a plan."""
    found: list[dict[str, Any]] = json.loads(planned.resources[DASHBOARD]["dashboard_body"])[
        "widgets"
    ]
    return found


def series(planned: Planned) -> Iterator[list[Any]]:
    """Yield each metric and expression of the dashboard."""
    for widget in widgets(planned):
        yield from widget["properties"].get("metrics", [])


def cost_of(planned: Planned, name: str) -> float:
    """Return by how much an expression multiplies the objects."""
    (options,) = (
        metric[0] for metric in series(planned) if len(metric) == 1 and metric[0]["id"] == name
    )
    factor = re.fullmatch(r"RUNNING_SUM\(FILL\(\w+, 0\)\) \* ([0-9.]+)", options["expression"])
    assert factor is not None
    return float(factor[1])


@pytest.fixture(scope="session")
def asked_for(plan: Callable[[str], Planned]) -> Planned:
    return plan("asked_for")


def test_there_is_no_dashboard_unless_it_is_asked_for(plan: Callable[[str], Planned]) -> None:
    planned = plan("own_key")
    assert planned.of_type("aws_cloudwatch_dashboard") == {}
    assert planned.outputs.get("dashboard_name") is None


def test_its_name_is_an_output(asked_for: Planned) -> None:
    assert asked_for.outputs["dashboard_name"] == "digits-labeling"
    assert asked_for.resources[DASHBOARD]["dashboard_name"] == "digits-labeling"


def test_each_metric_of_runs_is_published_by_the_function_that_ends_them(
    asked_for: Planned,
) -> None:
    shown = {metric[1] for metric in series(asked_for) if metric[0] == "GroundTruthLabeling"}
    assert shown
    assert shown <= published_metrics()


def test_each_metric_is_of_something_of_this_pipeline(asked_for: Planned) -> None:
    planned = asked_for.resources.values()
    names = {str(values.get(key)) for values in planned for key in ("name", "function_name")}
    arns = {"arn:aws:states:us-east-1:123456789012:stateMachine:digits"}
    places = [tuple(metric[2:4]) for metric in series(asked_for) if len(metric) > 1]
    assert {kind for kind, _ in places} == {
        "FunctionName",
        "Pipeline",
        "QueueName",
        "StateMachineArn",
    }
    assert {place for _, place in places} <= names | arns | {"digits"}


def test_the_errors_of_each_function_are_shown(asked_for: Planned) -> None:
    functions = {
        values["function_name"] for values in asked_for.of_type("aws_lambda_function").values()
    }
    assert {metric[3] for metric in series(asked_for) if metric[0] == "AWS/Lambda"} == functions


def test_each_alarm_is_shown(asked_for: Planned) -> None:
    (alarms,) = (widget for widget in widgets(asked_for) if widget["type"] == "alarm")
    shown = {arn.rpartition(":")[2] for arn in alarms["properties"]["alarms"]}
    planned = asked_for.of_type("aws_cloudwatch_metric_alarm")
    assert shown == {values["alarm_name"] for values in planned.values()}


def test_each_object_costs_the_fee_and_the_answers_of_its_people(asked_for: Planned) -> None:
    labelers, reviewers = (
        TASK_ASKED_FOR["workers_per_object"],
        REVIEW_ASKED_FOR["workers_per_object"],
    )
    fee = OBJECT_FEES[0][1]
    assert cost_of(asked_for, "label_cost") == pytest.approx(fee + 0.25 * labelers)
    assert cost_of(asked_for, "verify_cost") == pytest.approx(fee + 0.25 * reviewers)


def test_label_studio_has_no_fee(plan: Callable[[str], Planned]) -> None:
    planned = plan("label_studio verified")
    assert cost_of(planned, "label_cost") == pytest.approx(0.25 * 3)
    assert cost_of(planned, "verify_cost") == pytest.approx(0.25 * 2)


def test_no_widget_covers_another(asked_for: Planned) -> None:
    covered = [
        (column, row)
        for widget in widgets(asked_for)
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(covered) == len(set(covered))
    assert max(column for column, _ in covered) < COLUMNS
