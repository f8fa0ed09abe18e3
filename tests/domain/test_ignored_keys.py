"""What operating systems leave in folders is no upload; nothing else is ignored by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.ignored_keys import is_ignored, key_patterns
from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.messages import (
    Candidate,
    Ignored,
    Rejected,
    dead_letter_message,
    read_message,
    returned_message,
    text_message,
)
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from tests.domain.examples import UPLOADS, s3_event, source

_UPLOADS = Path(__file__).parents[1] / "fixtures" / "uploads"
_IMAGES = task_type("image_bounding_box")
_TEXTS = task_type("text_single_label_classification")

_LITTER = [
    "._a.jpg",
    "cats/._IMG_0001.jpg",
    "__MACOSX/cats/a.jpg",
    "cats/__MACOSX/._a.jpg",
    "~$a.jpg",
    "cats/~$notes.txt",
    "cats/.DS_Store",
    "Thumbs.db",
    "cats/thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "Desktop.ini",
    "cats_$folder$",
    "a/b_$folder$",
    ".Spotlight-V100/Store-V2/a.jpg",
    ".Trashes/501/a.jpg",
    ".Trash-1000/files/a.jpg",
    ".fseventsd/0000",
    ".TemporaryItems/a.jpg",
    "cats/@eaDir/IMG.jpg/SYNOPHOTO_THUMB_XL.jpg",
    ".~lock.notes.txt#",
    ".goutputstream-ABC123",
    ".nfs000000000001",
    ".fuse_hidden0001",
    ".sync/Archive/a.jpg",
    ".AppleDouble/a.jpg",
    "$RECYCLE.BIN/S-1-5/a.jpg",
    "System Volume Information/a.jpg",
    "cats/Icon\r",
    ".apdisk",
    "cats/.localized",
    ".VolumeIcon.icns",
    "Network Trash Folder/a.jpg",
    "Temporary Items/a.jpg",
    "cats/Thumbs.db:encryptable",
    "RECYCLER/S-1-5/a.jpg",
    "cats/a.jpg:Zone.Identifier",
    "FOUND.000/a.jpg",
    "cats/.directory",
    ".thumbnails/normal/a.jpg",
    "lost+found/a.jpg",
    "#recycle/a.jpg",
    "@Recycle/a.jpg",
    "cats/.@__thumb/a.jpg",
]

_KEPT = [
    "a.jpg",
    ".hidden/a.jpg",
    "_.jpg",
    "a._b.jpg",
    "MACOSX/a.jpg",
    "cats~$a.jpg",
    "DS_Store/a.jpg",
    "thumbs.db.jpg",
    "thumbs/a.jpg",
    "desktop.ini.jpg",
    "sync/a.jpg",
    ".synced/a.jpg",
    "trashes/a.jpg",
    "a_$folder$.jpg",
    "nfs/a.jpg",
    "recycle/a.jpg",
    "found/a.jpg",
    "thumbnails/a.jpg",
    "a.jpg/Zone.Identifier.jpg",
    "localized/a.jpg",
    "a.jpg.crdownload",
    "a.part",
    "a.tmp",
    "eaDir/a.jpg",
    "icon.jpg",
]


@pytest.mark.parametrize("key", _LITTER)
@pytest.mark.parametrize("kind", [_IMAGES, _TEXTS], ids=["images", "texts"])
def test_files_of_an_operating_system_are_ignored(key: str, kind: object) -> None:
    assert is_ignored(key, ())
    upload = source(key)
    for body in (json.dumps(s3_event(upload)), text_message(upload, None)):
        read = read_message(body, upload_bucket=UPLOADS, task_type=kind)  # type: ignore[arg-type]
        assert read == Ignored("ignored_key")


@pytest.mark.parametrize("key", _KEPT)
def test_keys_that_resemble_such_files_are_not_ignored(key: str) -> None:
    assert not is_ignored(key, ())
    read = read_message(json.dumps(s3_event(source(key))), upload_bucket=UPLOADS, task_type=_IMAGES)
    assert not isinstance(read, Ignored)


@pytest.mark.parametrize("name", ["appledouble-event.json", "ds-store-event.json"])
def test_an_event_of_an_ignored_key_makes_no_task_and_no_dead_letter(name: str) -> None:
    body = (_UPLOADS / name).read_text("utf-8")
    read = read_message(body, upload_bucket="up", task_type=_IMAGES)
    assert read == Ignored("ignored_key")


@pytest.mark.parametrize(
    ("pattern", "key", "ignored"),
    [
        ("*.xmp", "cats/a.xmp", True),
        ("*.xmp", "cats/a.XMP", False),
        ("drafts/*", "drafts/2026/a.jpg", True),
        ("drafts/*", "other/drafts/a.jpg", False),
        ("*/drafts/*", "other/drafts/a.jpg", True),
        ("a?.jpg", "ab.jpg", True),
        ("a[0-9].jpg", "a5.jpg", True),
        ("a[0-9].jpg", "ab.jpg", False),
        ("a.jpg", "xa.jpg", False),
    ],
)
def test_patterns_are_of_whole_keys(pattern: str, key: str, ignored: bool) -> None:
    assert is_ignored(key, key_patterns(json.dumps([pattern]))) is ignored


@pytest.mark.parametrize("text", ["{}", "null", '"*"', "[1]", "x"])
def test_a_value_that_is_not_a_list_of_patterns_is_refused(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        key_patterns(text)


@given(st.sampled_from(_LITTER))
def test_a_returned_item_is_never_ignored(key: str) -> None:
    # The ledger knows the item, so its message may not vanish.
    upload = source(key)
    back = returned_message(
        ClaimedItem(upload), run_id="r", attempts=1, reason="not_labeled", detail=""
    )
    letter = dead_letter_message(
        upload, run_id="r", attempts=1, generation=1, reason="not_labeled", detail=""
    )
    for body in (back, letter):
        read = read_message(body, upload_bucket=UPLOADS, task_type=_IMAGES, ignored_keys=("*",))
        assert isinstance(read, Candidate | Rejected)


def test_an_ignored_key_in_another_bucket_is_foreign() -> None:
    body = json.dumps(s3_event(source(".DS_Store", bucket="elsewhere")))
    read = read_message(body, upload_bucket=UPLOADS, task_type=_IMAGES)
    assert isinstance(read, Rejected)
    assert read.reason is Reason.FOREIGN_BUCKET
