"""The crowd elements of Ground Truth's pages.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-reference.html
"""

from __future__ import annotations

PREFIX = "crowd-"
FORM = "crowd-form"
SCRIPT = "crowd-html-elements"

#: Elements whose answer is read by their name, and the attribute that lists what workers choose
#: from; empty for elements without a list.
ANSWERING = {
    "crowd-bounding-box": "labels",
    "crowd-checkbox": "",
    "crowd-classifier": "categories",
    "crowd-classifier-multi-select": "categories",
    "crowd-entity-annotation": "labels",
    "crowd-image-classifier": "categories",
    "crowd-image-classifier-multi-select": "categories",
    "crowd-input": "",
    "crowd-instance-segmentation": "labels",
    "crowd-keypoint": "labels",
    "crowd-line": "labels",
    "crowd-polygon": "labels",
    "crowd-polyline": "labels",
    "crowd-radio-button": "",
    "crowd-semantic-segmentation": "labels",
    "crowd-slider": "",
    "crowd-text-area": "",
    "crowd-toggle-button": "",
}
KNOWN = frozenset(ANSWERING) | {
    "crowd-alert",
    "crowd-badge",
    "crowd-button",
    "crowd-card",
    "crowd-fab",
    FORM,
    "crowd-icon-button",
    "crowd-instructions",
    "crowd-modal",
    "crowd-radio-group",
    "crowd-tab",
    "crowd-tabs",
    "crowd-toast",
}
