"""Annotations as lines of an output manifest, in the shape that Ground Truth writes.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.consensus import Review, consensus
from labeling_lambdas.domain.label_studio import answer_contents, masks, palette_png
from labeling_lambdas.domain.label_studio.agreement import agreed, plurality, share
from labeling_lambdas.domain.label_studio.answers import Answers, UnusableAnswerError, counted
from labeling_lambdas.domain.label_studio.boxes import Box, agreed_boxes
from labeling_lambdas.domain.label_studio.controls import CONTROLS
from labeling_lambdas.domain.label_studio.palette_png import Palette
from labeling_lambdas.domain.label_studio.pictures import PictureSize
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from labeling_lambdas.domain.label_studio.answers import Answer
    from labeling_lambdas.domain.task_types import TaskType
    from labeling_lambdas.domain.verification_settings import Verification

_MOMENT = "%Y-%m-%dT%H:%M:%S.%f"
_COLOUR = 3

_EXPIRED = (
    "ClientError: Annotation tasks expired. {given} of {people} answered, {skipped} declined."
)
_UNUSABLE = "ClientError: The answer cannot be used: {problem}."


class LabelingProject(NamedTuple):
    """The project of one labeling job.

    Attributes:
        job_name: The job.
        task_type: The task type.
        attribute: Label attribute name.
        labels: The classes, in order.
        people: How many people each object is shown to.
        masks_uri: ``s3://`` URI of the folder for masks, without a slash at its end.
    """

    job_name: str
    task_type: TaskType
    attribute: str
    labels: tuple[str, ...]
    people: int
    masks_uri: str = ""

    @property
    def needs_pictures(self) -> bool:
        """Whether `labeled_line` needs the sizes of the pictures."""
        return self.task_type.name in ("image_bounding_box", "image_semantic_segmentation")


@dataclass(frozen=True, slots=True)
class ConvertedLine:
    """A line of the output manifest.

    Attributes:
        line: The line.
        mask: The PNG file that belongs at the label's address; None for labels that are no files.
    """

    line: dict[str, Any]
    mask: bytes | None = field(default=None, repr=False)


@dataclass(eq=False, repr=False)
class _Object:
    """One object with its answers."""

    project: LabelingProject
    line: Mapping[str, Any]
    given: tuple[Answer, ...]
    picture: PictureSize | None

    def read(self, reader: Callable[..., Any], *arguments: object) -> list[Any]:
        """Return what each person answered."""
        project = self.project
        return [
            reader(answer, project.task_type, project.labels, *arguments) for answer in self.given
        ]

    def share(self, votes: float) -> float:
        return share(votes, len(self.given))

    def shown(self) -> PictureSize:
        """Return the size of the picture, as people saw it."""
        drawn_on = answer_contents.drawn_on(self.given)
        if self.picture is None:
            if drawn_on is None:
                message = "nobody drew anything, and the size of the picture cannot be read"
                raise UnusableAnswerError(message)
            return PictureSize(*drawn_on, _COLOUR)
        known = self.picture[:2]
        # A browser may turn a picture for a reason that its header does not state.
        if drawn_on not in (None, known, known[::-1]):
            message = "the picture has another size than the one that was drawn on"
            raise UnusableAnswerError(message)
        return PictureSize(*(drawn_on or known), self.picture.depth)


def labeled_line(
    line: Mapping[str, Any],
    annotations: Iterable[Mapping[str, Any]],
    project: LabelingProject,
    *,
    picture: PictureSize | None = None,
    expired: bool = False,
) -> ConvertedLine:
    """Return the output line of a line of the input manifest.

    Args:
        line: The line.
        annotations: The annotations of its task, as Label Studio returns them; empty for a line
            without a task.
        project: The project.
        picture: The size of the picture, if it is known.
        expired: Whether an object that nobody looked at counts as offered to people, because the
            time for it has passed.

    Returns:
        A line with a label; with the reason why there is none; or the line as it was, if it was not
        offered to people.
    """
    attribute = project.attribute

    def label(found: Answers) -> ConvertedLine:
        return _labeled(_Object(project, line, found.given, picture))

    return _converted(line, annotations, attribute, project.people, expired, label)


def verdict_line(
    line: Mapping[str, Any],
    annotations: Iterable[Mapping[str, Any]],
    verification: Verification,
    *,
    job_name: str,
    people: int,
    expired: bool = False,
) -> ConvertedLine:
    """Return the output line of a line of a verification manifest; see `labeled_line`.

    Args:
        line: The line.
        annotations: The annotations of its task.
        verification: Names the attribute and all categories.
        job_name: The verification job.
        people: How many reviewers each label is shown to.
        expired: Whether the time for it has passed.
    """
    attribute = verification.attribute

    def judge(found: Answers) -> ConvertedLine:
        categories = verification.categories or ()
        reviews = [Review(*answer_contents.judgement(answer, categories)) for answer in found.given]
        details = {"type": "groundtruth/custom"}
        value = consensus(reviews, verification)
        return ConvertedLine(_with_label(line, attribute, value, details, found.given, job_name))

    return _converted(line, annotations, attribute, people, expired, judge)


def _converted(
    line: Mapping[str, Any],
    annotations: Iterable[Mapping[str, Any]],
    attribute: str,
    people: int,
    expired: bool,
    convert: Callable[[Answers], ConvertedLine],
) -> ConvertedLine:
    try:
        found = counted(annotations)
        if len(found.given) >= people:
            return convert(found)
    except UnusableAnswerError as problem:
        return _failed(line, attribute, _UNUSABLE.format(problem=problem))
    if not (found.given or found.skipped or expired):
        return ConvertedLine(dict(line))
    counts = {"given": len(found.given), "people": people, "skipped": found.skipped}
    return _failed(line, attribute, _EXPIRED.format(**counts))


def _failed(line: Mapping[str, Any], attribute: str, reason: str) -> ConvertedLine:
    metadata = {"failure-reason": reason, "human-annotated": "yes"}
    kept = {key: value for key, value in line.items() if key != attribute}
    return ConvertedLine({**kept, f"{attribute}-metadata": metadata})


def _with_label(
    line: Mapping[str, Any],
    attribute: str,
    value: object,
    details: Mapping[str, Any],
    given: Sequence[Answer],
    job_name: str,
) -> dict[str, Any]:
    metadata = {
        **details,
        "job-name": f"labeling-job/{job_name.lower()}",
        "human-annotated": "yes",
        "creation-date": max(answer.given_at for answer in given).strftime(_MOMENT),
    }
    return {**line, attribute: value, f"{attribute}-metadata": metadata}


def _labeled(found: _Object) -> ConvertedLine:
    project = found.project
    value, details, mask = _MERGE[project.task_type.name](found)
    details = {**details, "type": CONTROLS[project.task_type.name].metadata_type}
    line = _with_label(found.line, project.attribute, value, details, found.given, project.job_name)
    return ConvertedLine(line, mask)


_Merged = tuple[Any, dict[str, Any], bytes | None]


def _one_class(found: _Object) -> _Merged:
    category, votes = plurality(
        [next(iter(chosen)) for chosen in found.read(answer_contents.classes)]
    )
    name = found.project.labels[category]
    return category, {"class-name": name, "confidence": found.share(votes)}, None


def _several_classes(found: _Object) -> _Merged:
    votes = agreed(found.read(answer_contents.classes))
    chosen = sorted(votes)
    details = {
        "class-map": _names(found, chosen),
        "confidence-map": {str(index): found.share(votes[index]) for index in chosen},
    }
    return chosen, details, None


def _names(found: _Object, categories: Iterable[int]) -> dict[str, str]:
    return {str(index): found.project.labels[index] for index in sorted(set(categories))}


def _boxes(found: _Object) -> _Merged:
    size = found.shown()
    merged = agreed_boxes(found.read(answer_contents.boxes, (size.width, size.height)))
    value = {
        "image_size": [size._asdict()],
        "annotations": [_rounded(agreement.box, size) for agreement in merged],
    }
    details = {
        "objects": [{"confidence": found.share(agreement.votes)} for agreement in merged],
        "class-map": _names(found, (agreement.box.category for agreement in merged)),
    }
    return value, details, None


def _rounded(box: Box, size: PictureSize) -> dict[str, int]:
    """Return a box in whole pixels, at least one in each direction and all in the picture."""
    left = min(max(round(box.left), 0), size.width - 1)
    top = min(max(round(box.top), 0), size.height - 1)
    right = min(max(round(box.right), left + 1), size.width)
    bottom = min(max(round(box.bottom), top + 1), size.height)
    return {
        "class_id": box.category,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
    }


def _mask(found: _Object) -> _Merged:
    size = found.shown()
    labels = found.project.labels
    merged = masks.agreed_mask(found.read(answer_contents.mask, (size.width, size.height)))
    names = (masks.BACKGROUND, *labels)
    colours = tuple(bytes.fromhex(masks.colour(index)[1:]) for index in range(len(names)))
    picture = palette_png.write(Palette(size.width, size.height, merged.pixels, colours))
    entries = {
        str(index): {
            "class-name": names[index],
            "hex-color": masks.colour(index),
            "confidence": confidence,
        }
        for index, confidence in merged.confidences.items()
    }
    uri = f"{found.project.masks_uri}/{found.line[ITEM_ID_KEY]}.png"
    return uri, {"internal-color-map": entries}, picture


def _spans(found: _Object) -> _Merged:
    labels = found.project.labels
    text = str(found.line[found.project.task_type.manifest_key])
    votes = agreed(found.read(answer_contents.spans, text))
    chosen = sorted(votes)
    entities = [
        {"label": labels[span.category], "startOffset": span.start, "endOffset": span.end}
        for span in chosen
    ]
    value = {"annotations": {"labels": [{"label": name} for name in labels], "entities": entities}}
    return value, {"entities": [{"confidence": found.share(votes[it])} for it in chosen]}, None


_MERGE: Mapping[str, Callable[[_Object], _Merged]] = {
    "image_bounding_box": _boxes,
    "image_multi_label_classification": _several_classes,
    "image_semantic_segmentation": _mask,
    "image_single_label_classification": _one_class,
    "named_entity_recognition": _spans,
    "text_multi_label_classification": _several_classes,
    "text_single_label_classification": _one_class,
}
