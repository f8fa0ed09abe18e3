"""Label Studio's pages in a browser, used as a worker uses them: with mouse and keyboard."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from playwright.sync_api import Page, Response, Route

    from labeling_sandbox.label_studio.people import Person

#: A deadline for a busy machine; what is waited for usually takes less than a second.
DEADLINE_MILLISECONDS = 300_000
#: Moves of the mouse between two points: the editor draws from move to move.
_MOVES = 8

#: Edges of characters on the screen. Offsets are those of Python, in Unicode characters.
_EDGES = """([start, end]) => {
  const nodes = document.createTreeWalker(
    document.querySelector(".lsf-htx-richtext"), NodeFilter.SHOW_TEXT);
  const characters = [];
  while (nodes.nextNode()) {
    let at = 0;
    for (const character of nodes.currentNode.data) {
      characters.push([nodes.currentNode, at, at += character.length]);
    }
  }
  return [start, end - 1].map((place) => {
    const range = document.createRange();
    const [node, first, last] = characters[place];
    range.setStart(node, first);
    range.setEnd(node, last);
    const box = range.getBoundingClientRect();
    return [box.left, box.right, (box.top + box.bottom) / 2];
  });
}"""
#: Is called with every frame: where the picture is, once it is another one than before and has
#: kept its place for some frames.
_PICTURE = """(before) => {
  const picture = document.querySelector(".lsf-image img");
  const canvas = document.querySelector(".konvajs-content");
  if (!picture || !canvas || picture.src === before || !picture.complete) return null;
  const box = picture.getBoundingClientRect();
  if (!box.width || !canvas.getBoundingClientRect().width) return null;
  const found = [picture.src, box.left, box.top, box.width / picture.naturalWidth,
    box.height / picture.naturalHeight];
  const last = window.lastPicture;
  const frames = last && last.found === String(found) ? last.frames + 1 : 0;
  window.lastPicture = {found: String(found), frames};
  return frames > 5 ? found : null;
}"""

Point = tuple[float, float]


class _Picture(NamedTuple):
    """Where the picture is on the screen; the canvas above it may be larger.

    Attributes:
        address: What the page loaded.
        left: Its left edge.
        top: Its upper edge.
        across: Width of one of its pixels.
        down: Height of one of its pixels.
    """

    address: str
    left: float
    top: float
    across: float
    down: float

    def on_screen(self, point: Point) -> Point:
        return self.left + point[0] * self.across, self.top + point[1] * self.down


class LoopbackOnly:
    """Lets a page connect to this machine, and to no other.

    Attributes:
        seen: The hosts that it connected to.
        refused: The addresses elsewhere that it asked for.
    """

    def __init__(self, page: Page) -> None:
        self.seen: set[str] = set()
        self.refused: list[str] = []
        page.context.route("**/*", self._decide)
        page.on("websocket", lambda socket: self._refuse(socket.url))

    def _decide(self, route: Route) -> None:
        host = urlsplit(route.request.url).hostname or ""
        if _is_loopback(host):
            self.seen.add(host)
            route.continue_()
        else:
            self._refuse(route.request.url)
            route.abort()

    def _refuse(self, address: str) -> None:
        self.refused.append(address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Worker:
    """A person in front of a browser."""

    def __init__(self, page: Page, address: str, screenshots: Path | None = None) -> None:
        """Take a seat.

        Args:
            page: The browser's page.
            address: Where Label Studio is.
            screenshots: A folder for a picture of each screen before it is submitted.
        """
        self.page = page
        self._address = address
        self._screenshots = screenshots
        self._picture: _Picture | None = None

    def sign_in(self, person: Person) -> None:
        self.page.goto(f"{self._address}/user/login/")
        self.page.locator("input[name=email]").fill(person.email)
        self.page.locator("input[name=password]").fill(person.password)
        self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(lambda address: "/user/login" not in address)

    def work(self, project: str, answer: Callable[[str], None]) -> list[str]:
        """Open a project and submit every task that it offers.

        Args:
            project: The title of the project.
            answer: Is given the item, and does what the person does before submitting.

        Returns:
            The items, in the order in which they were shown.
        """
        self._picture = None
        self.page.goto(f"{self._address}/projects/")
        self.page.get_by_text(project, exact=True).click()
        offered = self._next(self.page.get_by_role("button", name="Label All Tasks").click)
        items: list[str] = []
        while offered.ok:
            task = offered.json()
            self._wait_for(task)
            items.append(task["data"]["item_id"])
            answer(items[-1])
            self._take_picture(f"{project}-{len(items)}.png")
            submit = self.page.get_by_role("button", name="Submit current annotation")
            offered = self._next(submit.click)
        expect(self.page.get_by_text("No More Tasks Left in Queue")).to_be_visible()
        return items

    def _next(self, act: Callable[[], None]) -> Response:
        with self.page.expect_response(lambda found: "id=next_task" in found.url) as offered:
            act()
        return offered.value

    def _wait_for(self, task: dict[str, Any]) -> None:
        """Wait until the page shows a task, and no longer the one before."""
        # Its number is followed by its place among the tasks, without a space.
        number = "xpath=//*[contains(@class, 'lsf-current-task__task-id')]"
        expect(self.page.locator(f"{number}[text()='{task['id']}']")).to_be_visible()
        if "image" in task["data"]:
            before = self._picture.address if self._picture else ""
            found = self.page.wait_for_function(_PICTURE, arg=before).json_value()
            self._picture = _Picture(*found)
        else:
            expect(self.page.locator(".lsf-htx-richtext")).to_have_text(task["data"]["text"])

    def _take_picture(self, name: str) -> None:
        if self._screenshots is not None:
            # What is said of the answer before covers the buttons.
            expect(self.page.get_by_text("Annotation saved successfully")).to_have_count(0)
            self.page.screenshot(path=self._screenshots / name)

    def choose(self, *names: str) -> None:
        """Tick classes or a verdict."""
        for name in names:
            self.page.locator(f'.lsf-choices input[name="{name}"]').check()

    def comment(self, text: str) -> None:
        """Write a comment on a label that is judged."""
        field = self.page.get_by_placeholder("Comment")
        field.fill(text)
        field.press("Enter")
        expect(self.page.get_by_text(text, exact=True)).to_be_visible()

    def draw_box(self, name: str, first: Point, last: Point) -> None:
        """Draw a box of a class from one pixel's corner of the picture to another."""
        self._add_region(name, [self._on_screen(first), self._on_screen(last)])

    def paint(self, name: str, path: Sequence[Point]) -> None:
        """Paint a region of a class along a path over the picture."""
        self._add_region(name, [self._on_screen(point) for point in path])

    def mark(self, name: str, start: int, end: int) -> None:
        """Mark a span of a class in the text."""
        (left, _, top), (_, right, bottom) = self.page.evaluate(_EDGES, [start, end])
        self._add_region(name, [(left + 1, top), (right - 1, bottom)])

    def regions(self, count: int) -> list[str]:
        """Return the classes in the list of regions, once there are as many as expected."""
        listed = self.page.locator(".lsf-outliner-item .lsf-labels-list .lsf-labels-list")
        expect(listed).to_have_count(count)
        return listed.all_inner_texts()

    def chosen(self, count: int) -> list[str]:
        """Return the classes that are ticked, once there are as many as expected."""
        ticked = self.page.locator(".lsf-choices input:checked")
        expect(ticked).to_have_count(count)
        return [str(entry.get_attribute("name")) for entry in ticked.all()]

    def _on_screen(self, point: Point) -> Point:
        assert self._picture is not None, "this task has no picture"
        return self._picture.on_screen(point)

    def _add_region(self, name: str, path: Sequence[Point]) -> None:
        listed = self.page.locator(".lsf-outliner-item")
        count = listed.count()
        label = self.page.locator(".lsf-labels .lsf-label__text")
        label.filter(has_text=re.compile(f"^{re.escape(name)}$")).click()
        expect(self.page.locator(".lsf-labels .lsf-label_selected")).to_have_count(1)
        mouse = self.page.mouse
        mouse.move(*path[0])
        mouse.down()
        for point in path[1:]:
            mouse.move(*point, steps=_MOVES)
        mouse.up()
        expect(listed).to_have_count(count + 1)
        # A region that is selected would be given the next class.
        self.page.keyboard.press("Escape")
        expect(self.page.locator(".lsf-labels .lsf-label_selected")).to_have_count(0)
