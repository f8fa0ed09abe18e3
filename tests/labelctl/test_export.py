"""Which records become a training set, and how an export continues or says why it cannot."""

from __future__ import annotations

import errno
import json
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.export import contents
from labeling_deployment.module import ROOT
from tests.labelctl.stored_labels import store_demo, write_files
from tests.labelctl.written_records import TIME, Records
from tests.sandbox.test_offline_store import iceberg_table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

EARLIER, LATER = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00Z"


@pytest.fixture(params=["Iceberg"])
def records(operated: Operated, tmp_path: Path, request: pytest.FixtureRequest) -> Records:
    operated.keep_offline(request.param)
    operated.publish()
    return Records(operated, tmp_path)


@pytest.mark.parametrize("records", ["Glue", "Iceberg"], indirect=True)
def test_the_newest_record_of_each_item_is_exported(records: Records) -> None:
    records.upload("a.png", "b.png", "gone.png")
    records.put("a.png", "dog", LATER)
    # Written later, but with an earlier event time; it is in another file.
    write_files(records.operated)
    records.put("a.png", "cat", TIME)
    # A repeated write of the same record is the same row again.
    records.put("b.png", "dog", TIME)
    records.put("b.png", "dog", TIME)
    records.put("gone.png", "dog", TIME)
    records.delete("gone.png", LATER)
    summary = records.export()
    assert records.labels() == {"a.png": "dog", "b.png": "dog"}
    assert (summary["items"], summary["removed"]) == (3, {"record_deleted": 1})
    assert summary["sides"] == {"train": {"items": 2, "labels": {"dog": 2}}}


