"""Record which calls Terraform makes to deploy, change and destroy the module.

Applies the smallest example in the sandbox, changes it, plans and destroys it, and writes the
operations that Terraform called to docs/deployment-calls.json. It takes some minutes:
``python -m tools.record_deployment``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from labeling_deployment.module import copy_module
from labeling_sandbox.iam import calls
from labeling_sandbox.server import Sandbox
from labeling_sandbox.terraform.runner import Terraform

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "deployment-calls.json"

_DELETABLE = {"force_destroy": True, "kms_deletion_window_days": 7}
#: What a later apply changes: other resources, and new values for those that stay.
_CHANGES = {
    "alarms": {"dead_letter_threshold": 5},
    "dashboard": {},
    "log_retention_days": 30,
    "max_attempts": 2,
    "queue": {"message_retention_seconds": 604800},
    "reader_principal_arns": ["arn:aws:iam::123456789012:role/training"],
    "schedule": {"enabled": False},
    "tags": {"team": "labels"},
}


def recorded_calls() -> list[list[str]]:
    """Tell what the administrator, who is Terraform here, has called.

    Returns:
        Services and operations, sorted.
    """
    return sorted(
        [entry["service"], entry["operation"]]
        for entry in calls.entries()
        if entry["caller"] == calls.ADMINISTRATOR
    )


def record() -> list[list[str]]:
    """Deploy, change and destroy the module in a sandbox of its own.

    Returns:
        Services and operations, sorted.
    """
    with tempfile.TemporaryDirectory() as folder, Sandbox(port=0) as sandbox:
        module = Path(folder) / "module"
        module.mkdir()
        copy_module(module)
        files = [module / "examples" / "tfvars" / "minimal.tfvars"]
        terraform = Terraform(module, Path(folder) / "work", sandbox.environment(), progress=print)
        terraform.init()
        calls.reset()
        terraform.apply(files, _DELETABLE)
        terraform.apply(files, _DELETABLE | _CHANGES)
        terraform.plan(files, _DELETABLE | _CHANGES)
        terraform.destroy(files, _DELETABLE | _CHANGES)
        return recorded_calls()


def main() -> int:
    """Write the record.

    Returns:
        The exit status.
    """
    found = record()
    lines = ",\n".join(f"  {json.dumps(call)}" for call in found)
    RECORD.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{RECORD}: {len(found)} operations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
