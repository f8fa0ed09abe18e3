"""A worker in a real browser: what is clicked is what the functions collect."""

from __future__ import annotations

import itertools
import math
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, ViewportSize, expect, sync_playwright

from labeling_lambdas.domain.verification import Verdict, read_verdict
from labeling_lambdas.domain.verification_settings import Verification
from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.label_studio.people import Person
from tests.label_studio.engine import output_of
from tests.label_studio.labeling import Job, studio_job
from tests.label_studio.pages import DEADLINE_MILLISECONDS, LoopbackOnly, Worker
from tools import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from labeling_lambdas.domain.output_lines import OutputLine
    from labeling_sandbox.label_studio.server import LabelStudioServer
    from labeling_sandbox.server import Sandbox
    from tests.label_studio.engine import Engine
    from tests.label_studio.pages import Point

#: Names a folder for pictures of the screens.
SCREENSHOTS = "LABELING_SCREENSHOTS"

#: The editor enlarges a picture beyond its frame where the window's height does not limit it.
_SCREEN = ViewportSize(width=1280, height=860)
_CATEGORIES = ("Correct", "Wrong label", "Unclear")
_EDGES = ("left", "top", "width", "height")
#: How far from its path the brush paints: it is 15 pixels of the screen wide, fewer of the picture.
_BRUSH = 5.0


@pytest.fixture(scope="module")
def wall() -> Iterator[str]:
    """The address of a proxy for every other machine: nobody listens there, and nobody can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def browser(wall: str) -> Iterator[Browser]:
    """A started browser, for this file only: Playwright keeps an event loop running."""
    program = chromium.find()
    if program is None:
        pytest.fail(chromium.MISSING)
    expect.set_options(timeout=DEADLINE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program,
            timeout=DEADLINE_MILLISECONDS,
            # Root cannot use Chromium's own sandbox.
            chromium_sandbox=os.geteuid() != 0,
            # Chromium itself asks Google for updates and accounts, which no page's requests show.
            proxy={"server": wall, "bypass": "127.0.0.1"},
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """An empty page."""
    opened = browser.new_page(viewport=_SCREEN)
    opened.set_default_timeout(DEADLINE_MILLISECONDS)
    return opened


@pytest.fixture(scope="module")
def guard(page: Page) -> LoopbackOnly:
    """What watches the connections of the worker's page."""
    return LoopbackOnly(page)


@pytest.fixture(scope="module")
def worker(page: Page, guard: LoopbackOnly, server: LabelStudioServer) -> Worker:  # noqa: ARG001 - is watched
    """Somebody who has signed in."""
    folder = os.environ.get(SCREENSHOTS)
    someone = Worker(page, server.url, Path(folder) if folder else None)
    someone.sign_in(Person(server, "worker@example.org"))
    return someone


def job_of(sandbox: Sandbox, name: str, count: int, title: str = "") -> Job:
    """Return a job with a title that can be read in a picture of the screen."""
    job = Job(sandbox, name, count)
    job.project = job.project._replace(job_name=title or name.replace("_", "-"))
    return job


def collected(
    worker: Worker, engine: Engine, job: Job, answer: Callable[[str], None], **changes: Any
) -> dict[str, OutputLine]:
    """Let the worker do a whole job, and return what the functions collect, by item."""
    title = job.project.job_name
    engine.jobs.create(studio_job(job, people=1, **changes).fields())
    assert engine.advance() == {title: "InProgress"}
    items = worker.work(title, answer)
    assert sorted(items) == list(job.objects)
    assert engine.advance() == {title: "Completed"}
    return {str(output.item_id): output for output in output_of(engine, job)}


