"""Reading what records point at: large labels, texts, images and masks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from labelctl.export import choice
from labelctl.export.masks import UnreadableMaskError, write_index_mask
from labelctl.export.parallel import in_parallel
from labelctl.export.sources import source_of
from labelctl.export.stored_files import read_object
from labeling_lambdas.aws.uploads import Uploads
from labeling_lambdas.domain.texts import TextItems, text_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labelctl.connection import Client
    from labelctl.export.examples import Example, TrainingSet
    from labelctl.export.workspace import Chosen
    from labeling_lambdas.domain.items import SourceObject

_MISSING_CODES = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_PROGRESS_EVERY = 100
#: Longer than any text that is labeled.
_MOST_CHARACTERS = 1 << 30


class Files(StrEnum):
    """What becomes of the images."""

    COPY = "copy"
    LINK = "link"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of one training set.

    A repeated start reads only what is not there yet.

    Attributes:
        client: S3.
        training_set: The set.
        files: What becomes of images.
        mirror: Folder with copies of the objects, to which links lead.
        progress: Told from time to time what is done.
    """

    client: Client
    training_set: TrainingSet
    files: Files
    mirror: Path | None
    progress: Callable[[str], None]

    def fetch(self) -> None:
        """Read everything; what is missing is left out of the set.

        Raises:
            ClientError: If something cannot be read that exists.
            OSError: If a file cannot be written.
        """
        self._large_labels()
        if self.training_set.texts:
            self._texts()
        for example in self.training_set.examples():
            reason = self.training_set.layout.reason_against(example.annotation)
            if reason:
                self.training_set.leave_out(example.source.uri, reason)
        if not self.training_set.texts:
            self._images()

    def _large_labels(self) -> None:
        workspace = self.training_set.workspace
        elsewhere = (
            chosen
            for chosen in workspace.chosen(where="written IS NULL")
            if str(chosen.fields["label_json"]).startswith("s3://")
        )
        for chosen, text in in_parallel(self._large_label, elsewhere):
            if text is None:
                workspace.leave_out(chosen.source_ref, "label_missing")
            else:
                workspace.put("written", [(text, chosen.source_ref)])

    def _large_label(self, chosen: Chosen) -> tuple[Chosen, str | None]:
        found = self._read(str(chosen.fields["label_json"]))
        return chosen, None if found is None else found.decode()

    def _texts(self) -> None:
        workspace = self.training_set.workspace
        files = groupby(workspace.chosen(where="content IS NULL"), key=_version)
        groups = ((source, list(lines)) for source, lines in files)
        done = 0
        for refs, pairs in in_parallel(lambda group: self._lines(*group), groups):
            if pairs is None:
                for ref in refs:
                    workspace.leave_out(ref, choice.MISSING)
                continue
            workspace.put("content", pairs)
            for ref in set(refs) - {ref for _, ref in pairs}:
                workspace.leave_out(ref, "text_missing")
            done += len(refs)
            self.progress(f"{done} texts read")

    def _lines(
        self, source: SourceObject, lines: list[Chosen]
    ) -> tuple[list[str], list[tuple[str | None, str]] | None]:
        refs = {source_of(line.fields, texts=True).line: line.source_ref for line in lines}
        try:
            pairs: list[tuple[str | None, str]] = [
                (text, refs[line])
                for line, text in texts_of(self.client, source, whole=None in refs)
                if line in refs
            ]
        except ClientError as error:
            if not is_missing(error):
                raise
            return list(refs.values()), None
        return list(refs.values()), pairs

    def _images(self) -> None:
        total = self.training_set.workspace.count()
        for number, (example, reason) in enumerate(
            in_parallel(self._image, self.training_set.examples()), 1
        ):
            if reason:
                self.training_set.leave_out(example.source.uri, reason)
            if not number % _PROGRESS_EVERY:
                self.progress(f"{number} of {total} images and masks")

    def _image(self, example: Example) -> tuple[Example, str]:
        """Write the mask and the image of an item; return why that is not possible."""
        folder, reason = self.training_set.folder, ""
        if example.mask is not None:
            reason = self._mask(example, folder / example.mask)
        if example.image is None or reason:
            return example, reason
        if self.files is Files.LINK:
            reason = self._link(example, folder / example.image)
        elif not (folder / example.image).exists():
            reason = self._copy(example.source, folder / example.image)
        if reason and example.mask is not None:
            (folder / example.mask).unlink()
        return example, reason

    def _copy(self, source: SourceObject, path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")
        try:
            with unfinished.open("wb") as file:
                for chunk in Uploads(self.client).chunks(source):
                    file.write(chunk)
        except ClientError as error:
            unfinished.unlink()
            if not is_missing(error):
                raise
            return choice.MISSING
        unfinished.replace(path)
        return ""

    def _link(self, example: Example, path: Path) -> str:
        copy = self.mirror / example.source.key if self.mirror else None
        # The size tells a copy of another version, as far as a file without metadata can.
        if copy is None or not copy.is_file() or copy.stat().st_size != example.size:
            return "not_in_mirror"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(copy.resolve())
        return ""

    def _mask(self, example: Example, path: Path) -> str:
        if path.exists():
            return ""
        body = self._read(example.annotation.mask_uri)
        if body is None:
            return "mask_missing"
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")
        try:
            write_index_mask(body, example.annotation.colors, self.training_set.classes, unfinished)
        except UnreadableMaskError:
            return "mask_unreadable"
        unfinished.replace(path)
        return ""

    def _read(self, uri: str) -> bytes | None:
        try:
            return read_object(self.client, uri)
        except ClientError as error:
            if not is_missing(error):
                raise
            return None


def _version(chosen: Chosen) -> SourceObject:
    return source_of(chosen.fields, texts=True).at_line(None)


def texts_of(
    client: Client, source: SourceObject, *, whole: bool
) -> Iterator[tuple[int | None, str]]:
    """Yield the texts of an object with the numbers of their lines.

    Args:
        client: S3.
        source: The version of the object.
        whole: Whether it is one text, whose line is None.

    Raises:
        ClientError: If it cannot be read.
    """
    found = text_items(
        Uploads(client).chunks(source),
        key=source.key,
        items=TextItems.FILE if whole else TextItems.LINE,
        max_characters=_MOST_CHARACTERS,
    )
    return ((item.line, item.content.text) for item in found if item.content is not None)


def is_missing(error: ClientError) -> bool:
    """Return whether a read failed because there is no such object or version."""
    return error.response["Error"]["Code"] in _MISSING_CODES
