"""The part of the benchmark on training sets: a small export is measured, every limit can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_bench import __main__ as command
from labeling_bench import export_report, page, studio_report
from labeling_bench.exports import ExportMeasurement

if TYPE_CHECKING:
    from pathlib import Path

    from labeling_bench.limits import Verdict

MIB = 2**20
_FUNCTIONS = "# Performance\n\nfigures of the functions\n"


def _measured(size: int = 100_000, **changes: Any) -> ExportMeasurement:
    given: dict[str, Any] = {
        "seconds": 30.0,
        "cpu_seconds": 20.0 * size / 100_000,
        "peak_bytes": 200 * MIB,
        "written_bytes": 30 * MIB,
        **changes,
    }
    return ExportMeasurement(size, **given)


def _verdict(part: str, *measurements: ExportMeasurement) -> Verdict:
    (found,) = (one for one in export_report.verdicts(measurements) if part in one.what)
    return found


def test_a_small_export_is_measured_from_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "performance.md"
    file.write_text(_FUNCTIONS, encoding="utf-8")
    arguments = ["--parts", "exports", "--sizes", "30", "--output", str(tmp_path)]
    assert command.main(arguments) == 0
    assert "Processor seconds" in capsys.readouterr().out
    text = file.read_text(encoding="utf-8")
    assert text.startswith(_FUNCTIONS)
    assert "\n| 30 | " in text


@pytest.mark.parametrize(
    ("part", "changes", "holds"),
    [
        ("peak memory, 100,000", {"peak_bytes": 512 * MIB}, True),
        ("peak memory, 100,000", {"peak_bytes": 512 * MIB + 1}, False),
        ("growth of peak memory", {"peak_bytes": 300 * MIB}, True),
        ("growth of peak memory", {"peak_bytes": 301 * MIB}, False),
        ("growth of processor time", {"cpu_seconds": 23.9}, True),
        ("growth of processor time", {"cpu_seconds": 24.1}, False),
    ],
)
def test_a_bar_holds_or_fails(part: str, changes: dict[str, Any], *, holds: bool) -> None:
    large = _measured(**changes)
    assert _verdict(part, _measured(1_000), _measured(10_000), large).holds is holds


def test_one_small_export_says_nothing_about_growth() -> None:
    for part in ("growth of peak memory", "growth of processor time"):
        assert _verdict(part, _measured(100)).holds is None


def test_a_page_keeps_the_parts_that_were_not_measured() -> None:
    studio = f"{studio_report.HEADING}\n\nof Label Studio\n"
    exports = f"{export_report.HEADING}\n\nof exports\n"
    whole = page.with_part(page.with_part(_FUNCTIONS, exports), studio)
    assert whole == f"{_FUNCTIONS}\n{studio}\n{exports}"
    for text in (studio, exports, _FUNCTIONS):
        assert page.with_part(whole, text) == whole
        assert page.with_part(whole, text.replace("of", "new")) == whole.replace(
            text, text.replace("of", "new")
        )
