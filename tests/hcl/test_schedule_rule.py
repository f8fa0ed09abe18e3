"""The rule for schedules takes what EventBridge Scheduler takes, by a judge that is not ours."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from aws_cron_expression_validator.validator import (
    AWSCronExpressionError,
    AWSCronExpressionValidator,
)

from labeling_deployment.module import ROOT
from labeling_deployment.terraform import offline_environment

if TYPE_CHECKING:
    from pathlib import Path

TIME_ZONES = "modules/workflow/time_zones.txt"
ASK = """
output "taken" {
  value = [
    for expression in jsondecode(file("expressions.json")) :
    anytrue([for pattern in values(local.schedule_patterns) : can(regex(pattern, expression))])
  ]
}

output "zones" {
  value = [
    for zone in ["Europe/Berlin", "UTC", "Europe/Berln", "Mars/Olympus"] :
    contains(local.time_zones, zone)
  ]
}
"""
# One right expression, and per field what is tried in its place. Ranges with an open end (``5-*``),
# which the judge takes and no page of AWS has, are left out.
RIGHT = ["0", "12", "*", "*", "?", "*"]
WRITTEN = [
    "* 59 60 5-10 0/15 */5 */0 1,2,3 1,,2 07 -1 a 5- ? L",
    "* 0 23 24 25 8-18 8-25 0/6 8,20 8,24 ? W",
    "* ? 1 31 32 0 L LW 15W 32W W 1-15 1/2 1,15 L-32",
    "* 1 12 13 0 JAN jan JAN-MAR 1,FEB 1/3 FOO ?",
    "* ? 1 7 8 0 MON mon MON-FRI 2#1 MON#5 2#6 L 6L FRIL MON,WED 1/2 MONDAY 5W",
    "* 1970 2199 1969 2200 2026-2030 2026/2 26 ?",
]

TRIED = [values.split(" ") for values in WRITTEN]
# What the page of Scheduler says of rates and moments.
OTHERS = {
    "rate(1 minute)": True,
    "rate(1 hour)": True,
    "rate(5 minutes)": True,
    "rate(12 days)": True,
    "rate(0 hours)": False,
    "rate(1 hours)": False,
    "rate(2 hour)": False,
    "rate(1.5 hours)": False,
    "rate(1 week)": False,
    "rate(01 hours)": False,
    "at(2030-11-20T13:00:00)": True,
    "at(2030-11-20)": False,
    "at(2030-11-20T13:00:00Z)": False,
    "0 8 * * ? *": False,
}


def crons() -> list[str]:
    """Each value of each field, with each other day field, and many mixtures of right and wrong."""
    chosen = random.Random(12)  # a sample, the same at each run
    made = {
        (*RIGHT[:place], value, *RIGHT[place + 1 :])
        for place, values in enumerate(TRIED)
        for value in values
    }
    made |= {("0", "12", day, "*", weekday, "*") for day in TRIED[2] for weekday in TRIED[4]}
    made |= {tuple(chosen.choice(values) for values in TRIED) for _ in range(1000)}
    return [f"cron({' '.join(fields)})" for fields in sorted(made)]


def judged(cron: str) -> bool:
    try:
        AWSCronExpressionValidator.validate(cron[len("cron(") : -1])
    except AWSCronExpressionError:
        return False
    return True


@pytest.mark.terraform
def test_the_rule_takes_what_scheduler_takes(tmp_path: Path) -> None:
    wanted = {cron: judged(cron) for cron in crons()} | OTHERS
    assert sum(wanted.values()) > 50
    shutil.copy2(ROOT / "schedule_patterns.tf", tmp_path)
    (tmp_path / TIME_ZONES).parent.mkdir(parents=True)
    shutil.copy2(ROOT / TIME_ZONES, tmp_path / TIME_ZONES)
    (tmp_path / "expressions.json").write_text(json.dumps(list(wanted)), encoding="utf-8")
    (tmp_path / "ask.tf").write_text(ASK, encoding="utf-8")
    environment = offline_environment(tmp_path, "http://127.0.0.1:9")
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(
            ["terraform", *command, "-input=false"],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            timeout=100,
        )
    state = json.loads((tmp_path / "terraform.tfstate").read_text(encoding="utf-8"))
    taken = dict(zip(wanted, state["outputs"]["taken"]["value"], strict=True))
    assert {each for each in wanted if taken[each] != wanted[each]} == set()
    assert state["outputs"]["zones"]["value"] == [True, True, False, False]


def test_the_time_zones_are_those_of_the_database() -> None:
    names = set((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}
    assert set((ROOT / TIME_ZONES).read_text(encoding="utf-8").split()) == names
