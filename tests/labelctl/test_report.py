"""report: figures equal what was done to the items, and nothing of a page is code or loaded."""

from __future__ import annotations

import stat
import sys
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import html5lib
import pytest

from tests.domain.examples import reviewed_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from tests.labelctl.stage import Operated

HOSTILE = "</title><script>alert('$x^{')</script>\u202e\x0b"


@dataclass
class Reported:
    """A pipeline with runs.

    Attributes:
        operated: The pipeline.
        folder: Where pages go.
        runs: How many runs there were.
    """

    operated: Operated
    folder: Path
    runs: int = 0

    def begin(self) -> dict[str, Any]:
        """Open a run with what waits."""
        self.runs += 1
        # Runs that are opened in the same second have the order of their executions.
        started = datetime.now(UTC) + timedelta(minutes=self.runs)
        self.operated.started = started.isoformat()
        run: dict[str, Any] = self.operated.poll(execution=f"e{self.runs}")
        return run

    def end(
        self,
        run: Mapping[str, Any],
        lines: Sequence[Mapping[str, Any]],
        verdicts: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Let the jobs of a run answer, and close it."""
        job = self.operated.ended_job(run, lines)
        verification = self.operated.ended_job(run, verdicts, stage="verify") if verdicts else None
        self.operated.settle(run, job, verification, execution=f"e{self.runs}")

    def figures(self, *options: str) -> Any:
        return self.operated.answer("report", *options)

    def page(self, *options: str) -> str:
        """Return the text of a page, which must be valid HTML."""
        path = self.folder / "report.html"
        result = self.operated.labelctl("report", "--no-open", "--to", str(path), *options)
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{path}\n"
        return path.read_text("utf-8")


@pytest.fixture
def reported(operated: Operated, tmp_path: Path) -> Reported:
    return Reported(operated, tmp_path)


def parsed(page: str) -> Element:
    """Return the root element of valid HTML."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(page)
    return root


def words(page: str) -> str:
    """Return the texts of a page, with one space between words."""
    (body,) = parsed(page).iter("body")
    return " ".join(" ".join(body.itertext()).split())


def test_a_pipeline_without_runs_says_so(reported: Reported) -> None:
    found = reported.figures()
    assert (found["schema"], found["page"], found["runs"]) == ("labelctl-report/1", None, [])
    assert {value for value in found["items"].values() if value} == set()
    assert found["seconds"] == {"median": None, "longest": None}
    shown = words(reported.page())
    assert "Nothing was received in this time." in shown
    assert "There was no run." in shown


def test_the_figures_are_what_was_done_to_the_items(reported: Reported) -> None:
    operated = reported.operated
    operated.configure(MAX_ATTEMPTS="2")
    operated.verify()
    first = [operated.upload(f"{name}.png") for name in ("kept", "rejected", "failing", "missed")]
    operated.announce([*first, operated.upload("unknown.gif")])
    # The same event twice is one item.
    operated.announce([first[0]])
    kept, rejected, failing, missed = first
    right, wrong = operated.labeled(kept), operated.labeled(rejected)
    run = reported.begin()
    reported.end(
        run,
        [right, wrong, operated.failed(failing)],
        [reviewed_line(right), reviewed_line(wrong, "Wrong label", "that is a nine")],
    )
    again = reported.begin()
    assert again["claimed"] == 3
    line = operated.labeled(missed)
    reported.end(again, [line, operated.failed(failing)], [reviewed_line(line)])
    operated.announce([operated.upload("waiting.png")])

    found = reported.figures()
    items = found["items"]
    # Two items are stored; two have failed twice; three came back once.
    assert (items["stored"], items["verified"], items["claimed"]) == (2, 2, 7)
    assert sum(items["returned"].values()) == 3
    assert sum(items["dead_lettered"].values()) == 2
    assert (items["invalid"], items["in_progress"]) == ({"unsupported_extension": 1}, 0)
    assert items["rejected"] == {"Wrong label": 1}
    assert items["received"] == 7 + 1 + sum(items["dropped"].values())
    assert found["queues"]["intake"]["waiting"] == 1
    assert found["queues"]["dead_letter"]["waiting"] == 3
    assert [one["run_id"] for one in found["runs"]] == [run["run_id"], again["run_id"]]
    assert found["rejections"] == [
        {
            "run_id": run["run_id"],
            "item_id": rejected.item_id,
            "key": "rejected.png",
            "category": "Wrong label",
            "comments": ["that is a nine"],
        }
    ]
    shown = words(reported.page())
    for text in ("2 stored", "3 returned", "3 dead letters", "2 runs", "rejected.png"):
        assert text in shown
    assert "Wrong label that is a nine" in shown


def test_one_run_is_reported_alone(reported: Reported) -> None:
    operated = reported.operated
    for count in (1, 2):
        sources = [operated.upload(f"{count}-{number}.png") for number in range(count)]
        operated.announce(sources)
        run = reported.begin()
        reported.end(run, [operated.labeled(source) for source in sources])
    found = reported.figures("--run", run["run_id"])
    assert [one["run_id"] for one in found["runs"]] == [run["run_id"]]
    assert (found["run"], found["items"]["stored"]) == (run["run_id"], 2)
    assert f"run {run['run_id']}" in words(reported.page("--run", run["run_id"]))


def test_what_people_work_on_is_in_progress(reported: Reported) -> None:
    operated = reported.operated
    operated.announce([operated.upload("a.png"), operated.upload("b.png")])
    run = reported.begin()
    for options in ((), ("--run", run["run_id"])):
        found = reported.figures(*options)
        (one,) = found["runs"]
        assert (one["outcome"], one["closed_at"], one["seconds"]) == ("open", None, None)
        assert (found["items"]["claimed"], found["items"]["in_progress"]) == (2, 2)
    assert "in progress 2" in words(reported.page())


def test_a_time_has_the_runs_that_were_opened_in_it(reported: Reported) -> None:
    source = reported.operated.upload("a.png")
    reported.operated.announce([source])
    reported.end(reported.begin(), [reported.operated.labeled(source)])
    opened = datetime.fromisoformat(reported.figures()["runs"][0]["opened_at"])
    second = timedelta(seconds=1)
    within = {
        (): 1,
        ("--since", opened.isoformat()): 1,
        ("--since", (opened + second).isoformat()): 0,
        ("--until", opened.isoformat()): 0,
        ("--until", (opened + second).isoformat()): 1,
    }
    assert {options: len(reported.figures(*options)["runs"]) for options in within} == within


def test_a_run_that_is_not_there_is_named(reported: Reported) -> None:
    line = reported.operated.error("report", "--no-open", "--run", "20260101t000000-0123456789")
    assert "there is no run 20260101t000000-0123456789" in line
    assert "labelctl report --json" in line


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--run", "r", "--since", "1d"), 2, "give --run alone"),
        (("--since", "soon"), 2, "neither a time"),
        (("--to", "/nowhere/report.html"), 1, "/nowhere/report.html cannot be written"),
    ],
)
def test_bad_options_are_named(
    reported: Reported, options: tuple[str, ...], code: int, said: str
) -> None:
    result = reported.operated.labelctl("report", "--no-open", *options)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_missing_library_is_named_with_what_installs_it(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = reported.operated.error("report", "--no-open")
    beginning, _, libraries = said.partition(" -m pip install ")
    assert beginning == f"error: matplotlib is not installed; install it with: {sys.executable}"
    assert {"'jinja2>=3.1'", "'matplotlib>=3.10'", "'pyarrow>=20'"} <= set(libraries.split())


def test_what_users_wrote_is_text(reported: Reported) -> None:
    operated = reported.operated
    operated.verify()
    source = operated.upload(f"{HOSTILE}.png")
    operated.announce([source])
    line = operated.labeled(source)
    reported.end(reported.begin(), [line], [reviewed_line(line, "Wrong label", HOSTILE)])
    page = reported.page()
    root = parsed(page)
    assert "\x0b" not in page
    assert list(root.iter("script")) == []
    # The key and the comment.
    assert words(page).count("<script>alert('$x^{')</script>") == 2
    assert references(root) == []


def references(root: Element) -> list[str]:
    """Return what a page could load or run, other than parts of itself."""
    return [
        f"{element.tag} {name}={value}"
        for element in root.iter()
        for name, value in element.attrib.items()
        if name.startswith("on")
        or (
            name.rpartition("}")[2] in {"src", "href", "srcset", "action", "data"}
            and not value.startswith(("#", "data:image/"))
        )
    ]


def test_a_page_forbids_scripts_and_connections(reported: Reported) -> None:
    policies = [
        meta.attrib["content"]
        for meta in parsed(reported.page()).iter("meta")
        if meta.attrib.get("http-equiv") == "Content-Security-Policy"
    ]
    (policy,) = policies
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert not any(name in rules for name in ("script-src", "connect-src", "font-src"))
    assert rules["img-src"] == "data:"


def test_without_a_file_only_its_owner_can_read_the_page(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    path = Path(reported.operated.labelctl("report").stdout.strip())
    try:
        assert opened == [path.as_uri()]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        path.unlink()
