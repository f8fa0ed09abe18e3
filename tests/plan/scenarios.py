"""Named sets of the module's inputs, planned once and read by many tests."""

from __future__ import annotations

import json
from typing import Any

from labeling_deployment.module import ROOT
from labeling_deployment.module import TASK_TYPES as TASK_TYPES_FILE
from labeling_deployment.plan_endpoint import ACCOUNT

KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
SIGNING = f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0d1234567890abcde"

MINIMAL: dict[str, Any] = {
    "job_name": "digits",
    "task_type": "image_single_label_classification",
    "labels": ["cat", "dog"],
    "workteam_arn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/digits",
}
# With a key that is known at plan, every policy is known at plan.
KEYED = MINIMAL | {"kms_key": {"arn": KEY_ARN}}

TASK_TYPES = sorted(json.loads((ROOT / TASK_TYPES_FILE).read_text(encoding="utf-8"))["task_types"])
# Text that HTML, Liquid, JSON or Terraform would take for its own, if it were not escaped.
UNSAFE_LABELS = [
    "a \"quoted\" 'name'",
    "</crowd-form><script>alert(1)</script>",
    "{{ task.input.taskObject }}",
    "{% raw %}",
    "${path.module} %{ if true }",
    "back\\slash & entity &amp;",
    "Größe 猫 🚗",
]
UNSAFE = KEYED | {
    "labels": UNSAFE_LABELS,
    "label_details": {label: {"description": f"All about {label}"} for label in UNSAFE_LABELS},
    "task": {"title": UNSAFE_LABELS[0] + UNSAFE_LABELS[2] + "<b>"},
    "instructions": {
        "full": "First line\n" + "\n".join(UNSAFE_LABELS),
        "short": "Short\n" + "\n".join(UNSAFE_LABELS),
    },
}

