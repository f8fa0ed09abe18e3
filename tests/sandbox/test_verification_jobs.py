"""Built-in verification: the lines and template that a job needs, and its output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.ground_truth import image_files
from tests.sandbox import verification
from tests.sandbox.resources import control, make_role, put_policy
from tests.sandbox.verification import JUDGEMENTS, LAMBDAS

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox
    from tests.sandbox.verification import Line

pytestmark = pytest.mark.usefixtures("default_ground_truth")

BUCKET = "verified-labels"
PICTURES = [f"s3://{BUCKET}/upload/{number}.png" for number in range(4)]
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
#: As the developer guide shows both, with dots and with brackets.
BOXES = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><crowd-image-classifier name="crowd-image-classifier"
  src="{{ task.input.taskObject | grant_read_access }}"
  categories="{{ task.input.labels | to_json | escape }}"
  overlay='{"boundingBox": {"value": [{% for box in task.input.manifestLine.boxes.annotations %}
    {% assign label = task.input.manifestLine.boxes-metadata.class-map[class_id] %}
  {% endfor %}]}}'><worker-comment></worker-comment></crowd-image-classifier></crowd-form>"""
MASKS = """<crowd-form><crowd-image-classifier name="crowd-image-classifier"
  overlay='{"semanticSegmentation": {
    "labelMappings": {{ task.input.manifestLine["mask-ref-metadata"]["internal-color-map"] }},
    "src": "{{ task.input.manifestLine["mask-ref"] | grant_read_access }}"}}'>
  </crowd-image-classifier></crowd-form>"""
BOX = {"left": 2, "top": 1, "width": 4, "height": 5}


@pytest.fixture(scope="module", autouse=True)
def bucket(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket=BUCKET)
    picture = image_files.greyscale_png([bytes(16)] * 12)
    for number in range(4):
        verification.put(sandbox, BUCKET, f"upload/{number}.png", picture)


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "verifying", "sagemaker.amazonaws.com")


def boxed(number: int, name: str = "cat", **changes: Any) -> Line:
    """Return a line of a labeling job's output, as in the guide."""
    return {
        "source-ref": PICTURES[number],
        "item-id": f"item-{number}",
        "boxes": {
            "image_size": [{"width": 16, "height": 12, "depth": 1}],
            "annotations": [{"class_id": 1, **BOX}],
        },
        "boxes-metadata": {
            "objects": [{"confidence": 0.9}],
            "class-map": {"1": name},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-01-02T03:04:05.678901",
            "job-name": "labeling-job/first",
        },
        **changes,
    }


def without(line: Line, *keys: str) -> Line:
    return {key: value for key, value in line.items() if key not in keys}


def boxes_request(
    sandbox: Sandbox, role: str, lines: list[Line], template: str = BOXES, **changes: Any
) -> dict[str, Any]:
    functions = {
        "pre": f"{LAMBDAS}:PRE-VerificationBoundingBox",
        "post": f"{LAMBDAS}:ACS-VerificationBoundingBox",
    }
    return verification.request(sandbox, BUCKET, role, lines, template, **{**functions, **changes})


def masks_request(sandbox: Sandbox, role: str, lines: list[Line], **changes: Any) -> dict[str, Any]:
    functions = {
        "pre": f"{LAMBDAS}:PRE-VerificationSemanticSegmentation",
        "post": f"{LAMBDAS}:ACS-VerificationSemanticSegmentation",
    }
    return verification.request(sandbox, BUCKET, role, lines, MASKS, **{**functions, **changes})


def know(sandbox: Sandbox, *numbers: int, **behaviour: Any) -> None:
    """Set the workers' truth: a cat in each picture."""
    truth = {PICTURES[number]: [{"class": "cat", **BOX}] for number in numbers}
    control(sandbox, "POST", "workforce", {"truth": truth, **behaviour})


def test_right_labels_are_accepted_and_wrong_ones_rejected_with_a_comment(
    sandbox: Sandbox, role: str
) -> None:
    know(sandbox, 0, 1, comments=["too loose <é>"])
    given = boxes_request(sandbox, role, [boxed(0), boxed(1, "dog", ticket=7)])
    right, wrong = verification.run(sandbox, given)
    assert right["verdict"] == 0
    metadata = right["verdict-metadata"]
    assert metadata.pop("creation-date").count(":") == 2
    assert metadata == {
        "class-name": "Correct",
        "confidence": 0,
        "type": "groundtruth/label-verification",
        "job-name": f"labeling-job/{given['LabelingJobName']}",
        "human-annotated": "yes",
    }
    assert wrong["verdict"] in (1, 2)
    assert wrong["verdict-metadata"]["class-name"] == JUDGEMENTS[wrong["verdict"]]
    assert wrong["verdict-metadata"]["worker-feedback"] == [{"comment": "too loose <é>"}]
    expected = boxed(1, "dog", ticket=7)
    assert {key: wrong[key] for key in expected} == expected