def test_of_two_records_of_one_event_time_the_last_written_is_exported(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png", "zebra")
    records.put("a.png", "cat")
    records.export()
    assert records.labels() == {"a.png": "cat"}


def test_a_row_that_was_deleted_from_the_table_is_not_exported(records: Records) -> None:
    records.upload("a.png", "b.png")
    records.put("a.png")
    records.put("b.png")
    write_files(records.operated)
    delete_rows(records.operated, f"source_ref == 's3://{records.operated.uploads}/a.png'")
    records.export()
    assert set(records.labels()) == {"b.png"}


def delete_rows(operated: Operated, condition: str) -> None:
    """Delete rows as Athena does: in a new version of the table, which leaves the old files."""
    iceberg_table(operated.sandbox, operated.name).delete(condition)


CHOICES = {
    "since": ("--since", "2026-01-02T12:00"),
    "until": ("--until", "2026-01-02T12:00"),
    "label": ("--label", "cat"),
    "status": ("--status", "VERIFIED"),
    "min-confidence": ("--min-confidence", "0.8"),
    "prefix": ("--prefix", "new/"),
}


@pytest.mark.parametrize(
    ("filter_name", "kept"),
    [
        ("since", {"new/b.png"}),
        ("until", {"a.png"}),
        ("label", {"a.png"}),
        ("status", {"new/b.png"}),
        ("min-confidence", {"a.png"}),
        ("prefix", {"new/b.png"}),
    ],
)
def test_a_choice_keeps_what_it_names_and_counts_the_rest(
    records: Records, filter_name: str, kept: set[str]
) -> None:
    records.upload("a.png", "new/b.png")
    records.put("a.png", "cat", TIME, confidence=0.8)
    records.put("new/b.png", "dog", LATER, confidence=0.79, status="VERIFIED")
    summary = records.export(*CHOICES[filter_name])
    assert set(records.labels()) == kept
    assert summary["removed"] == {filter_name: 1}


def test_until_exports_the_records_as_they_were_at_that_time(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png", "cat", EARLIER)
    records.put("a.png", "dog", LATER)
    records.export("--until", TIME)
    assert records.labels() == {"a.png": "cat"}


def test_an_export_of_nothing_says_what_took_everything(records: Records) -> None:
    records.upload("a.png", "b.png", "c.png")
    records.put("a.png", "cat")
    records.put("b.png", "dog")
    records.put("c.png", "dog")
    line = records.error("--label", "cat", "--status", "VERIFIED", "--since", EARLIER)
    assert line == ("error: nothing is left to export; of 3 items were left out: --status 3")
    line = records.error("--label", "bird", "--prefix", "a", name="other")
    assert line == (
        "error: nothing is left to export; of 3 items were left out: --label 1, --prefix 2"
    )
    # The same command may find something later.
    assert list(records.folder.iterdir()) == []


@pytest.mark.parametrize("records", ["Glue", "Iceberg"], indirect=True)
def test_a_store_without_records_says_so(records: Records) -> None:
    line = records.error()
    assert line == (
        "error: the offline store has no record yet; records appear there within 15 minutes"
    )


def test_a_missing_object_is_listed_and_the_rest_exported(records: Records) -> None:
    records.upload("a.png", "b.png", "c.png")
    for key in ("a.png", "b.png", "c.png"):
        records.put(key)
    s3 = records.operated.client("s3")
    s3.delete_object(Bucket=records.operated.uploads, Key="a.png")
    version = s3.head_object(Bucket=records.operated.uploads, Key="b.png")["VersionId"]
    s3.delete_object(Bucket=records.operated.uploads, Key="b.png", VersionId=version)
    summary = records.export()
    assert set(records.labels()) == {"c.png"}
    assert (summary["removed"], summary["left_out"]) == ({}, {"source_missing": 2})
    listed = (records.folder / "set" / "left_out.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in listed] == [
        {"source_ref": f"s3://{records.operated.uploads}/{key}", "reason": "source_missing"}
        for key in ("a.png", "b.png")
    ]


def test_an_image_is_the_version_that_was_labeled(records: Records) -> None:
    records.upload("a.png", body=b"labeled")
    records.put("a.png")
    records.upload("a.png", body=b"uploaded since then")
    records.export()
    image = records.folder / "set" / records.rows()["a.png"]["file"]
    assert image.read_bytes() == b"labeled"


def test_what_the_smoke_test_had_labeled_is_left_out(records: Records) -> None:
    records.upload("a.png", "labelctl-smoke/smoke-1.png")
    records.put("a.png")
    records.put("labelctl-smoke/smoke-1.png")
    assert records.export()["removed"] == {"smoke_test": 1}


def test_a_label_in_a_file_of_its_own_is_read(records: Records) -> None:
    records.upload("a.png", "b.png")
    uri = f"s3://{records.operated.output}/runs/r/labels/a.json"
    metadata = {"class-name": "cat", "confidence": 1, "creation-date": TIME.rstrip("Z")}
    body = json.dumps({"label": 0, "label-metadata": metadata}).encode()
    records.operated.client("s3").put_object(
        Bucket=records.operated.output, Key="runs/r/labels/a.json", Body=body
    )
    records.put("a.png", label_json=uri)
    records.put("b.png", label_json=uri.replace("a.json", "lost.json"))
    summary = records.export(form="augmented-manifest")
    (line,) = (records.folder / "set" / "train.manifest").read_text().splitlines()
    assert json.loads(line) == {"source-ref": f"s3://{records.operated.uploads}/a.png"} | (
        json.loads(body)
    )
    assert summary["left_out"] == {"label_missing": 1}


@pytest.mark.parametrize(
    "columns", [{"label_json": "{"}, {"label_json": "5"}, {"label_json": "{}"}], ids=str
)
def test_a_label_that_cannot_be_read_is_listed(records: Records, columns: dict[str, str]) -> None:
    records.upload("a.png", "b.png")
    records.put("a.png", **columns)
    records.put("b.png")
    assert records.export()["left_out"] == {"label_unreadable": 1}
    assert set(records.labels()) == {"b.png"}


def test_a_record_of_another_writer_is_left_out(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png")
    records.operated.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=records.operated.name,
        Record=[
            {"FeatureName": "source_ref", "ValueAsString": "a row of my own"},
            {"FeatureName": "event_time", "ValueAsString": LATER},
        ],
    )
    assert records.export()["removed"] == {"record_unreadable": 1}


def test_extra_features_are_in_each_row(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png", site="north", extra_json='{"camera":"gate"}')
    records.export()
    assert records.rows()["a.png"]["extra"] == {"site": "north", "camera": "gate"}


def test_images_are_left_out_or_linked_to_copies(records: Records) -> None:
    records.upload("folder/a.png", "b.png", body=b"picture")
    records.put("folder/a.png")
    records.put("b.png")
    records.export("--files", "none", name="none")
    assert set(records.files("none")) == {"train.jsonl"}
    assert records.rows("none")["b.png"]["file"] is None
    mirror = records.folder / "mirror"
    (mirror / "folder").mkdir(parents=True)
    (mirror / "folder" / "a.png").write_bytes(b"picture")
    (mirror / "b.png").write_bytes(b"another version")
    summary = records.export("--files", "link", "--mirror", str(mirror), name="linked")
    link = records.folder / "linked" / records.rows("linked")["folder/a.png"]["file"]
    assert link.readlink() == mirror / "folder" / "a.png"
    assert summary["left_out"] == {"not_in_mirror": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--files", "link"), "--files link and --mirror, the folder to link to, go together"),
        (("--freeze", "Not A Name"), "'Not A Name' is no name for a training set"),
        (("--frozen", "unknown"), "there is no training set unknown"),
    ],
)
def test_options_that_do_not_fit_say_why(
    records: Records, options: tuple[str, ...], said: str
) -> None:
    assert said in records.error(*options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--split", "train=0.8"), "the shares must be 1 together, not 0.8"),
        (("--split", "train=0.5,train=0.5"), "is not a new name with a share"),
        (("--since", "yesterday"), "neither a time such as"),
        (("--frozen", "a", "--label", "cat"), "give no option that chooses"),
    ],
)
def test_an_invalid_option_is_named(records: Records, options: tuple[str, ...], said: str) -> None:
    arguments = ("--to", str(records.folder / "set"), "--format", "jsonl", *options)
    result = records.operated.labelctl("export", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("page", ["README.md", "docs/labelctl.md"])
def test_the_example_of_a_page_runs(operated: Operated, tmp_path: Path, page: str) -> None:
    stored = store_demo(operated, "image_bounding_box", 4)
    text = (ROOT / page).read_text(encoding="utf-8")
    (line,) = re.findall(r"^labelctl export .*--to (?:\S+)$", text, re.MULTILINE)
    program, command, *arguments = shlex.split(line)
    named = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (program, command, named.pop("--pipeline")) == ("labelctl", "export", "digits")
    named["--to"] = str(tmp_path / named["--to"])
    made = operated.answer(command, *(part for pair in named.items() for part in pair))
    assert sum(side["items"] for side in made["sides"].values()) == len(stored.items)


def test_a_missing_library_is_named_with_what_installs_it(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    said = records.error()
    beginning, _, libraries = said.partition(" -m pip install ")
    assert beginning == f"error: pycocotools is not installed; install it with: {sys.executable}"
    assert "'pycocotools>=2.0.8'" in libraries
    # Of another extra.
    assert "matplotlib" not in libraries


def test_an_interrupted_export_continues_and_is_the_same(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"{number}.png" for number in range(12)]
    for key in keys:
        records.upload(key, body=f"picture {key}".encode())
        records.put(key)
    whole = records.export(name="whole")
    copy = contents.Contents._copy
    copied: list[str] = []

    def interrupted(self: contents.Contents, source: Any, path: Path) -> str:
        if len(copied) == 5:
            raise KeyboardInterrupt
        copied.append(source.key)
        return copy(self, source, path)

    with monkeypatch.context() as during:
        during.setattr(contents.Contents, "_copy", interrupted)
        line = records.error(code=130)
    target = records.folder / "set"
    assert line == (f"error: interrupted; the same command continues, or delete {target}.partial")
    assert not target.exists()
    # Another export does not take the folder for its own.
    assert "is of another export" in records.error("--label", "cat")
    # What is labeled meanwhile is not in it: it is the same set as at its first start.
    records.upload("new.png")
    records.put("new.png")
    copied_again: list[str] = []

    def counted(self: contents.Contents, source: Any, path: Path) -> str:
        copied_again.append(source.key)
        return copy(self, source, path)

    with monkeypatch.context() as during:
        during.setattr(contents.Contents, "_copy", counted)
        continued = records.export()
    assert sorted(copied + copied_again) == sorted(keys)
    assert records.files() == records.files("whole")
    assert {**continued, "target": ""} == {**whole, "target": ""}
    assert not target.with_name("set.partial").exists()


def test_a_folder_that_exists_is_not_changed(records: Records) -> None:
    (records.folder / "set").mkdir()
    line = records.error()
    assert line == (
        f"error: {records.folder / 'set'} exists; name a folder that does not exist, or delete it"
    )
    assert list(records.folder.iterdir()) == [records.folder / "set"]


def test_a_folder_that_cannot_be_written_is_named(records: Records) -> None:
    (records.folder / "file").write_bytes(b"")
    line = records.error(name="file/set")
    assert line.startswith(f"error: {records.folder / 'file' / 'set.partial'} cannot be written: ")


def test_a_full_disk_is_named_and_the_export_continues(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.upload("a.png")
    records.put("a.png")

    def full(*_: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr(contents.Contents, "_copy", full)
        line = records.error()
    assert line == (
        f"error: {records.folder / 'set.partial'} cannot be written: [Errno {errno.ENOSPC}]"
        " No space left on device; the same command continues"
    )
    assert records.export()["sides"]["train"]["items"] == 1


def test_a_frozen_set_is_made_again_byte_for_byte(records: Records) -> None:
    for number in range(6):
        records.upload(f"{number}.png", body=f"picture {number}".encode())
        records.put(f"{number}.png", "cat" if number % 2 else "dog")
    split = ("--split", "train=0.5,test=0.5")
    first = records.export(*split, "--freeze", "spring", name="first")
    again = records.export(*split, "--freeze", "spring", name="again")
    assert first["sha256"] == again["sha256"]
    # Labels change, and the image gets another version; the frozen set has neither.
    records.put("0.png", "bird", LATER)
    records.upload("1.png", body=b"another picture")
    records.put("1.png", "bird", LATER)
    made = records.export("--frozen", "spring", name="made")
    assert made["sha256"] == first["sha256"]
    assert made["split"] == "train=0.5,test=0.5"
    assert records.files("made") == records.files("first")
    repeated = records.export("--frozen", "spring", name="repeated")
    assert {**repeated, "target": ""} == {**made, "target": ""}
    line = records.error(*split, "--freeze", "spring", name="other")
    assert line.startswith("error: the training set spring is frozen with other records (")
    assert line.endswith("or make that set again with --frozen spring")


def test_a_list_that_was_changed_is_not_exported(records: Records) -> None:
    records.upload("a.png")
    records.put("a.png")
    digest = records.export("--freeze", "spring")["sha256"]
    records.operated.client("s3").put_object(
        Bucket=records.operated.output,
        Key="training-sets/spring.jsonl.gz",
        Body=b"not what was frozen",
        Metadata={"sha256": digest},
    )
    line = records.error("--frozen", "spring", name="made")
    assert "training-sets/spring.jsonl.gz is not what was frozen" in line