@pytest.mark.parametrize(
    "name",
    [
        "image_single_label_classification",
        "image_multi_label_classification",
        "text_single_label_classification",
        "text_multi_label_classification",
    ],
)
def test_the_classes_that_are_ticked_are_the_label(
    name: str, sandbox: Sandbox, engine: Engine, worker: Worker
) -> None:
    job = job_of(sandbox, name, 3)
    one = "single" in name

    def tick(item: str) -> None:
        truth = job.objects[item].truth
        names = [truth] if one else truth
        if one:
            # Somebody who thinks again: another class takes the place of the first.
            worker.choose(next(label for label in job.project.labels if label != truth))
        worker.choose(*names)
        assert sorted(worker.chosen(len(names))) == sorted(names)

    asked = f"Choose {'the class' if one else 'all classes that apply'}."
    found = collected(worker, engine, job, tick, instructions=asked)
    for item, output in found.items():
        assert job.is_true(output, job.objects[item].truth)


def test_a_box_is_where_it_was_drawn_to_within_one_pixel(
    sandbox: Sandbox, engine: Engine, worker: Worker
) -> None:
    job = job_of(sandbox, "image_bounding_box", 3)

    def draw(item: str) -> None:
        boxes = job.objects[item].truth
        for box in boxes:
            first = box["left"], box["top"]
            worker.draw_box(
                box["class"], first, (first[0] + box["width"], first[1] + box["height"])
            )
        assert sorted(worker.regions(len(boxes))) == sorted(box["class"] for box in boxes)

    found = collected(worker, engine, job, draw)
    for item, output in found.items():
        names = output.line["a-label-metadata"]["class-map"]
        boxes = [
            {**box, "class": names[str(box["class_id"])]}
            for box in output.line["a-label"]["annotations"]
        ]
        drawn = job.objects[item].truth
        assert len(boxes) == len(drawn)
        for one, other in zip(_in_order(boxes), _in_order(drawn), strict=True):
            assert one["class"] == other["class"]
            assert [one[edge] for edge in _EDGES] == pytest.approx(
                [other[edge] for edge in _EDGES], abs=1, rel=0
            )


