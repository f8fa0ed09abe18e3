"""Texts of files that are uploaded again: what was labeled is not paid for again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.deployment import TEXTS
from labeling_faults.configuration import Configuration, deployed
from labeling_faults.functions import runtime
from labeling_faults.world.audit import violations_of
from labeling_faults.world.workforce import DAY, HOUR, Work
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from in_process_aws.calls import Answer, Call
    from labeling_faults.world.fault_points import FaultTarget

_LINES = [f"text {number}" for number in range(40)]


@pytest.fixture(autouse=True)
def functions_in_worlds() -> Iterator[None]:
    with runtime.installed():
        yield


def new_world(**configuration: Any) -> World:
    return World(Configuration(task_type=TEXTS, **configuration))


def put(world: World, lines: Sequence[str], *, pause: float = 2 * HOUR) -> str:
    """Upload a version of the file and let a schedule pass."""
    version = world.upload("texts.txt", "\n".join(lines).encode())
    world.run(60)
    world.schedule_and_run(pause)
    return version


def sent(world: World, attribute: str = "digits-label") -> list[list[str]]:
    """Return the texts that the workers of each job were given."""
    sagemaker = world.account.sagemaker
    return [
        [line["source"] for line in sagemaker.input_lines(job.name)]
        for job in sagemaker.jobs.values()
        if job.attribute == attribute
    ]


def newest_records(world: World) -> dict[str, dict[str, str]]:
    """Return the newest record of each line, as a reader of the offline store finds it."""
    history = world.account.features.groups[deployed().feature_group.name].history
    ordered = sorted(history, key=lambda record: str(record["event_time"]))
    return {record["source_ref"]: dict(record) for record in ordered}


def given_to(world: World) -> dict[str, str]:
    """Return the class that labelers gave to each text."""
    found = {}
    for job in world.account.sagemaker.jobs.values():
        if job.attribute == deployed().label_attribute and job.output_uri:
            bucket, _, key = job.output_uri.removeprefix("s3://").partition("/")
            for text in world.account.s3.body(bucket, key).decode().splitlines():
                line = json.loads(text)
                metadata = line[f"{job.attribute}-metadata"]
                if "class-name" in metadata:
                    found[line["source"]] = metadata["class-name"]
    return found


def assert_follows(world: World, lines: Sequence[str], version: str) -> None:
    """Assert that the newest record of each line is of this version and of the line's text."""
    records, classes = newest_records(world), given_to(world)
    for number, text in enumerate(lines, start=1):
        record = records[f"s3://{deployed().buckets['upload']}/texts.txt#L{number}"]
        assert record["label"] == classes[text]
        assert record["source_version_id"] == version
    assert violations_of(world) == []


@pytest.mark.parametrize(
    ("newer", "new"),
    [
        pytest.param([*_LINES, "a", "b", "c"], ["a", "b", "c"], id="appended"),
        pytest.param(["a", *_LINES], ["a"], id="inserted at the top"),
        pytest.param(_LINES[::-1], [], id="reordered"),
        pytest.param(_LINES[10:], [], id="deleted at the top"),
        pytest.param([*_LINES[:5], "a", *_LINES[6:]], ["a"], id="edited"),
        pytest.param(_LINES, [], id="unchanged"),
        pytest.param([*_LINES, _LINES[0]], [_LINES[0]], id="a line that is there twice now"),
        pytest.param(["", " ", *_LINES], [], id="blank lines inserted"),
    ],
)
@pytest.mark.parametrize("sample", [None, 100.0, 40.0])
def test_labelers_are_given_what_is_new(
    newer: list[str], new: list[str], sample: float | None
) -> None:
    world = new_world(sample_percent=sample)
    put(world, _LINES, pause=4 * HOUR)
    reviewed = [text for job in sent(world, deployed().verification_attribute) for text in job]
    version = put(world, newer, pause=4 * HOUR)
    assert sorted(text for job in sent(world)[1:] for text in job) == sorted(new)
    if sample == 100:
        both = [text for job in sent(world, deployed().verification_attribute) for text in job]
        assert sorted(both) == sorted([*reviewed, *new])
    records = newest_records(world)
    texts = {number: text for number, text in enumerate(newer, start=1) if text.strip()}
    classes = given_to(world)
    for number, text in texts.items():
        record = records[f"s3://{deployed().buckets['upload']}/texts.txt#L{number}"]
        assert record["source_version_id"] == version
        assert newer.count(text) > 1 or record["label"] == classes[text]
    assert violations_of(world) == []


_THOUSAND = [f"line {number}" for number in range(1000)]
_TEN = [f"new {number}" for number in range(10)]


# Some 2,000 items.
@pytest.mark.parametrize(
    ("newer", "new"),
    [
        pytest.param([*_THOUSAND, *_TEN], _TEN, id="ten lines added to a thousand"),
        pytest.param(["top", *_THOUSAND], ["top"], id="a line inserted above a thousand"),
    ],
)
def test_labelers_are_given_what_is_new_in_a_long_file(newer: list[str], new: list[str]) -> None:
    # Requests of these kinds are checked against botocore's models in the tests above.
    world = World(Configuration(task_type=TEXTS), strict=False)
    put(world, _THOUSAND)
    version = put(world, newer)
    first, second = sent(world)
    assert sorted(first) == sorted(_THOUSAND)
    assert sorted(second) == sorted(new)
    assert_follows(world, newer, version)


def test_equal_lines_are_items_of_their_own_and_keep_their_labels() -> None:
    world = new_world()
    put(world, ["yes", "no", "yes", "yes"])
    put(world, ["no", "yes", "yes", "yes", "yes"])
    assert [sorted(job) for job in sent(world)] == [["no", "yes", "yes", "yes"], ["yes"]]
    assert violations_of(world) == []


