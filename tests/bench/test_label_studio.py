"""The part of the benchmark on Label Studio: a small job is measured, and each limit can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_bench import __main__ as command
from labeling_bench import studio_limits
from labeling_bench.studio import StudioMeasurement, Work
from labeling_bench.tasks import FunctionResult

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_bench.limits import Verdict

MIB = 2**20
_FUNCTIONS = "# Performance\n\nfigures of the functions\n"


def _work(aws: int = 10, studio: int = 10, seconds: float = 1.0, peak: int = 100) -> Work:
    result = FunctionResult(
        answers=[],
        calls={"GetObject": aws},
        seconds=seconds,
        idle_seconds=0.0,
        cpu_seconds=0.5,
        at_once=8,
        peak_bytes=peak * MIB,
        start_bytes=90 * MIB,
        began=0.0,
        ended=1.0,
        requests=studio,
    )
    return Work([result])


def _measured(size: int = 10_000, **changes: Any) -> StudioMeasurement:
    given: dict[str, Any] = {
        "importing": _work(),
        "polling": _work(),
        "collecting": _work(),
        "synced": 1_000,
        "sync_seconds": 1.0,
        **changes,
    }
    return StudioMeasurement(size, **given)


def _verdict(part: str, *measurements: StudioMeasurement) -> Verdict:
    (found,) = (one for one in studio_limits.verdicts(measurements) if part in one.what)
    return found


def test_a_small_job_is_measured_from_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(_FUNCTIONS, encoding="utf-8")
    arguments = ["--parts", "label_studio", "--sizes", "40", "--latency", "0"]
    command.main([*arguments, "--output", str(tmp_path)])
    assert "Label Studio's own sync" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert text.startswith(_FUNCTIONS)
    for work in ("import", "poll", "collection", "Label Studio's own sync"):
        assert f"| {work} | 40 | " in text
    # One batch, whose storage is looked for and connected, and one page: see docs/performance.md.
    (row,) = (line for line in text.splitlines() if line.startswith("| poll | "))
    assert "| 3 | 8 |" in row


@pytest.mark.parametrize(
    ("part", "changes", "holds"),
    [
        ("calls of Label Studio", {"importing": _work(studio=190)}, True),
        ("calls of Label Studio", {"importing": _work(studio=191)}, False),
        ("AWS calls", {"collecting": _work(aws=10_490)}, True),
        ("AWS calls", {"collecting": _work(aws=10_491)}, False),
        ("own sync", {"importing": _work(seconds=10.0)}, True),
        ("own sync", {"importing": _work(seconds=10.1)}, False),
        ("peak memory, 10,000 items", {"polling": _work(peak=256)}, True),
        ("peak memory, 10,000 items", {"polling": _work(peak=257)}, False),
    ],
)
def test_a_job_is_judged(part: str, changes: dict[str, Work], *, holds: bool) -> None:
    assert _verdict(part, _measured(10_000, **changes)).holds is holds


@pytest.mark.parametrize(("peak", "holds"), [(200, True), (201, False)])
def test_memory_that_grows_with_the_job_is_judged(peak: int, *, holds: bool) -> None:
    small, large = _measured(1_000), _measured(10_000, collecting=_work(peak=peak))
    assert _verdict("growth of peak memory", small, large).holds is holds


@pytest.mark.parametrize(("calls", "holds"), [(10, True), (11, False)])
def test_a_poll_that_makes_more_calls_for_a_larger_job_is_judged(
    calls: int, *, holds: bool
) -> None:
    small, large = _measured(1_000), _measured(10_000, polling=_work(aws=calls))
    assert _verdict("poll", small, large).holds is holds


def test_one_small_job_says_nothing_about_calls_and_growth() -> None:
    for part in ("calls of Label Studio", "AWS calls", "poll", "growth"):
        assert _verdict(part, _measured(100)).holds is None