REVIEWERS = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/vendor-crowd/reviewers"
# No value is a default, and none is the same for labelers and reviewers.
TASK_ASKED_FOR: dict[str, Any] = {
    "availability_seconds": 86_400,
    "description": "Say what it is.",
    "keywords": ["animals"],
    "max_concurrent_tasks": 12,
    "time_limit_seconds": 60,
    "title": "Name the animal",
    "workers_per_object": 3,
}
REVIEW_ASKED_FOR: dict[str, Any] = {
    "availability_seconds": 43_200,
    "description": "Say whether it is.",
    "keywords": ["judgements"],
    "max_concurrent_tasks": 7,
    "time_limit_seconds": 90,
    "title": "Judge the name",
    "workers_per_object": 5,
}
SCENARIOS: dict[str, dict[str, Any]] = {
    "default": MINIMAL,
    "own_key": KEYED,
    "own_role": KEYED | {"ground_truth_role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/labeling"}},
    "enterprise": KEYED
    | {
        "iam": {
            "path": "/labeling/",
            "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        },
        "administrator_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/platform"],
        "upload_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/cameras"],
        "feature_group": {
            "maintenance_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/compactor"],
        },
        "reader_principal_arns": ["arn:aws:iam::210987654321:role/analysis"],
    },
    "mixed_case": KEYED | {"feature_group": {"name": "Digits-Records"}},
    "lifted_denials": KEYED | {"lift_writer_denials": True},
    "locked_down": KEYED
    | {
        "access_logs": {"bucket_name": "my-logs"},
        "lambda_package": {"s3_bucket": "my-files", "s3_key": "signed/labeling_lambdas.zip"},
        "functions": {
            "code_signing_config_arn": SIGNING,
            "layer_arns": [
                "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"
            ],
            "reserved_concurrency": {"job_state_change": 5, "poll_queue": 1},
            "tracing_enabled": True,
            "vpc": {"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-1", "subnet-2"]},
        },
    },
    "asked_for": KEYED
    | {
        "dashboard": {"answer_price": 0.25},
        "task": TASK_ASKED_FOR,
        "verification": {"workteam_arn": REVIEWERS, **REVIEW_ASKED_FOR},
    },
    "online_store": KEYED | {"feature_group": {"online_store_enabled": True}},
    "overrides": {name: value for name, value in KEYED.items() if name != "labels"}
    | {
        "categories_s3_uri": "s3://my-files/categories.json",
        "template_s3_uri": "s3://my-files/templates/mine.liquid.html",
        "lambda_package": {"s3_bucket": "my-files", "s3_key": "labeling_lambdas.zip"},
    },
    "text": KEYED | {"task_type": "text_single_label_classification"},
    "extra_features": KEYED
    | {"extra_features": {"weather": "capture.weather"}, "ignored_keys": ["*.xmp", "drafts/*"]},
    "longest_names": KEYED
    | {
        "job_name": "abcdefghijklmnopqrstuvwx",
        "workteam_arn": f"arn:aws:sagemaker:ap-southeast-1:{ACCOUNT}:workteam/private-crowd/digits",
    },
}
#: Without a work team, in a region in which Ground Truth has no functions.
LABEL_STUDIO_REGION = "eu-north-1"
TOKEN_KEY = f"arn:aws:kms:{LABEL_STUDIO_REGION}:{ACCOUNT}:key/99999999-8888-7777-6666-555555555555"
LABEL_STUDIO: dict[str, Any] = {
    "token_secret_arn": (
        f"arn:aws:secretsmanager:{LABEL_STUDIO_REGION}:{ACCOUNT}:secret:label-studio/token-AbCdEf"
    ),
    "url": "https://label-studio.example.com",
}
IN_LABEL_STUDIO: dict[str, Any] = {
    "job_name": "digits",
    "task_type": "image_single_label_classification",
    "labels": ["cat", "dog"],
    "engine": "label_studio",
    "label_studio": LABEL_STUDIO,
    "kms_key": {"arn": KEY_ARN.replace("us-east-1", LABEL_STUDIO_REGION)},
}
#: Both engines, with which an operator switches.
BOTH_ENGINES = KEYED | {
    "label_studio": {
        "token_secret_arn": LABEL_STUDIO["token_secret_arn"].replace("eu-north-1", "us-east-1"),
        "url": "https://label-studio.example.com:8443",
        "interval_minutes": 5,
        "reader_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/label-studio-task"],
        "token_secret_kms_key_arn": TOKEN_KEY.replace("eu-north-1", "us-east-1"),
    }
}
SCENARIOS |= {
    "label_studio": IN_LABEL_STUDIO,
    "label_studio verified": IN_LABEL_STUDIO
    | {
        "task_type": "text_single_label_classification",
        "instructions": {"full": "What is it?", "short": "Look."},
        "dashboard": {"answer_price": 0.25},
        "verification": {"instructions": {"full": "Is it?"}, "workers_per_object": 2},
        "task": {"availability_seconds": 86_400, "workers_per_object": 3},
    },
    "label_studio labels": IN_LABEL_STUDIO | {"labels": ["dog", "cat"]},
    "label_studio longest_names": IN_LABEL_STUDIO
    | {
        "job_name": "abcdefghijklmnopqrstuvwx",
        "label_studio": {
            "token_secret_arn": LABEL_STUDIO["token_secret_arn"].replace(
                "eu-north-1", "ap-southeast-1"
            ),
            "url": "https://label-studio.example.com",
        },
    },
    "both engines": BOTH_ENGINES | {"verification": {"workteam_arn": REVIEWERS}},
    "switched": BOTH_ENGINES
    | {"engine": "label_studio", "verification": {"workteam_arn": REVIEWERS}},
}
# What reviewers are told; escaped like what workers are told.
UNSAFE_CATEGORIES = ["Correct </script>", *UNSAFE_LABELS[:4]]
UNSAFE_VERIFICATION = {
    "workteam_arn": REVIEWERS,
    "categories": UNSAFE_CATEGORIES,
    "title": f"Verify: {UNSAFE_LABELS[0]}{UNSAFE_LABELS[2]}<b>",
    "instructions": {
        "full": "Look twice\n" + "\n".join(UNSAFE_LABELS),
        "short": "Look\n" + "\n".join(UNSAFE_LABELS),
    },
}
SCENARIOS |= {
    f"verified {task_type}": KEYED
    | {"task_type": task_type, "verification": {"workteam_arn": REVIEWERS}}
    for task_type in TASK_TYPES
}
SCENARIOS |= {
    f"unsafe verified {task_type}": UNSAFE
    | {"task_type": task_type, "verification": UNSAFE_VERIFICATION}
    for task_type in TASK_TYPES
}
SCENARIOS |= {
    "verified own_role": SCENARIOS["own_role"] | {"verification": {"workteam_arn": REVIEWERS}},
    "verified longest_names": SCENARIOS["longest_names"]
    | {
        "verification": {
            "workteam_arn": f"arn:aws:sagemaker:ap-southeast-1:{ACCOUNT}:workteam/vendor-crowd/all"
        }
    },
    # Labels and reviewers' files of the caller; only the names that the module needs are known.
    "verified overrides": SCENARIOS["overrides"]
    | {
        "task_type": "image_bounding_box",
        "verification": {
            "workteam_arn": REVIEWERS,
            "accepted_category": "Fine",
            "categories_s3_uri": "s3://my-files/judgements.json",
            "template_s3_uri": "s3://my-files/templates/judge.liquid.html",
            "sample_percent": 12.5,
        },
    },
}
SCENARIOS["unsafe verified named_entity_recognition"]["label_details"] = {
    label: {"description": f"All about {label}", "short_display_name": label[:4].strip()}
    for label in UNSAFE_LABELS
}
REGIONS = {
    "longest_names": "ap-southeast-1",
    "verified longest_names": "ap-southeast-1",
    "label_studio longest_names": "ap-southeast-1",
    "label_studio": LABEL_STUDIO_REGION,
    "label_studio labels": LABEL_STUDIO_REGION,
    "label_studio verified": LABEL_STUDIO_REGION,
}
