"""docs/cost.md has the calculator's figures, and the calculator counts the module's resources."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from labelctl.cli import app
from labelctl.cost import prices
from labelctl.cost.estimates import Studio, Use, estimate, object_fee
from labeling_deployment.module import ROOT
from tests.plan.run_metrics import published_metrics
from tools import cost_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_deployment.planned import Planned

PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_tables.main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("objects", "earlier", "dollars"),
    [
        (0, 0, 0),
        (1_000, 0, 80),
        (50_000, 0, 4_000),
        (100_000, 0, 6_000),
        (100_000, 100_000, 4_000),
        (1_000_000, 0, 42_000),
        (1_000, 2_000_000, 20),
        (2, 49_999, 0.12),
    ],
)
def test_the_fee_falls_with_the_objects_of_the_month(
    objects: int, earlier: int, dollars: float
) -> None:
    assert object_fee(objects, earlier) == pytest.approx(dollars)


def test_a_rejected_label_costs_both_fees_again() -> None:
    found = estimate(Use(1_000, verified_percent=100, rejected_percent=10))
    assert found.labeling_fee == pytest.approx(1_100 * 0.08)
    assert found.verification_fee == pytest.approx(1_100 * 0.08)


def test_each_worker_is_paid_and_the_fee_stays() -> None:
    one, three = (estimate(Use(100, workers=workers, answer_price=0.5)) for workers in (1, 3))
    assert three.work == 3 * one.work == pytest.approx(150)
    assert three.labeling_fee == one.labeling_fee


def test_the_fee_is_nearly_all_of_the_cost() -> None:
    for items in cost_tables.ITEMS[1:]:
        found = estimate(Use(items))
        assert found.labeling_fee / found.total > 0.99


def test_label_studio_has_no_fee_and_costs_its_server_and_its_calls() -> None:
    use = Use(1_000, verified_percent=100, rejected_percent=10, workers=2, answer_price=0.5)
    fees, none = estimate(use), estimate(replace(use, studio=Studio(server=50)))
    assert none.total == pytest.approx(fees.work + fees.requests + none.standing + none.calls + 50)


def test_calls_cost_less_the_longer_the_interval_is() -> None:
    # The schedule, the list and the rest of a call that finds an open job.
    each = (1 + 0.2 + 0.6 * 13.4 + 2 * 5 + 4 * 0.4 + 2 * 0.625 + 5) / 1e6
    one, ten = (estimate(Use(0, studio=Studio(interval_minutes=minutes))) for minutes in (1, 10))
    assert one.calls == pytest.approx(730 * 60 * each)
    assert ten.calls == pytest.approx(one.calls / 10)


def test_a_call_needs_what_a_poll_was_measured_to_need() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    polls = re.findall(
        r"^\| poll \| [0-9,]+ \| ([0-9.]+) \| [0-9.]+ \| \d+ \| (\d+) \|", page, re.M
    )
    assert polls
    counted = ("S3 requests that list", "S3 requests that read", "Lease in the ledger (DynamoDB)")
    calls = sum(prices.CALL[name][0] for name in counted)
    assert {int(found) for _, found in polls} == {calls}
    # The function has 1 GB.
    seconds = prices.CALL["GB-seconds of a call (Lambda)"][0]
    assert max(float(found) for found, _ in polls) <= seconds


def test_the_server_is_that_of_the_example() -> None:
    page = (ROOT / "examples" / "label-studio-on-ecs" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+ \| ([0-9,]+) \| \$([0-9.]+) \| \$[0-9.]+ \|$", page, re.M)
    assert len(rows) > 5
    total = sum(float(count.replace(",", "")) * float(price) for count, price in rows)
    assert total == pytest.approx(prices.SERVER, abs=0.01)


@pytest.mark.terraform
def test_the_key_is_that_of_the_module(plan: Callable[[str], Planned]) -> None:
    assert len(plan("default").of_type("aws_kms_key")) == prices.STANDING["Key (KMS)"][0]


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("variant", "standing"),
    [("default", prices.STANDING), ("label_studio", prices.STUDIO_STANDING)],
)
def test_the_alarms_are_those_of_the_module(
    variant: str, standing: Mapping[str, tuple[float, float]], plan: Callable[[str], Planned]
) -> None:
    alarms = plan(variant).of_type("aws_cloudwatch_metric_alarm")
    assert len(alarms) == standing["Alarms (CloudWatch)"][0]


def test_the_metrics_are_those_that_a_run_publishes() -> None:
    assert len(published_metrics()) == prices.METRICS


def test_the_readme_quotes_the_first_fee_and_the_date() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.search(r"\(\$([0-9.]+) each for the\s+first ([0-9,]+) .*?, (\w+ 20\d\d);", readme)
    assert told is not None
    limit, price = prices.OBJECT_FEES[0]
    assert (told[1], told[2]) == (f"{price:.2f}", f"{limit:,}")
    assert told[3] == prices.PRICES_OF
    assert prices.PRICES_OF in PAGE


@pytest.mark.parametrize(("number", "section"), [(0, "months"), (1, "label-studio")])
def test_the_command_of_the_page_prints_the_pages_figures(number: int, section: str) -> None:
    command = re.findall(r"^```sh\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)[number]
    program, *arguments = shlex.split(command)
    assert program == "labelctl"
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    total = re.search(r"Total +([0-9,.]+)", done.stdout)
    assert total is not None
    table = PAGE.partition(f"generated: {section} ")[2].partition("<!-- end")[0]
    row = next(line for line in table.splitlines() if line.startswith("| 10,000 |"))
    assert row.endswith(f" {total[1]} |")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--items", "-1"],
        ["--items", "1", "--sample-percent", "101"],
        ["--items", "1", "--sample-percent", "50"],
        ["--items", "1", "--server-month", "10"],
        ["--items", "1", "--interval-minutes", "5"],
        ["--items", "1", "--engine", "label_studio", "--interval-minutes", "0"],
        ["--items", "1", "--engine", "label_studio", "--earlier-objects", "1"],
    ],
)
def test_invalid_options_are_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["estimate", *arguments])
    assert done.exit_code == 2
