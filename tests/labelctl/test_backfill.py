"""backfill: missed objects are sent, known ones are not, and an interruption changes nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.backfill import RateLimit
from labelctl.checkpoint import BackfillCounts, Checkpoint
from tests.sandbox.resources import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_lambdas.domain.items import SourceObject
    from tests.labelctl.stage import Operated

_LABELCTL = str(Path(sys.executable).with_name("labelctl"))


def upload(operated: Operated, count: int) -> list[SourceObject]:
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda n: operated.upload(f"old/{n:04d}.png"), range(count)))


def messages(operated: Operated) -> int:
    answer = operated.client("sqs").get_queue_attributes(
        QueueUrl=operated.intake_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def keys(operated: Operated) -> Counter[str]:
    return Counter(body["detail"]["object"]["key"] for body in operated.waiting())


@pytest.mark.parametrize(
    ("objects", "labeled", "killed"),
    [(1000, 300, False), (200, 60, True)],
    ids=["at once", "killed and started again"],
)
def test_unlabeled_old_objects_are_sent_and_none_is_labeled_again(
    operated: Operated, objects: int, labeled: int, *, killed: bool, tmp_path: Path
) -> None:
    uploads = upload(operated, objects)
    known = uploads[::3][:labeled]
    operated.label(known)
    arguments = ["--send", "--checkpoint", str(tmp_path / "state.json")]
    if killed:
        interrupt(operated, signal.SIGKILL, 20, arguments)
    answer = operated.answer("backfill", *arguments, "--rate", "100000")
    sent = objects - labeled
    assert (answer["listed"], answer["sent"]) == (objects, sent)
    assert answer["known"] == {"stored": labeled}
    # At most the batch that was being sent is on the queue twice.
    assert sent <= messages(operated) <= (sent + 10 if killed else sent)
    assert list(tmp_path.iterdir()) == []
    assert operated.poll()["claimed"] == sent
    assert Counter(operated.states(uploads)) == {"stored": labeled, "claimed": sent}
    assert set(operated.states(known)) == {"stored"}


def interrupt(operated: Operated, how: signal.Signals, after: int, arguments: list[str]) -> str:
    """Start the command as a separate process, and end it when it has sent something.

    Its rate is low enough that it is still sending on a busy machine.
    """
    command = [_LABELCTL, "backfill", "--pipeline", operated.name, *arguments, "--rate", "10"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE) as process:
        wait_until(lambda: messages(operated) >= after, "objects being sent", 60)
        process.send_signal(how)
        _, said = process.communicate(timeout=30)
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    return said.decode()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT reach new processes, also where a shell runs the tests in the background.

    Such a shell makes them ignore SIGINT, and a new process inherits ignored signals.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_backfill_states_how_to_continue(operated: Operated, tmp_path: Path) -> None:
    uploads = upload(operated, 120)
    arguments = ["--send", "--checkpoint", str(tmp_path / "state.json")]
    # The second batch of ten is sent when the first one has been counted.
    said = interrupt(operated, signal.SIGINT, 20, arguments)
    assert re.fullmatch(
        r"error: interrupted; \d+ objects were sent, continue with the same command\n", said
    )
    assert messages(operated) < 120
    assert operated.answer("backfill", *arguments)["sent"] == 120
    assert operated.poll()["claimed"] == 120
    assert set(operated.states(uploads)) == {"claimed"}


def test_a_dry_run_counts_and_sends_nothing(operated: Operated) -> None:
    upload(operated, 3)
    answer = operated.answer("backfill")
    assert (answer["dry_run"], answer["to_send"], answer["sent"]) == (True, 3, 0)
    assert operated.waiting() == []


def test_the_json_has_the_documented_fields(operated: Operated) -> None:
    assert operated.answer("backfill", "--prefix", "x") == {
        "schema": "labelctl-backfill/1",
        "pipeline": operated.name,
        "bucket": operated.uploads,
        "prefix": "x",
        "since": None,
        "dry_run": True,
        "listed": 0,
        "to_send": 0,
        "sent": 0,
        "known": {},
        "not_labelable": {},
        "held_back": {},
        "too_old": 0,
        "last_key": "",
    }


def test_an_object_in_any_state_of_the_ledger_is_not_sent(operated: Operated) -> None:
    states = ["claimed", "labeled", "returned", "stored", "superseded", "dead_lettered"]
    for state in states:
        source = operated.upload(f"{state}.png")
        operated.put_rows({"pk": f"ITEM#{source.item_id}", "item_state": state, "run_id": "r"})
    answer = operated.answer("backfill", "--send")
    assert answer["known"] == dict.fromkeys(sorted(states), 1)
    assert operated.waiting() == []
    shown = operated.labelctl("backfill").stdout
    assert "1 current versions are superseded in the ledger" in shown


def test_objects_that_cannot_be_labeled_are_counted_by_reason_and_not_sent(
    operated: Operated,
) -> None:
    operated.client("s3").put_object(Bucket=operated.uploads, Key="folder/", Body=b"")
    operated.parameters(**{"ignored-keys": '["drafts/*"]'})
    for key, body in {"a.gif": b"x", "b.png": b"", "c\u2028.png": b"x", "d.png": b"x"}.items():
        operated.upload(key, body)
    for key in ("._d.png", "__MACOSX/d.png", "drafts/e.png"):
        operated.upload(key)
    answer = operated.answer("backfill", "--send")
    assert answer["not_labelable"] == {
        "empty_object": 1,
        "folder_marker": 1,
        "ignored_key": 3,
        "unsupported_extension": 1,
        "unsupported_key": 1,
    }
    assert keys(operated) == {"d.png": 1}


def test_deleted_objects_are_not_listed(operated: Operated) -> None:
    operated.upload("gone.png")
    operated.client("s3").delete_object(Bucket=operated.uploads, Key="gone.png")
    assert operated.answer("backfill")["listed"] == 0


@pytest.mark.parametrize("key", ["a b+c.png", "ü/%41.png", "é\u2003x.png"])
def test_keys_are_not_changed_by_encoding(operated: Operated, key: str) -> None:
    source = operated.upload(key)
    operated.answer("backfill", "--send")
    assert operated.poll()["claimed"] == 1
    assert operated.item(source)["object_key"] == key


def test_only_the_prefix_is_sent(operated: Operated) -> None:
    for key in ("in/a.png", "in/b.png", "out/a.png"):
        operated.upload(key)
    assert operated.answer("backfill", "--send", "--prefix", "in/")["sent"] == 2
    assert keys(operated) == {"in/a.png": 1, "in/b.png": 1}


def test_only_keys_after_a_given_one_are_sent(operated: Operated) -> None:
    for key in ("a.png", "b.png", "c.png"):
        operated.upload(key)
    answer = operated.answer("backfill", "--send", "--start-after", "b.png")
    assert (answer["listed"], answer["last_key"]) == (1, "c.png")
    assert keys(operated) == {"c.png": 1}


def test_only_objects_uploaded_since_the_given_time_are_sent(operated: Operated) -> None:
    operated.upload("a.png")
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = operated.answer("backfill", "--send", "--since", ahead)
    assert (answer["too_old"], answer["sent"]) == (1, 0)
    assert operated.answer("backfill", "--send", "--since", "1h")["sent"] == 1


def test_a_second_backfill_before_the_poll_claims_nothing_twice(operated: Operated) -> None:
    uploads = upload(operated, 5)
    for _ in range(2):
        operated.answer("backfill", "--send")
    assert messages(operated) == 10
    assert operated.poll()["claimed"] == 5
    assert set(operated.states(uploads)) == {"claimed"}


def test_an_upload_event_beside_a_backfill_claims_nothing_twice(operated: Operated) -> None:
    uploads = upload(operated, 5)
    operated.answer("backfill", "--send")
    operated.announce(uploads)
    assert operated.poll()["claimed"] == 5


def test_a_failure_while_sending_states_how_to_continue(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(operated, 25)
    fail_after(monkeypatch, 2)
    line = operated.error("backfill", "--send")
    assert line.endswith("; 20 objects were sent, continue with --start-after old/0019.png")
    monkeypatch.undo()


def fail_after(monkeypatch: pytest.MonkeyPatch, sends: int) -> None:
    from labelctl.upload_events import UploadSender
    from labeling_lambdas.errors import DeliveryError

    real, calls = UploadSender.send, Counter[str]()

    def send(self: UploadSender, events: Any) -> None:
        calls["send"] += 1
        if calls["send"] > sends:
            message = "refused"
            raise DeliveryError(message)
        real(self, events)

    monkeypatch.setattr(UploadSender, "send", send)


def test_a_checkpoint_of_another_backfill_is_rejected(operated: Operated, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    Checkpoint(path, {"pipeline": "other"}).save(BackfillCounts(), None)
    line = operated.error("backfill", "--send", "--checkpoint", str(path))
    assert "is of another backfill" in line


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "x"}', "{"])
def test_a_file_that_is_not_a_checkpoint_is_rejected(
    operated: Operated, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    assert str(path) in operated.error("backfill", "--send", "--checkpoint", str(path))
    assert path.read_text() == content


def test_the_age_in_since_means_the_same_time_in_every_start(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state.json", {"since": "2h"})
    assert checkpoint.load() is None
    since = datetime(2026, 1, 2, tzinfo=UTC)
    counts = BackfillCounts(listed=3, to_send=1, sent=1, last_key="k")
    counts.known["stored"] = 2
    checkpoint.save(counts, since)
    saved = checkpoint.load()
    assert saved is not None
    assert (saved.since, saved.counts) == (since, counts)
    assert json.loads(checkpoint.path.read_text())["since"] == "2026-01-02T00:00:00+00:00"


def test_the_rate_limit_is_not_exceeded() -> None:
    slept: list[float] = []
    rate_limit = RateLimit(50, clock=lambda: 100.0 + sum(slept), sleep=slept.append)
    for _ in range(11):
        rate_limit.wait(10)
    assert sum(slept) == pytest.approx(2.0)
