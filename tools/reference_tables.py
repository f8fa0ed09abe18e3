"""Write docs/reference.md from variables*.tf and outputs.tf.

Run from the repository: ``python -m tools.reference_tables``, with ``--check`` to compare only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import hcl2
from hcl2.utils import SerializationOptions

from tools.marked_sections import table, write_or_check

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"
MEND = "make docs"

_AS_WRITTEN = SerializationOptions(
    with_comments=False, explicit_blocks=False, strip_string_quotes=True
)
_HEREDOC = re.compile(r"<<-?(\w+)\n(?P<text>.*?)\n?\s*\1", re.DOTALL)
_INTERPOLATION = re.compile(r"\$\{.*?\}(?=[^}]|$)")
_SCALARS = frozenset({"bool", "number", "string"})


@dataclass(frozen=True)
class Input:
    """One variable of the module.

    Attributes:
        name: Its name.
        kind: Its type in a word or two.
        default: Its default as Terraform writes it; None where a value has to be given.
        summary: The first paragraph of its description.
        attributes: The rest of its description: a Markdown list of an object's attributes.
        rules: What its validations say, with an ellipsis for what is known only at plan.
    """

    name: str
    kind: str
    default: str | None
    summary: str
    attributes: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """One output of the module.

    Attributes:
        name: Its name.
        summary: Its description.
    """

    name: str
    summary: str


def inputs(text: str) -> list[Input]:
    """Read the variables of Terraform files.

    Args:
        text: The text of the files.

    Returns:
        The variables by name.
    """
    declared = sorted(_blocks(text, "variable"), key=itemgetter(0))
    return [_input(name, body) for name, body in declared]


def outputs(text: str) -> list[Output]:
    """Read the outputs of a Terraform file.

    Args:
        text: The file's text.

    Returns:
        The outputs in the file's order.
    """
    return [Output(name, _described(body)[0]) for name, body in _blocks(text, "output")]


def sections(variables_text: str, outputs_text: str) -> dict[str, str]:
    """Write the generated parts of docs/reference.md.

    Args:
        variables_text: The text of every variables*.tf.
        outputs_text: The text of outputs.tf.

    Returns:
        Markdown by the section's name.
    """
    declared = inputs(variables_text)
    return {
        "inputs": table(
            ("Input", "Type", "Default", "What it is"),
            [
                (_linked(each), f"`{each.kind}`", _shown_default(each), _in_a_cell(each.summary))
                for each in declared
            ],
        ),
        "attributes": "\n\n".join(
            f"### {each.name}\n\n{each.attributes}" for each in declared if each.attributes
        ),
        "rules": table(
            ("Input", "Refused at plan with"),
            [
                (f"`{each.name}`", "<br>".join(_in_a_cell(rule) for rule in each.rules))
                for each in declared
                if each.rules
            ],
        ),
        "outputs": table(
            ("Output", "What it is"),
            [(f"`{each.name}`", each.summary) for each in outputs(outputs_text)],
        ),
    }


def _input(name: str, body: dict[str, Any]) -> Input:
    summary, attributes = _described(body)
    default = json.dumps(body["default"]) if "default" in body else None
    messages = [each["error_message"] for each in body.get("validation", [])]
    return Input(
        name,
        _kind(str(body["type"])),
        default,
        summary,
        attributes,
        tuple(_INTERPOLATION.sub("…", message) for message in messages),
    )


def _blocks(text: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    parsed = hcl2.loads(text, serialization_options=_AS_WRITTEN)
    return [(name, body) for block in parsed.get(kind, []) for name, body in block.items()]


def _described(body: dict[str, Any]) -> tuple[str, str]:
    text = str(body["description"])
    heredoc = _HEREDOC.fullmatch(text)
    if heredoc is None:
        # Between quotes Terraform escapes what a heredoc does not.
        return text.replace('\\"', '"'), ""
    lines = heredoc["text"].splitlines()
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    summary, _, attributes = "\n".join(line[margin:].rstrip() for line in lines).partition("\n\n")
    return summary.replace("\n", " "), attributes.strip()


def _kind(written: str) -> str:
    kind = written.removeprefix("${").removesuffix("}")
    if kind in _SCALARS:
        return kind
    outer, _, inner = kind.removesuffix(")").partition("(")
    return outer if outer == "object" else f"{outer}({_kind(inner)})"


def _linked(each: Input) -> str:
    return f"[`{each.name}`](#{each.name})" if each.attributes else f"`{each.name}`"


def _shown_default(each: Input) -> str:
    return "required" if each.default is None else f"`{each.default}`"


def _in_a_cell(text: str) -> str:
    # Angle brackets would be taken for HTML.
    return text.replace('\\"', '"').replace("<", "&lt;").replace(">", "&gt;")


def main(arguments: list[str] | None = None) -> int:
    """Write or check docs/reference.md.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(
        description="Write docs/reference.md from the Terraform files."
    )
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    variable_files = sorted(ROOT.glob("variables*.tf"))
    written = sections(
        "\n".join(path.read_text(encoding="utf-8") for path in variable_files),
        (ROOT / "outputs.tf").read_text(encoding="utf-8"),
    )
    return write_or_check(REFERENCE, written, check=options.check, mend=MEND)


if __name__ == "__main__":
    sys.exit(main())
