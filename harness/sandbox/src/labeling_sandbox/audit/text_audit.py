"""Check that each text is paid for once, also if its file is uploaded again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeling_sandbox.audit.uploads import Source, Upload


def subjects(uploads: Iterable[Upload]) -> dict[Source, str]:
    """Identify texts as labelers see them: the nth equal text of a file, in any version."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = {}
    for upload in uploads:
        if upload.text is not None:
            seen[upload.key, upload.version_id, upload.text] += 1
            number = seen[upload.key, upload.version_id, upload.text]
            found[upload.source] = f"{upload.key}: {upload.text} ({number})"
    return found


def not_the_newest(
    found: Mapping[Upload, Mapping[str, Any] | None], records: Mapping[str, Mapping[str, str]]
) -> Iterable[str]:
    """Check that the newest record of a line is that of the newest version of its file."""
    versions = {upload.key: upload.version_id for upload in found}
    for upload, row in found.items():
        if upload.text is None or row is None or versions[upload.key] != upload.version_id:
            continue
        if row["item_state"] == "superseded":
            yield f"{upload.uri} is superseded, but no newer version of it was uploaded"
        if row["item_state"] == "stored":
            version = records.get(upload.uri, {}).get("source_version_id", "")
            if version != upload.version_id:
                yield f"the newest record of {upload.uri} is that of version {version}"
