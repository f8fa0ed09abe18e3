"""Imports of every package point one way, and none of its modules import each other in a circle."""

from __future__ import annotations

import pytest

from tests.conventions.layers import Sources, circle_in, layer_breaches, sources_of
from tests.conventions.sources import ROOT

#: Of each package its floors, the lowest first: folders, and modules that are in no folder.
FLOORS: dict[str, list[list[str]]] = {
    "lambda_src/src/labeling_lambdas": [
        ["domain", "errors", "lambda_context", "process"],
        ["deadline", "settings", "timestamps"],
        ["aws", "label_studio"],
        ["steps"],
        ["handlers"],
    ],
    "labelctl/src/labelctl": [
        ["connection", "cost", "durations", "permissions"],
        ["error_messages", "ledger", "objects", "run_folders"],
        ["pipeline"],
        ["classify", "dead_letters", "status", "upload_events"],
        ["checkpoint", "doctor", "redrive"],
        ["backfill", "command_line", "export", "screen"],
        [
            "backfill_command",
            "doctor_command",
            "estimate_command",
            "export_command",
            "preview",
            "redrive_command",
            "report",
            "status_command",
            "stopping",
            "tracing",
        ],
        ["cli"],
    ],
    "harness/deployment/src/labeling_deployment": [
        ["module", "plan_endpoint", "planned", "provider_mirror", "provider_process"],
        ["terraform"],
        ["plans"],
        ["deployment"],
    ],
    "harness/in_process_aws/src/in_process_aws": [
        ["buckets", "calls", "feature_rules", "queue_limits", "validation"],
        ["client", "expressions", "queues", "service"],
        ["events", "features", "functions", "s3", "secrets", "sqs", "states", "tables"],
        ["dynamodb", "sagemaker"],
        ["account"],
    ],
    "harness/sandbox/src/labeling_sandbox": [
        ["audit", "base", "terraform"],
        ["iam"],
        ["server"],
        ["functions", "queues", "step_functions", "stores"],
        ["events", "permissions"],
        ["ground_truth"],
        ["label_studio"],
        ["demo"],
        ["cli"],
    ],
    "harness/faults/src/labeling_faults": [
        ["configuration", "label_studio", "simulated_time"],
        ["state_machine"],
        ["functions"],
        ["world"],
        ["histories", "load"],
        ["seeded_bugs"],
        ["suite"],
        ["cli"],
    ],
    "harness/bench/src/labeling_bench": [
        ["cold_start", "pictures", "pipeline", "stored_texts", "tasks", "wire"],
        ["measuring", "pictures_service", "service", "studio_pipeline", "worker"],
        ["export_process", "exports", "limits", "studio"],
        ["plot", "report", "studio_limits"],
        ["export_report", "studio_report"],
        ["page"],
        ["__main__"],
    ],
}
#: Packages without floors, in which only circles are looked for.
WITHOUT_FLOORS = ["tools"]
EXAMPLE: Sources = {
    "example": "",
    "example.rules": "",
    "example.rules.names": "",
    "example.store": "from example.rules.names import Name",
    "example.command": "from example import store",
}
EXAMPLE_FLOORS = [["rules"], ["store"], ["command"]]


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_imports_only_from_lower_floors(package: str) -> None:
    assert list(layer_breaches(sources_of(ROOT / package), FLOORS[package])) == []


@pytest.mark.parametrize("package", [*FLOORS, *WITHOUT_FLOORS])
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    sources = sources_of(ROOT / package)
    assert sources
    assert circle_in(sources) == []


def test_every_package_is_looked_at() -> None:
    packages = [*ROOT.glob("*/src/*/__init__.py"), *ROOT.glob("harness/*/src/*/__init__.py")]
    names = {path.parent.relative_to(ROOT).as_posix() for path in packages}
    assert names <= {*FLOORS, *WITHOUT_FLOORS}
    assert FLOORS.keys() <= names


def test_an_import_of_a_lower_floor_is_allowed() -> None:
    assert list(layer_breaches(EXAMPLE, EXAMPLE_FLOORS)) == []
    assert circle_in(EXAMPLE) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("example.rules.names", "from example import store"),
        ("example.rules.names", "import example.store"),
        ("example.rules.names", "from example.store import put"),
        ("example.rules.names", "def f():\n    import example.command"),
        ("example.rules.names", "from ..store import put"),
        ("example.rules.names", "if TYPE_CHECKING:\n    from example.store import Store"),
        ("example.store", "from example.command import run"),
    ],
)
def test_an_import_of_a_higher_floor_is_found(module: str, source: str) -> None:
    assert len(list(layer_breaches({**EXAMPLE, module: source}, EXAMPLE_FLOORS))) == 1


def test_an_import_of_the_same_floor_is_found() -> None:
    floors = [["rules"], ["store", "command"]]
    (found,) = layer_breaches(EXAMPLE, floors)
    assert found == "example.command imports example.store, which is not on a lower floor"


def test_a_module_without_a_floor_and_a_floor_without_a_module_are_found() -> None:
    floors = [["rules"], ["shelf", "store"]]
    assert "command has no floor" in list(layer_breaches(EXAMPLE, floors))
    assert "shelf does not exist" in list(layer_breaches(EXAMPLE, floors))


def test_a_circle_is_found_also_when_it_is_for_types_only() -> None:
    source = "if TYPE_CHECKING:\n    from example.command import Command"
    circle = circle_in({**EXAMPLE, "example.rules.names": source})
    names = ["example.rules.names", "example.command", "example.store"]
    assert circle == [*names, names[0]]
