"""The benchmark measures whole runs and judges them; how fast they are is not tested."""

from __future__ import annotations

import subprocess
import sys
import time
from multiprocessing import connection as sockets
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from labeling_bench import __main__ as command
from labeling_bench import cold_start, limits, report
from labeling_bench.cold_start import Imports
from labeling_bench.measuring import FanOut, Measurement
from labeling_bench.tasks import FunctionResult
from labeling_bench.wire import ServedAccount
from labeling_bench.worker import idle_seconds

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20


def _measurement(function: str, way: str = "", size: int = 10_000, **changes: float) -> Measurement:
    given = {"calls": 100.0, "seconds": 1.0, "ceiling": 100.0, "peak": 100 * MIB, **changes}
    result = FunctionResult(
        answers=[],
        calls={"PutObject": int(given["calls"]), "ReceiveMessage (empty)": 16},
        seconds=given["seconds"],
        idle_seconds=4.0,
        cpu_seconds=0.5,
        at_once=8,
        peak_bytes=int(given["peak"]),
        start_bytes=90 * MIB,
        began=0.0,
        ended=1.0,
    )
    return Measurement(function, way, size, size, 1, result, given["ceiling"])


def _figures(*measurements: Measurement, **changes: object) -> limits.Figures:
    given: dict[str, object] = {
        "fan_out": FanOut(1.9, 0.1, 0.1),
        "imports": None,
        "draining_speed_up": None,
        **changes,
    }
    return limits.Figures(measurements, **given)  # type: ignore[arg-type]


def _verdict(figures: limits.Figures, part: str) -> limits.Verdict:
    (found,) = (verdict for verdict in limits.verdicts(figures) if part in verdict.what)
    return found


