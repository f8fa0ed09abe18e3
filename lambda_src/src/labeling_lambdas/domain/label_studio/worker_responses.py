"""The answers of single people to an object, in the shape in which Ground Truth keeps them.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio import answer_contents, masks, palette_png
from labeling_lambdas.domain.label_studio.answers import UnusableAnswerError, counted
from labeling_lambdas.domain.label_studio.controls import COMMENT, CONTROLS, LABEL, VERDICT
from labeling_lambdas.domain.label_studio.palette_png import Palette
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.task_types import task_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from labeling_lambdas.domain.label_studio.answers import Answer
    from labeling_lambdas.domain.label_studio.jobs import StudioJob
    from labeling_lambdas.domain.task_types import TaskType

_SUB_PIXELS = 2


def has_large_answers(job: StudioJob) -> bool:
    """Return whether a job's answers are pictures, of which few fit in memory."""
    return job.verification is None and CONTROLS[job.task_type].tag == "BrushLabels"


def worker_response(
    job: StudioJob, line: Mapping[str, Any], annotations: Iterable[Mapping[str, Any]], url: str
) -> dict[str, Any] | None:
    """Return the answers to an object that count, or None if there are none.

    An answer that cannot be used has no content.

    Args:
        job: The job.
        line: The object's line of the input manifest.
        annotations: The annotations of its task, as Label Studio returns them.
        url: Address of Label Studio, in which the numbers of people are unique.
    """
    try:
        given = counted(annotations).given
    except UnusableAnswerError:
        return None
    if not given:
        return None
    return {ITEM_ID_KEY: line[ITEM_ID_KEY], "answers": [_one(job, line, it, url) for it in given]}


def _one(job: StudioJob, line: Mapping[str, Any], answer: Answer, url: str) -> dict[str, Any]:
    try:
        content = _content(job, line, answer)
    except UnusableAnswerError:
        content = {}
    identity = {"identityProviderType": "LabelStudio", "issuer": url, "sub": answer.person}
    # When a person began is not known: Label Studio counts the seconds only.
    return {
        "answerContent": content,
        "submissionTime": _written(answer.given_at),
        "timeSpentInSeconds": answer.seconds,
        "workerId": answer.person,
        "workerMetadata": {"identityData": identity},
    }


def _content(job: StudioJob, line: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    if job.verification is not None:
        categories = job.verification.categories or ()
        category, comment = answer_contents.judgement(answer, categories)
        return {VERDICT: {LABEL: category}, **({COMMENT: comment} if comment else {})}
    kind = task_type(job.task_type)
    match CONTROLS[kind.name].tag:
        case "Choices":
            found = _classes(answer, kind, job.labels)
        case "RectangleLabels":
            found = _boxes(answer, kind, job.labels)
        case "BrushLabels":
            found = _mask(answer, kind, job.labels)
        case _:
            text = str(line[kind.manifest_key])
            spans = sorted(answer_contents.spans(answer, kind, job.labels, text))
            found = {
                "entities": [
                    {
                        "endOffset": span.end,
                        "label": job.labels[span.category],
                        "startOffset": span.start,
                    }
                    for span in spans
                ]
            }
    return {LABEL: found}


def _classes(answer: Answer, kind: TaskType, labels: Sequence[str]) -> dict[str, Any]:
    chosen = [labels[index] for index in sorted(answer_contents.classes(answer, kind, labels))]
    return {"labels": chosen} if CONTROLS[kind.name].may_be_empty else {"label": chosen[0]}


def _boxes(answer: Answer, kind: TaskType, labels: Sequence[str]) -> dict[str, Any]:
    size = answer_contents.drawn_on([answer])
    if size is None:
        return {"boundingBoxes": []}
    boxes = [
        {
            "height": round(box.bottom - box.top, _SUB_PIXELS),
            "label": labels[box.category],
            "left": round(box.left, _SUB_PIXELS),
            "top": round(box.top, _SUB_PIXELS),
            "width": round(box.right - box.left, _SUB_PIXELS),
        }
        for box in answer_contents.boxes(answer, kind, labels, size)
    ]
    return {"boundingBoxes": boxes, "inputImageProperties": _size(*size)}


def _mask(answer: Answer, kind: TaskType, labels: Sequence[str]) -> dict[str, Any]:
    size = answer_contents.drawn_on([answer])
    if size is None:
        return {"labelMappings": {}}
    pixels = answer_contents.mask(answer, kind, labels, size)
    colours = tuple(bytes.fromhex(masks.colour(index)[1:]) for index in range(len(labels) + 1))
    picture = palette_png.write(Palette(*size, pixels, colours))
    return {
        "inputImageProperties": _size(*size),
        "labelMappings": {
            name: {"color": masks.colour(index)} for index, name in enumerate(labels, 1)
        },
        "labeledImage": {"pngImageData": base64.b64encode(picture).decode()},
    }


def _size(width: int, height: int) -> dict[str, int]:
    return {"height": height, "width": width}


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
