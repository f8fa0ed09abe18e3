"""The objects that labels are of."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from labelctl.export.stored_files import bucket_and_key
from labeling_lambdas.domain.items import SourceObject

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"(.+)#L(\d+)", re.DOTALL)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SHOWN_LENGTH, _DIGEST_LENGTH = 40, 16


def source_of(fields: Mapping[str, Any], *, texts: bool) -> SourceObject:
    """Return the object that a record is of, or its line, without its size and order.

    Args:
        fields: The record's columns.
        texts: Whether items are texts. The key of an image may end like the address of a line.
    """
    bucket, key = bucket_and_key(str(fields["source_ref"]))
    line = None
    found = _LINE.fullmatch(key) if texts else None
    if found is not None:
        key, line = found[1], int(found[2])
    version_id, etag = fields["source_version_id"], fields.get("source_etag", "")
    return SourceObject(bucket, key, str(version_id), str(etag), 0, "", line)


def file_name(key: str) -> str:
    """Return the name of an object's copy.

    It depends on the key only, no two keys have the same one, and no file system changes it: it
    has the beginning of the object's name and a digest of the key, and the ending in lower case.
    """
    path = PurePosixPath(key)
    shown = _UNSAFE.sub("_", path.stem)[:_SHOWN_LENGTH].strip("_")
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{shown}-{digest}{path.suffix.lower()}"