def test_a_small_run_is_measured_from_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--parts", "functions", "--sizes", "200", "--latency", "0", "--rounds", "0"]
    command.main([*arguments, "--output", str(tmp_path)])
    told = capsys.readouterr().out
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    for function in ("poll_queue", "start_labeling_job", "plan_results", "finish_run"):
        assert function in told
        assert f"| {function} | 200 | " in page
    for way in ("PutRecord", "BatchWriteRecord"):
        assert f"| update_feature_store ({way}) | 200 | " in page
    assert "| return_items | 200 | " in page
    assert "| split_text | 200 | " in page
    drawing = ET.fromstring((tmp_path / "performance.svg").read_text(encoding="utf-8"))  # noqa: S314
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["--sizes", "0"], "--sizes"), (["--output", "/no/such/folder"], "--output")],
)
def test_a_wrong_argument_is_named(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


def _is_served(path: str) -> bool:
    try:
        sockets.Client(path, "AF_UNIX").close()
    except ConnectionRefusedError:
        return False
    return True


def test_accounts_end_with_the_process_that_measures(tmp_path: Path) -> None:
    path = str(tmp_path / "account")
    process = subprocess.Popen(
        [sys.executable, "-m", "labeling_bench.service", path, "0"], cwd=ROOT, stdin=subprocess.PIPE
    )
    account = ServedAccount.of_child(path, process.pid)
    with account.copy() as copied:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0
        while _is_served(copied.path):
            time.sleep(0.1)


def test_every_handler_is_imported_against_boto3() -> None:
    modules = cold_start.handler_modules()
    assert "labeling_lambdas.handlers.poll_queue" in modules
    assert not {"labeling_lambdas.handlers.events", "labeling_lambdas.handlers"} & set(modules)
    imports = cold_start.measure_imports(modules[:1], 1)
    assert imports.boto3_seconds > 0
    assert imports.ratios.keys() == {modules[0]}
    assert imports.ratios[modules[0]] > 1


def test_receives_that_gave_nothing_are_no_calls() -> None:
    assert _measurement("poll_queue").result.calls_that_count == 100


def test_idle_is_when_nothing_goes_on_but_asking_in_vain() -> None:
    spans = [(0.0, 1.0, False), (0.5, 3.0, True), (2.0, 4.0, True), (3.5, 6.0, False)]
    assert idle_seconds(spans) == pytest.approx(2.5)
    assert idle_seconds([(0.0, 1.0, False)]) == 0


@pytest.mark.parametrize(("seconds", "holds"), [(1.25, True), (1.26, False)])
def test_a_rate_is_judged_against_the_ceiling(seconds: float, *, holds: bool) -> None:
    figures = _figures(_measurement("poll_queue", seconds=seconds))
    assert _verdict(figures, "draining").holds is holds


def test_rates_of_a_small_run_are_not_judged() -> None:
    figures = _figures(_measurement("poll_queue", size=1_000, seconds=9.0))
    assert _verdict(figures, "draining").holds is None


def test_calls_are_those_of_a_whole_run_that_writes_in_one_way() -> None:
    figures = _figures(
        _measurement("poll_queue", calls=1900),
        _measurement("update_feature_store", limits.BATCHED, calls=1000),
        _measurement("update_feature_store", limits.SINGLY, calls=10_000),
        _measurement("return_items", calls=50_000),
        _measurement("split_text", calls=50_000),
    )
    batched = _verdict(figures, f"whole run, {limits.BATCHED}")
    assert (batched.measured, batched.holds) == ("0.290", True)
    singly = _verdict(figures, f"whole run, {limits.SINGLY}")
    assert (singly.measured, singly.holds) == ("1.190", None)


@pytest.mark.parametrize(("many", "holds"), [(120.0, True), (121.0, False)])
def test_growth_compares_the_smallest_run_with_the_largest(many: float, *, holds: bool) -> None:
    figures = _figures(
        _measurement("poll_queue", size=1_000, seconds=1.0),
        _measurement("poll_queue", size=10_000, seconds=99.0),
        _measurement("poll_queue", size=100_000, seconds=many),
    )
    assert _verdict(figures, "growth of time").holds is holds


@pytest.mark.parametrize(("peak", "holds"), [(256, True), (257, False)])
def test_memory_is_judged(peak: int, *, holds: bool) -> None:
    figures = _figures(_measurement("plan_results", peak=peak * MIB))
    assert _verdict(figures, "peak memory").holds is holds


@pytest.mark.parametrize(
    ("fan_out", "speed", "processor"),
    [
        (FanOut(1.6, 0.1, 0.12), True, True),
        (FanOut(1.5, 0.1, 0.13), False, False),
        (None, None, None),
    ],
)
def test_two_functions_at_once_are_judged(
    fan_out: FanOut | None, speed: object, processor: object
) -> None:
    figures = _figures(_measurement("poll_queue"), fan_out=fan_out)
    assert _verdict(figures, "two shards").holds is speed
    assert _verdict(figures, "processor time").holds is processor


@pytest.mark.parametrize(("speed_up", "holds"), [(3.0, True), (2.9, False), (None, None)])
def test_several_pollers_are_judged(speed_up: float | None, *, holds: bool | None) -> None:
    figures = _figures(_measurement("poll_queue"), draining_speed_up=speed_up)
    assert _verdict(figures, "four pollers").holds is holds


@pytest.mark.parametrize(("ratio", "holds"), [(1.30, True), (1.31, False)])
def test_the_slowest_import_is_judged(ratio: float, *, holds: bool) -> None:
    imports = Imports(0.1, {"handlers.quick": 1.1, "handlers.slow": ratio})
    verdict = _verdict(_figures(_measurement("poll_queue"), imports=imports), "import")
    assert verdict.holds is holds
    assert "slow" in verdict.measured


def test_tables_line_up_on_the_terminal_and_are_tables_on_a_page() -> None:
    rows = [("What", "Limit"), ("a long name", "x")]
    assert report.as_text(rows) == "What         Limit\n-----------  -----\na long name  x"
    assert report.as_markdown(rows) == "| What | Limit |\n|---|---|\n| a long name | x |"


@pytest.mark.parametrize(("seconds", "holds"), [(6.0, True), (6.1, False)])
def test_returning_is_judged_by_the_time_for_a_hundred_thousand_items(
    seconds: float, holds: bool
) -> None:
    figures = _figures(_measurement("return_items", seconds=seconds))
    assert _verdict(figures, "returning 100,000 items").holds is holds