@pytest.mark.parametrize(
    "change",
    [
        {"left": 3},
        {"class_id": 2},
        None,
    ],
    ids=["misplaced", "misnamed", "missed"],
)
def test_a_label_is_right_only_if_every_box_is(
    sandbox: Sandbox, role: str, change: dict[str, int] | None
) -> None:
    know(sandbox, 0)
    line = boxed(0)
    boxes = [] if change is None else [{"class_id": 1, **BOX, **change}]
    line["boxes"]["annotations"] = boxes
    line["boxes-metadata"]["class-map"]["2"] = "dog"
    (found,) = verification.run(sandbox, boxes_request(sandbox, role, [line]))
    assert found["verdict"] != 0


def test_an_object_without_a_label_fails_alone_and_is_paid_for(sandbox: Sandbox, role: str) -> None:
    know(sandbox, 0, 1, 2, 3)
    failed = {"retry-count": 1, "failure-reason": "ClientError: ...", "human-annotated": "true"}
    lines = [
        boxed(0),
        {**without(boxed(1), "boxes"), "boxes-metadata": failed},
        without(boxed(2), "boxes-metadata"),
        without(boxed(3), "boxes", "boxes-metadata"),
    ]
    given = boxes_request(sandbox, role, lines)
    labeled, *others = verification.run(sandbox, given)
    assert labeled["verdict"] == 0
    for line in others:
        assert "verdict" not in line
        assert line["verdict-metadata"]["failure-reason"].startswith("ClientError")
    job = verification.shown(sandbox, given)
    assert (job["shown"], job["shown_without_label"]) == (4, 3)
    assert job["counters"]["FailedNonRetryableError"] == 3


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("<crowd-form></crowd-form>", "no crowd-image-classifier"),
        (BOXES.replace("crowd-image-classifier", "crowd-classifier"), "no crowd-image-classifier"),
        (BOXES.replace('name="crowd', 'name="other'), "whose name is crowd-image-classifier"),
        (BOXES.replace("manifestLine", "line"), "shows no label of the manifest line"),
        (BOXES.replace("boxes-metadata.", "boxes."), "shows no label of the manifest line"),
        (BOXES.replace("<crowd-form>", "<crowd-form><!--").replace("</crowd-form>", "-->"), "no "),
        (BOXES + MASKS, "shows several labels: boxes, mask-ref"),
    ],
)
def test_a_template_that_does_not_show_the_label_fails_the_job(
    sandbox: Sandbox, role: str, template: str, reason: str
) -> None:
    described = verification.end_of(sandbox, boxes_request(sandbox, role, [boxed(0)], template))
    assert described["LabelingJobStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_a_label_that_the_template_does_not_show_does_not_count(
    sandbox: Sandbox, role: str
) -> None:
    template = BOXES.replace("boxes", "other")
    (line,) = verification.run(sandbox, boxes_request(sandbox, role, [boxed(0)], template))
    assert "no label other" in line["verdict-metadata"]["failure-reason"]


def test_the_attribute_must_differ_from_that_of_the_labels(sandbox: Sandbox, role: str) -> None:
    given = boxes_request(sandbox, role, [boxed(0)], attribute="boxes")
    described = verification.end_of(sandbox, given)
    assert described["LabelingJobStatus"] == "Failed"
    assert "must differ from boxes" in described["FailureReason"]


def test_verdicts_on_masks_do_not_end_in_ref(sandbox: Sandbox, role: str) -> None:
    given = masks_request(sandbox, role, [boxed(0)], attribute="verdict-ref")
    with pytest.raises(ClientError, match="'-ref'"):
        sandbox.client("sagemaker").create_labeling_job(**given)


@pytest.mark.parametrize("suffix", ["ImageMultiClass", "TextMultiClass", "NamedEntityRecognition"])
def test_other_types_have_no_built_in_verification(
    sandbox: Sandbox, role: str, suffix: str
) -> None:
    functions = {
        side: f"{LAMBDAS}:{name}-Verification{suffix}"
        for side, name in (("pre", "PRE"), ("post", "ACS"))
    }
    with pytest.raises(ClientError, match=f"Verification{suffix}"):
        sandbox.client("sagemaker").create_labeling_job(
            **boxes_request(sandbox, role, [boxed(0)], **functions)
        )


