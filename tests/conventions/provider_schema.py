"""Terraform files against a schema of the AWS provider: names, kinds and types.

The schema has the form of `terraform providers schema -json`. It does not contain the values that a
provider accepts, and expressions have no type here, so only literals are compared by type.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conventions.hcl_rules import HclFile, attributes, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).with_name("provider")
STORED_SCHEMA = FOLDER / "aws-6.66.0-schema.json"
DEPRECATIONS = FOLDER / "aws-6-deprecations.toml"

# Terraform's own arguments of a resource.
_META = frozenset({"count", "depends_on", "for_each", "lifecycle", "provider"})
_META |= {"connection", "provisioner"}
_READ = re.compile(
    r"(?<![\w.\"])(?P<data>data\.)?(?P<type>aws_\w+)\.(?P<label>\w+)(?:\[[^\]]*\])?\.(?P<name>\w+)"
)
_LOOP = re.compile(
    r"for (?:\w+, *)?(?P<each>\w+) in (?P<data>data\.)?(?P<type>aws_\w+)\.\w+\s*:(?P<rest>.*)"
)
_WHOLE_RESOURCE = re.compile(r"\$\{(?P<data>data\.)?(?P<type>aws_\w+)\.\w+\}")

_SCALARS = {bool: "bool", float: "number", int: "number", str: "string"}

Block = dict[str, Any]


@dataclass(frozen=True)
class Schema:
    """The schema of one version of a provider.

    Attributes:
        provider: The provider's own block.
        types: Block of each type; a data source's name begins with ``data.``.
    """

    provider: Block
    types: dict[str, Block]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Schema:
        """Return the schema of one provider."""
        types = {name: each["block"] for name, each in raw["resource_schemas"].items()}
        types |= {
            f"data.{name}": each["block"] for name, each in raw["data_source_schemas"].items()
        }
        return cls(raw["provider"]["block"], types)

    @classmethod
    def stored(cls) -> Schema:
        """Read the schema that is kept beside this file."""
        return cls.of(json.loads(STORED_SCHEMA.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Deprecation:
    """An attribute that provider 6 deprecates.

    Attributes:
        type: Resource type, or data source with ``data.`` before it.
        attribute: The attribute, after the blocks that it stands in.
        source: Where the provider says so.
    """

    type: str
    attribute: str
    source: str


def deprecations() -> list[Deprecation]:
    """Read the list of deprecated attributes."""
    listed = tomllib.loads(DEPRECATIONS.read_text(encoding="utf-8"))["deprecated"]
    return [
        Deprecation(each["type"], attribute, each["source"])
        for each in listed
        for attribute in each["attributes"]
    ]


def schema_breaches(file: HclFile, schema: Schema) -> list[str]:
    """Find what a file sets or reads that the provider lacks, or has with another type."""
    breaches = []
    for kind, body in _resources(file):
        if kind not in schema.types:
            breaches.append(f"{kind} is not known")
            continue
        breaches += _block_breaches(kind, body, schema.types[kind])
    for name, body in file.labeled("provider"):
        if name == "aws":
            breaches += _block_breaches("provider aws", body, schema.provider)
    for kind, name in _reads(file):
        known = schema.types.get(kind, {})
        readable = {*known.get("attributes", {}), *known.get("block_types", {})}
        if known and name not in readable:
            breaches.append(f"{kind} has no {name} to read")
    return [f"{file.name}: {breach}" for breach in breaches]


def deprecation_breaches(file: HclFile, listed: list[Deprecation]) -> list[str]:
    """Find what a file sets or reads although provider 6 deprecates it."""
    used = {(kind, path) for kind, body in _resources(file) for path in _paths(body)}
    used |= set(_reads(file))
    return [
        f"{file.name}: {each.type} has a deprecated {each.attribute} ({each.source})"
        for each in listed
        if (each.type, each.attribute) in used
    ]


def _resources(file: HclFile) -> Iterator[tuple[str, Block]]:
    for kind, _, body in file.resources():
        if kind.startswith("aws_"):
            yield kind, body
    for kind, _, body in file.resources("data"):
        if kind.startswith("aws_"):
            yield f"data.{kind}", body


def _reads(file: HclFile) -> Iterator[tuple[str, str]]:
    """Yield what the file's expressions read of a resource, as (type, attribute)."""
    text = "\n".join(line.partition("# ")[0] for line in file.text.splitlines())
    for match in _READ.finditer(text):
        yield (match["data"] or "") + match["type"], match["name"]
    for match in _LOOP.finditer(text):
        for name in re.findall(rf"\b{match['each']}\.(\w+)", match["rest"]):
            yield (match["data"] or "") + match["type"], name
    for _, body in _resources(file):
        whole = _WHOLE_RESOURCE.fullmatch(str(body.get("for_each", "")))
        for name in re.findall(r"\beach\.value\.(\w+)", str(body)) if whole else []:
            assert whole is not None
            yield (whole["data"] or "") + whole["type"], name


def _children(body: Block) -> Iterator[tuple[str, Any]]:
    """Yield what a block sets, dynamic blocks as if they were written out."""
    for name in attributes(body):
        if name in _META:
            continue
        if name != "dynamic":
            yield name, body[name]
            continue
        for dynamic in body["dynamic"]:
            for label in attributes(dynamic):
                yield unquoted(label), dynamic[label]["content"]


def _is_block(value: object) -> bool:
    return isinstance(value, list) and any(
        isinstance(each, dict) and "__is_block__" in each for each in value
    )


def _paths(body: Block, before: str = "") -> Iterator[str]:
    for name, value in _children(body):
        yield before + name
        if _is_block(value):
            for each in value:
                yield from _paths(each, f"{before}{name}.")


def _block_breaches(place: str, body: Block, block: Block) -> Iterator[str]:
    known, nested = block.get("attributes", {}), block.get("block_types", {})
    set_here = set()
    for name, value in _children(body):
        set_here.add(name)
        if name in nested:
            if not _is_block(value):
                yield f"{place}: {name} is a block"
                continue
            for each in value:
                yield from _block_breaches(f"{place}: {name}", each, nested[name]["block"])
        elif name not in known:
            yield f"{place}: {name} is not known"
        elif _is_block(value):
            yield f"{place}: {name} is no block"
        else:
            yield from _attribute_breaches(place, name, value, known[name])
    needed = {name for name, each in known.items() if each.get("required")}
    needed |= {name for name, each in nested.items() if each.get("min_items")}
    for name in sorted(needed - set_here):
        yield f"{place}: {name} is required"


def _attribute_breaches(place: str, name: str, value: object, known: Block) -> Iterator[str]:
    if not (known.get("required") or known.get("optional")):
        yield f"{place}: {name} can only be read"
    if "type" in known and not _fits(value, known["type"]):
        yield f"{place}: {name} is no {json.dumps(known['type'])}"


def _fits(value: object, wanted: Any) -> bool:
    """Tell whether a value may be of a type; an expression may be of any."""
    if value is None or wanted == "dynamic" or str(value).startswith("${"):
        return True
    if isinstance(wanted, str):
        return wanted == _SCALARS.get(type(value))
    kind, inner = wanted
    if kind == "object":
        return isinstance(value, dict)
    if kind == "map":
        return isinstance(value, dict) and all(
            _fits(value[key], inner) for key in attributes(value)
        )
    return isinstance(value, list) and all(_fits(each, inner) for each in value)