def test_a_file_that_is_one_item_is_paid_once_per_text() -> None:
    world = new_world(text_items="file")
    put(world, ["one", "two"])
    put(world, ["one", "two"])
    put(world, ["one", "two", "three"])
    put(world, ["one", "two"])
    assert sent(world) == [["one\ntwo"], ["one\ntwo\nthree"]]
    assert len(newest_records(world)) == 1


def test_a_text_that_labelers_have_waits_for_their_label() -> None:
    world = new_world()
    world.workforce.plan = lambda: Work(seconds=3 * DAY)
    put(world, _LINES)
    newer = ["a", *_LINES]
    version = put(world, newer, pause=DAY)
    for _ in range(6):
        world.schedule_and_run(DAY)
    assert world.run_until_idle()
    given = [text for job in sent(world) for text in job]
    assert sorted(given) == sorted(newer)
    assert_follows(world, newer, version)
    assert {execution.status for execution in world.executions.all.values()} == {"SUCCEEDED"}


def test_versions_whose_messages_come_in_the_wrong_order_end_with_the_newest() -> None:
    world = new_world()
    world.upload("texts.txt", "\n".join(_LINES).encode(), event_delays=(5 * HOUR,))
    newer = ["a", *_LINES[:20]]
    version = put(world, newer)
    world.run(4 * HOUR)
    world.schedule_and_run(2 * HOUR)
    assert world.run_until_idle()
    given = [text for job in sent(world) for text in job]
    # Line 21 of the older version is overwritten: nobody is paid for its text.
    assert sorted(given) == sorted({*newer, *_LINES[21:]})
    assert_follows(world, newer, version)


def test_a_label_of_a_line_that_was_overwritten_meanwhile_goes_with_its_text() -> None:
    world = new_world(sample_percent=100.0)
    world.workforce.plan = lambda: Work(seconds=DAY)
    put(world, _LINES)
    # Every line is another text now, and the old ones stand further below.
    newer = [*(f"new {number}" for number in range(40)), *_LINES]
    version = put(world, newer, pause=2 * DAY)
    assert world.run_until_idle()
    given = [text for job in sent(world) for text in job]
    assert sorted(given) == sorted(newer)
    reviewed = [text for job in sent(world, deployed().verification_attribute) for text in job]
    assert sorted(reviewed) == sorted(newer)
    assert_follows(world, newer, version)


def test_a_label_that_waits_for_its_verification_goes_with_its_text() -> None:
    world = new_world(sample_percent=100.0)
    world.workforce.review = lambda: Work("Failed")
    put(world, _LINES, pause=4 * HOUR)
    world.workforce.review = Work
    newer = [*(f"new {number}" for number in range(40)), *_LINES]
    version = put(world, newer, pause=4 * HOUR)
    assert world.run_until_idle()
    given = [text for job in sent(world) for text in job]
    assert sorted(given) == sorted(newer)
    assert_follows(world, newer, version)
    assert {record["status"] for record in newest_records(world).values()} == {"VERIFIED"}


def test_a_text_that_comes_back_to_its_line_has_the_newest_record_there() -> None:
    world = new_world()
    put(world, ["one", "two"], pause=DAY)
    put(world, ["other", "two"], pause=DAY)
    version = put(world, ["one", "two"], pause=DAY)
    assert sent(world)[2:] == []
    assert_follows(world, ["one", "two"], version)


def test_further_keys_of_a_row_may_change_without_a_new_label() -> None:
    world = new_world()

    def put_rows(site: str) -> str:
        rows = [{"source": "one", "site": site}, {"source": "two", "site": site * 1000}]
        version = world.upload("rows.jsonl", "\n".join(map(json.dumps, rows)).encode())
        world.run(60)
        world.schedule_and_run(2 * HOUR)
        return version

    put_rows("a")
    version = put_rows("b")
    assert [sorted(job) for job in sent(world)] == [["one", "two"]]
    records = newest_records(world)
    address = f"s3://{deployed().buckets['upload']}/rows.jsonl"
    assert [records[f"{address}#L{line}"]["site"] for line in (1, 2)] == ["b", "b" * 1000]
    assert {records[f"{address}#L{line}"]["source_version_id"] for line in (1, 2)} == {version}


class CountedReads:
    """Counts how often the lists of claims are read while results are planned."""

    def __init__(self) -> None:
        self.count = 0

    def before(self, world: FaultTarget, _number: int, call: Call) -> None:
        if world.invocations[-1].step == "plan_results" and call.operation == "GetObject":
            self.count += "/claims/" in call.parameters["Key"]

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        pass


def test_large_further_keys_of_texts_that_moved_are_read_many_at_a_time() -> None:
    reads = CountedReads()
    world = World(Configuration(task_type=TEXTS), faults=reads)
    for site in ("a", "b"):
        lines = [
            json.dumps({"source": f"text {number}", "site": site * 1000}) for number in range(60)
        ]
        version = world.upload(
            "rows.jsonl", "\n".join(lines if site == "a" else lines[::-1]).encode()
        )
        world.run(60)
        reads.count = 0
        world.schedule_and_run(2 * HOUR)
    assert len(sent(world)) == 1
    records = newest_records(world)
    assert {record["site"] for record in records.values()} == {"b" * 1000}
    rows = [row for row in world.ledger.values() if row.get("version_id") == version]
    # Each part once for the claims, and once for all that are read again.
    assert reads.count <= 4 * len({row["part"] for row in rows})
