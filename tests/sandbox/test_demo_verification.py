"""The demo's expectation of verification follows from the rates, and it detects worse results."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from rich.console import Console

from labeling_sandbox.audit.auditor import Findings
from labeling_sandbox.audit.uploads import Upload
from labeling_sandbox.demo.data_set import DataSet, Item, Oddity
from labeling_sandbox.demo.run import Demo, DemoSettings, demo_engine
from labeling_sandbox.demo.screen import Screen
from labeling_sandbox.demo.verification import (
    Rates,
    check_verification,
    interval,
    majority,
    reviewers_of,
)
from labeling_sandbox.server import Sandbox


def records(count: int, **changes: str) -> list[dict[str, str]]:
    return [{"status": "VERIFIED", "attempts": "1", **changes}] * count


def test_the_accuracy_follows_from_the_rates() -> None:
    assert Rates().expected_accuracy(1) == pytest.approx(0.8 * 0.95 / (0.8 * 0.95 + 0.2 * 0.02))
    assert Rates(accept_wrong=0.0).expected_accuracy(1) == 1
    # Reviewers who guess change nothing.
    assert Rates(0.3, 0.5, 0.5).expected_accuracy(1) == pytest.approx(0.7)


def test_a_majority_is_more_than_half() -> None:
    assert majority(0.9, 1) == pytest.approx(0.9)
    assert majority(0.9, 2) == pytest.approx(0.81)
    assert majority(0.9, 3) == pytest.approx(0.9**3 + 3 * 0.9**2 * 0.1)


@pytest.mark.parametrize("share", [0.2, 0.9, 0.99476])
@pytest.mark.parametrize("count", [1, 10, 60, 200])
def test_the_interval_has_its_stated_coverage(share: float, count: int) -> None:
    choice = random.Random(3)
    least, most = interval(count, share, confidence=0.9)
    hits = [sum(choice.random() < share for _ in range(count)) for _ in range(2000)]
    inside = sum(least <= count <= most for count in hits) / len(hits)
    assert inside >= 0.88
    # Both ends are needed for the coverage.
    assert sum(count < least for count in hits) / len(hits) <= 0.065
    assert sum(count > most for count in hits) / len(hits) <= 0.065
    assert sum(count <= least for count in hits) / len(hits) >= 0.035
    assert sum(count >= most for count in hits) / len(hits) >= 0.035


def test_figures_inside_the_interval_are_no_problem() -> None:
    result = check_verification(records(60), 60, rates=Rates(), reviewers=1, max_attempts=3)
    assert result.problems == []
    text = "\n".join(result.lines)
    assert "60 of 60 stored labels are right" in text
    assert "Expected: 99.48%" in text
    assert "57 to 60 of 60: inside" in text
    assert "{1: 60}" in text


@pytest.mark.parametrize("right", [48, 56])
def test_labels_as_good_as_without_verification_are_a_problem(right: int) -> None:
    result = check_verification(records(60), right, rates=Rates(), reviewers=1, max_attempts=3)
    assert result.problems == [f"{right} of 60 labels are right, outside of 57 to 60"]
    assert any("OUTSIDE" in line for line in result.lines)


def test_other_statuses_and_too_many_attempts_are_problems() -> None:
    mixed = [*records(59), *records(1, status="UNVERIFIED", attempts="4")]
    result = check_verification(mixed, 60, rates=Rates(), reviewers=1, max_attempts=3)
    assert len(result.problems) == 2


def test_the_number_of_reviewers_is_that_of_the_verification_jobs() -> None:
    labeling = {"reviewers": 3, "accepted_category": None}
    verifying = {"reviewers": 1, "accepted_category": "Correct"}
    assert reviewers_of([labeling, verifying, verifying]) == 1
    for jobs in ([labeling], [verifying, {**verifying, "reviewers": 5}]):
        with pytest.raises(ValueError, match="reviewers"):
            reviewers_of(jobs)


ITEMS = [Item(f"{name}.png", name, name) for name in ("a", "b")]
DATA = DataSet("pictures", [], ITEMS, [Oddity("odd.txt", "unsupported_extension")], [])


def demo(*, verify: bool) -> tuple[Demo, io.StringIO]:
    output = io.StringIO()
    screen = Screen(Console(file=output, width=200))
    settings = DemoSettings(Path(), verify=verify)
    sandbox = Sandbox(port=1)
    return Demo(sandbox, settings, screen, demo_engine(sandbox, settings)), output


def letter(key: str, reason: str, detail: str = "") -> dict[str, object]:
    return {"item": {"key": key}, "reason": reason, "detail": detail}


def problems(*letters: dict[str, object], stored: int, verify: bool = True) -> list[str]:
    """Return the problems that a demo finds in its dead letters."""
    uploads = {Upload("b", item.key, "v"): "stored" for item in ITEMS[:stored]}
    findings = Findings([], dict(uploads), {}, [letter("odd.txt", ODD), *letters], [])
    given, _ = demo(verify=verify)
    given._check_oddities(DATA, findings)
    return given._problems


ODD = "unsupported_extension"
REJECTED = "verification_rejected: Wrong class; not that"


def test_an_item_is_stored_or_has_used_up_its_attempts() -> None:
    exhausted = letter("b.png", "attempts_exhausted", REJECTED)
    assert problems(stored=2) == []
    assert problems(exhausted, stored=1) == []
    assert problems(stored=1) == ["1 stored and 0 dead-lettered of 2 pictures"]
    assert problems(letter("b.png", "record_rejected"), stored=1)
    assert problems(exhausted, stored=1, verify=False)


def test_a_dead_letter_is_shown_with_the_reviewers_reasons() -> None:
    given, output = demo(verify=True)
    letters = [letter("odd.txt", ODD), letter("b.png", "attempts_exhausted", REJECTED)]
    given._check_oddities(DATA, Findings([], {}, {}, letters, []))
    assert f"Dead letter: b.png: attempts_exhausted: {REJECTED}" in output.getvalue()


def test_reviewers_are_deployed_and_err_only_on_request() -> None:
    with demo(verify=True)[0].engine.started() as inputs:
        assert "workteam_arn" in inputs["verification"]
    with demo(verify=False)[0].engine.started() as inputs:
        assert "verification" not in inputs
    assert Rates().workforce()["accept_wrong_rate"] == 0.02