def mask(sandbox: Sandbox, number: int, left: int) -> Line:
    """Return a line with a mask of one region, 4 pixels wide and 5 high."""
    rows = [bytearray(16) for _ in range(12)]
    for row in rows[1:6]:
        row[left : left + 4] = bytes([1]) * 4
    colours = [b"\xff\xff\xff", bytes.fromhex("2ca02c")]
    content = image_files.indexed_png(rows, colours)
    return {
        "source-ref": PICTURES[number],
        "item-id": f"item-{number}",
        "mask-ref": verification.put(sandbox, BUCKET, f"masks/{number}.png", content),
        "mask-ref-metadata": {
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0},
                "1": {"class-name": "cat", "hex-color": "#2ca02c", "confidence": 0},
            },
            "type": "groundtruth/semantic-segmentation",
        },
    }


def know_regions(sandbox: Sandbox) -> None:
    truth = {"size": [16, 12], "regions": [{"class": "cat", "box": BOX}]}
    control(sandbox, "POST", "workforce", {"truth": dict.fromkeys(PICTURES, truth)})


def test_masks_are_compared_pixel_by_pixel(sandbox: Sandbox, role: str) -> None:
    know_regions(sandbox)
    right, wrong, colourless = mask(sandbox, 0, 2), mask(sandbox, 1, 3), mask(sandbox, 2, 2)
    del colourless["mask-ref-metadata"]["internal-color-map"]
    nowhere, no_address = mask(sandbox, 3, 2), mask(sandbox, 3, 2)
    nowhere["mask-ref"] += ".bak"
    no_address["mask-ref"] = 7
    given = masks_request(sandbox, role, [right, wrong, colourless, nowhere, no_address])
    first, second, third, *unreadable = verification.run(sandbox, given)
    assert first["verdict"] == 0
    assert second["verdict"] != 0
    assert "internal-color-map" in third["verdict-metadata"]["failure-reason"]
    assert all("failure-reason" in line["verdict-metadata"] for line in unreadable)
    job = verification.shown(sandbox, given)
    assert (job["shown"], job["shown_without_label"]) == (3, 1)


def test_masks_are_read_with_the_role(sandbox: Sandbox) -> None:
    role = make_role(sandbox, "verifying-no-masks", "sagemaker.amazonaws.com")
    refusal = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/masks/*",
    }
    put_policy(sandbox, "verifying-no-masks", EVERYTHING, refusal)
    given = masks_request(sandbox, role, [mask(sandbox, 0, 2)])
    (line,) = verification.run(sandbox, given)
    assert "AccessDenied" in line["verdict-metadata"]["failure-reason"]
    assert verification.shown(sandbox, given)["shown"] == 0


def test_several_reviewers_agree_to_a_share(sandbox: Sandbox, role: str) -> None:
    know(sandbox, 0, 1, 2, 3, reject_right_rate=0.4, seed=1)
    given = boxes_request(sandbox, role, [boxed(number) for number in range(4)], reviewers=5)
    lines = verification.run(sandbox, given)
    opinions = verification.shown(sandbox, given)["opinions"]
    for line in lines:
        votes = opinions[line["item-id"]]
        metadata = line["verdict-metadata"]
        most = max(votes.count(name) for name in votes)
        assert len(votes) == 5
        assert votes.count(metadata["class-name"]) == most
        assert metadata["confidence"] == most / 5
    assert len({name for votes in opinions.values() for name in votes}) > 1


def test_a_fault_can_wait_for_a_job_of_one_stage(sandbox: Sandbox, role: str) -> None:
    planned = control(
        sandbox, "POST", "labeling-jobs/faults", {"next": "job_failed", "name_ends": "-verify"}
    )
    assert planned == {"planned": ["job_failed"]}
    other = boxes_request(sandbox, role, [boxed(0)], LabelingJobName="judged-elsewhere-label")
    assert verification.end_of(sandbox, other)["LabelingJobStatus"] == "Completed"
    meant = boxes_request(sandbox, role, [boxed(0)])
    assert verification.end_of(sandbox, meant)["LabelingJobStatus"] == "Failed"
    later = boxes_request(sandbox, role, [boxed(0)])
    assert verification.end_of(sandbox, later)["LabelingJobStatus"] == "Completed"
