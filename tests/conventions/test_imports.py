"""Functions load only what they use when they start, to keep cold starts short."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from labeling_bench.cold_start import handler_modules
from tests.conventions.sources import LAMBDAS

_CODE = (
    "import importlib, json, sys; importlib.import_module({module!r});"
    " print(json.dumps(list(sys.modules)))"
)
#: Modules that only some functions use.
_USERS = {
    "labeling_lambdas.domain.claim_rules": {"poll_queue", "return_items"},
    "labeling_lambdas.domain.messages": {"poll_queue", "return_items", "split_text"},
    "labeling_lambdas.domain.labels": {
        "consolidate_verification",
        "plan_results",
        "prepare_verification",
        "start_verification_job",
    },
    "labeling_lambdas.domain.intake_counts": {"finish_run", "poll_queue"},
    "labeling_lambdas.domain.label_studio.jobs": {"advance_label_studio_jobs"},
    "labeling_lambdas.domain.records": {"plan_results"},
}


def _loaded(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(module=module)],
        check=True,
        capture_output=True,
        cwd=LAMBDAS.parent,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", handler_modules())
def test_a_function_loads_only_modules_that_it_uses(module: str) -> None:
    loaded = _loaded(module)
    assert "labeling_lambdas.handlers.events" not in loaded, "it is for the type checker"
    function = module.rpartition(".")[2]
    needless = {name for name in loaded & _USERS.keys() if function not in _USERS[name]}
    assert not needless


def test_every_listed_use_exists() -> None:
    for name, users in _USERS.items():
        for user in users:
            assert name in _loaded(f"labeling_lambdas.handlers.{user}")
