"""docs/cost.md has the calculator's figures, and the calculator counts the module's resources."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from tools import cost_tables, estimate_cost
from tools.estimate_cost import Use, estimate, object_fee

if TYPE_CHECKING:
    from collections.abc import Callable

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
    one, three = (estimate(Use(100, workers=workers, task_price=0.5)) for workers in (1, 3))
    assert three.work == 3 * one.work == pytest.approx(150)
    assert three.labeling_fee == one.labeling_fee


def test_the_fee_is_nearly_all_of_the_cost() -> None:
    for items in cost_tables.ITEMS[1:]:
        found = estimate(Use(items))
        assert found.labeling_fee / found.total > 0.99


@pytest.mark.terraform
def test_the_standing_resources_are_those_of_the_module(plan: Callable[[str], Planned]) -> None:
    planned = plan("default")
    assert len(planned.of_type("aws_kms_key")) == estimate_cost.STANDING["Key (KMS)"][0]
    alarms = planned.of_type("aws_cloudwatch_metric_alarm")
    assert len(alarms) == estimate_cost.STANDING["Alarms (CloudWatch)"][0]


def test_the_metrics_are_those_that_a_run_publishes() -> None:
    source = ROOT / "lambda_src" / "src" / "labeling_lambdas" / "steps" / "finish_run.py"
    calls = [
        node
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "publish_metrics"
    ]
    (counts,) = (argument for call in calls for argument in call.args[1:])
    assert isinstance(counts, ast.Dict)
    assert len(counts.keys) == estimate_cost.METRICS


def test_the_readme_quotes_the_first_fee_and_the_date() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.search(r"\(\$([0-9.]+) each for the\s+first ([0-9,]+) .*?, (\w+ 20\d\d);", readme)
    assert told is not None
    limit, price = estimate_cost.OBJECT_FEES[0]
    assert (told[1], told[2]) == (f"{price:.2f}", f"{limit:,}")
    assert told[3] == estimate_cost.PRICES_OF
    assert estimate_cost.PRICES_OF in PAGE


def test_the_command_of_the_page_prints_the_pages_figures() -> None:
    (command,) = re.findall(r"^```sh\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    program, *arguments = shlex.split(command)
    assert program == "python3"
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    total = re.search(r"Total +([0-9,.]+)", done.stdout)
    assert total is not None
    row = next(line for line in PAGE.splitlines() if line.startswith("| 10,000 |"))
    assert row.endswith(f" {total[1]} |")


@pytest.mark.parametrize(
    "arguments", [["--items", "-1"], ["--items", "1", "--sample-percent", "101"], []]
)
def test_an_invalid_number_of_items_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        estimate_cost.main(arguments)
