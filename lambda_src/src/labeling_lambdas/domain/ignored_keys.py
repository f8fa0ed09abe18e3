"""Object keys that are not uploads: files that operating systems and file servers create."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Files and folders, by a part of the key in lower case. Programs create them, and they never
#: contain anything to label: resource forks and folder views of macOS, thumbnails and folder views
#: of Windows, recycle bins, indexes of file servers, folder markers of Hadoop, locks and partially
#: written files of office programs and desktops. Unfinished downloads are not included, because a
#: user wanted the file.
_LITTER = re.compile(
    r"\._.*|__macosx|\.ds_store|\.appledouble|\.lsoverride|icon\r"
    r"|\.spotlight-v100|\.trashes|\.fseventsd|\.temporaryitems|\.documentrevisions-v100"
    r"|\.apdisk|\.localized|\.volumeicon\.icns|network trash folder|temporary items"
    r"|thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|system volume information"
    r"|\$recycle\.bin|recycler|.*:zone\.identifier|found\.\d{3}|\.directory|\.thumbnails|lost\+found"
    r"|~\$.*|\.~lock\..*\#|\.goutputstream-.*|\.trash-\d+|\.nfs[0-9a-f]+|\.fuse_hidden.*"
    r"|@eadir|\#recycle|@recycle|\.@__thumb|\.sync|.*_\$folder\$"
)


def key_patterns(text: str) -> tuple[str, ...]:
    """Read the operator's patterns as Terraform wrote them.

    Raises:
        ValueError: If they are not JSON.
        TypeError: If they are not a list of strings.
    """
    patterns = json.loads(text)
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        message = "must be a list of patterns"
        raise TypeError(message)
    return tuple(patterns)


def is_ignored(key: str, patterns: Iterable[str]) -> bool:
    """Return whether an object is not an upload.

    Args:
        key: Object key.
        patterns: Patterns of further keys, in which ``*`` and ``?`` also match slashes.
    """
    if any(_LITTER.fullmatch(part) for part in key.lower().split("/")):
        return True
    return any(fnmatchcase(key, pattern) for pattern in patterns)
