"""The plan of every example, all of them at once."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

from labeling_deployment.module import ROOT, copy_module
from labeling_deployment.plan_endpoint import ACCOUNT
from labeling_deployment.planned import Planned
from labeling_deployment.plans import FIRST_REGION, kept
from labeling_deployment.terraform import planning_terraform

EXAMPLES = ROOT / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/main.tf"))
VARIABLE_FILES = sorted(path.name for path in EXAMPLES.glob("tfvars/*.tfvars"))

#: The example that calls no pipeline, and what it is planned with.
LABEL_STUDIO = "label-studio-on-ecs"
LABEL_STUDIO_INPUTS: dict[str, Any] = {
    "admin_email": "admin@example.com",
    "domain_name": "label-studio.example.com",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "oidc": {
        "authorization_endpoint": "https://login.example.com/authorize",
        "client_id": "label-studio",
        "issuer": "https://login.example.com",
        "token_endpoint": "https://login.example.com/token",
        "user_info_endpoint": "https://login.example.com/userinfo",
    },
    "oidc_client_secret": "known-to-the-identity-provider",
    "people": {"cidr_blocks": ["0.0.0.0/0"], "subnet_ids": ["subnet-1", "subnet-2"]},
    "private_subnet_ids": ["subnet-3", "subnet-4"],
    "upload_bucket": {
        "kms_key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
        "name": "digits-upload",
    },
    "vpc_id": "vpc-0123456789abcdef0",
}
#: Inputs of the folders, but of those that need a work team only.
_INPUTS: dict[str, dict[str, Any]] = {
    "label-studio-existing": {
        "functions_vpc": {"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-3"]},
        "label_studio": {
            "reader_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/label-studio"],
            "token_secret_arn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-AbCdEf",
            "url": "https://label-studio.example.com",
        },
    },
    "label-studio-and-pipeline": {
        name: value for name, value in LABEL_STUDIO_INPUTS.items() if name != "upload_bucket"
    },
    LABEL_STUDIO: LABEL_STUDIO_INPUTS,
}
_WORKTEAM = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/my-team"


def planned_example(name: str) -> Planned:
    """Return the plan of a folder or of a variable file. It is kept from one run to the next."""
    return Planned({"planned_values": {"root_module": _modules()[f"module.{_label(name)}"]}})


def arguments(inputs: dict[str, Any]) -> str:
    """Write inputs as the arguments of a module block."""
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in inputs.items())


def module_call(name: str, source: str, text: str) -> str:
    """Write a module block."""
    return f'module "{_label(name)}" {{\n  source = "./{source}"\n{text}\n}}\n'


def _label(name: str) -> str:
    return name.replace(".", "-")


@functools.cache
def _modules() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "labeling").mkdir()
        module = copy_module(root / "labeling")
        calls = [
            module_call(
                name,
                f"labeling/examples/{name}",
                arguments(_INPUTS.get(name, {"workteam_arn": _WORKTEAM})),
            )
            for name in FOLDERS
        ]
        # What a variable file sets is written as the arguments of a module block are.
        calls += [
            module_call(name, "labeling", (module / "examples/tfvars" / name).read_text("utf-8"))
            for name in VARIABLE_FILES
        ]
        (root / "main.tf").write_text("\n".join(calls), encoding="utf-8")
        shown = json.loads(kept(root, FIRST_REGION, lambda: json.dumps(_plan(root))))
    return {each["address"]: each for each in shown["root_module"]["child_modules"]}


def _plan(root: Path) -> Any:
    with planning_terraform(root) as terraform:
        return terraform.plan(output=True)["planned_values"]