def _in_order(boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # The digits of a picture are in cells, so a pixel changes no order.
    return sorted(boxes, key=lambda box: (box["class"], round(box["left"] / 8), box["top"]))


def test_a_mask_is_where_the_brush_went(sandbox: Sandbox, engine: Engine, worker: Worker) -> None:
    job = job_of(sandbox, "image_semantic_segmentation", 3)

    def paint(item: str) -> None:
        regions = job.objects[item].truth["regions"]
        for region in regions:
            worker.paint(region["class"], _path_over(region["box"]))
        assert sorted(worker.regions(len(regions))) == sorted(found["class"] for found in regions)

    found = collected(worker, engine, job, paint)
    for item, output in found.items():
        mask = _painted(job, output)
        paths: dict[str, list[list[Point]]] = {}
        for region in job.objects[item].truth["regions"]:
            paths.setdefault(region["class"], []).append(_path_over(region["box"]))
        assert mask.keys() == paths.keys()
        for name, pixels in mask.items():
            for path in paths[name]:
                assert pixels >= set(_pixels_of(path))
            for x, y in pixels:
                # The middle of the pixel.
                middle = x + 0.5, y + 0.5
                assert min(_distance(middle, path) for path in paths[name]) <= _BRUSH


def _path_over(box: dict[str, Any]) -> list[Point]:
    """Return a zigzag over a box, further from its edges than the brush is wide."""
    left, right = box["left"] + 8, box["left"] + box["width"] - 8
    top, bottom = box["top"] + 8, box["top"] + box["height"] - 8
    return [(left, top), (right, top), (left, bottom), (right, bottom)]


def _pixels_of(path: list[Point]) -> Iterator[tuple[int, int]]:
    for (x, y), (to_x, to_y) in itertools.pairwise(path):
        steps = 2 * round(math.dist((x, y), (to_x, to_y)))
        for step in range(steps + 1):
            share = step / steps
            yield int(x + (to_x - x) * share), int(y + (to_y - y) * share)


def _distance(point: Point, path: list[Point]) -> float:
    """Return how far a point is from the nearest point of a path."""
    nearest = math.inf
    for start, end in itertools.pairwise(path):
        across, down = end[0] - start[0], end[1] - start[1]
        along = (point[0] - start[0]) * across + (point[1] - start[1]) * down
        share = min(1.0, max(0.0, along / (across**2 + down**2)))
        on_path = start[0] + share * across, start[1] + share * down
        nearest = min(nearest, math.dist(point, on_path))
    return nearest


def _painted(job: Job, output: OutputLine) -> dict[str, set[tuple[int, int]]]:
    """Return the pixels of each class of a mask."""
    picture = image_files.pixels(job.read(output.line["a-label"]))
    entries = output.line["a-label-metadata"]["internal-color-map"].values()
    names = {entry["hex-color"]: entry["class-name"] for entry in entries}
    found: dict[str, set[tuple[int, int]]] = {}
    for y, row in enumerate(picture.rows):
        for x, index in enumerate(row):
            name = names[f"#{picture.palette[index].hex()}"]
            if name != "BACKGROUND":
                found.setdefault(name, set()).add((x, y))
    return found


def test_spans_are_those_that_were_marked_also_after_an_emoji(
    sandbox: Sandbox, engine: Engine, worker: Worker
) -> None:
    job = job_of(sandbox, "named_entity_recognition", 5)
    assert any(known.task.subject.startswith("\U0001f389") for known in job.objects.values())

    def mark(item: str) -> None:
        spans = job.objects[item].truth
        for span in spans:
            worker.mark(span["label"], span["startOffset"], span["endOffset"])
        assert sorted(worker.regions(len(spans))) == sorted(span["label"] for span in spans)

    asked = "Mark the names of persons, places and organisations."
    found = collected(worker, engine, job, mark, instructions=asked)
    for item, output in found.items():
        assert job.is_true(output, job.objects[item].truth)


@pytest.mark.parametrize("name", ["image_bounding_box", "text_single_label_classification"])
def test_the_verdict_that_is_ticked_and_its_comment_are_collected(
    name: str, sandbox: Sandbox, engine: Engine, worker: Worker
) -> None:
    job = job_of(sandbox, name, 2, f"verification-{name.replace('_', '-')}")
    job.label()
    verification = Verification("a-verification", "Correct", _CATEGORIES, 100)
    wrong = list(job.objects)[1]

    def judge(item: str) -> None:
        truth = job.objects[item].truth
        if name == "image_bounding_box":
            assert sorted(worker.regions(len(truth))) == sorted(box["class"] for box in truth)
        else:
            assert worker.chosen(1) == [truth]
        worker.choose("Wrong label" if item == wrong else "Correct")
        if item == wrong:
            worker.comment("look again")

    found = collected(
        worker,
        engine,
        job,
        judge,
        instructions="Is the label right?",
        verification=verification,
    )
    verdicts = {item: read_verdict(output.line, verification) for item, output in found.items()}
    assert verdicts == {
        item: Verdict(False, "Wrong label", ("look again",))
        if item == wrong
        else Verdict(True, "Correct")
        for item in job.objects
    }


def test_requests_to_another_machine_are_refused_by_the_page_and_by_the_browser(
    browser: Browser,
) -> None:
    with browser.new_context() as context:
        stranger = context.new_page()
        with pytest.raises(Error, match="ERR_PROXY_CONNECTION_FAILED"):
            stranger.goto("http://192.0.2.1/")
        guard = LoopbackOnly(stranger)
        with pytest.raises(Error, match="ERR_FAILED"):
            stranger.goto("http://192.0.2.1/")
        assert guard.refused == ["http://192.0.2.1/"]
        assert not guard.seen


def test_the_pages_ask_for_nothing_outside_of_this_machine(
    worker: Worker,  # noqa: ARG001 - has signed in, and has done the work of the tests above
    guard: LoopbackOnly,
) -> None:
    assert guard.seen == {"127.0.0.1"}
    assert guard.refused == []
