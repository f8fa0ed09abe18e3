"""Each distribution declares what its modules import, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conventions.sources import ROOT, is_ours
from tools import check_release

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTIONS = sorted(check_release.distributions())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _described(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def declared(folder: Path) -> set[str]:
    """Return the names of the distributions that a pyproject.toml declares."""
    project = _described(folder)["project"]
    optional = project.get("optional-dependencies", {}).values()
    found = [*project["dependencies"], *chain.from_iterable(optional)]
    names = {_normal(re.split(r"[\s<>=!~\[;]", one)[0]) for one in found}
    # An optional dependency can be another one of the same distribution.
    return names - {_normal(project["name"])}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        yield from _imports(node)


def imported(folder: Path) -> set[str]:
    """Return the names of the distributions that the modules of a folder import when they run."""
    providers = packages_distributions()
    wheel = _described(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]
    own = {Path(name).name for name in wheel["packages"]}
    found = set()
    for path in (folder / "src").rglob("*.py"):
        for module in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            top = module.partition(".")[0]
            if top not in own and top not in sys.stdlib_module_names:
                found |= {_normal(name) for name in providers.get(top, [top])}
    return found


def test_every_package_is_checked() -> None:
    packages = {path.parent.parent for path in ROOT.glob("**/src/*/__init__.py")}
    shown = {path.parent.relative_to(ROOT).as_posix() for path in packages}
    assert {name for name in shown if is_ours(Path(name))} == set(DISTRIBUTIONS)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_distribution_declares_what_it_imports(name: str) -> None:
    if name == "lambda_src":
        # The Lambda runtime brings boto3; test_repository holds that nothing is declared.
        assert imported(ROOT / name) <= {"boto3", "botocore"}
        return
    assert imported(ROOT / name) == declared(ROOT / name)


def test_an_undeclared_import_is_found(tmp_path: Path) -> None:
    package = tmp_path / "src" / "example"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import json\nfrom typing import TYPE_CHECKING\nimport boto3\n"
        "if TYPE_CHECKING:\n    import moto\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "example"\ndependencies = ["Typer>=0.12"]\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/example"]\n'
    )
    assert imported(tmp_path) == {"boto3"}
    assert declared(tmp_path) == {"typer"}
