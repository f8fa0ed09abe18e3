"""docs/operations.md quotes texts that are in the code, and lists every error."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from labeling_lambdas import errors
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.label_studio import errors as label_studio_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
GAP = "\0"
#: Texts of AWS, which are not in this code.
OF_OTHERS = {"AccessDenied"}


def quoted_texts() -> list[str]:
    """Return the texts in first cells below "Errors by their text", and the causes of failures."""
    part = PAGE[PAGE.index("## Errors by their text") :]
    cells = [line.split(" | ") for line in part.splitlines() if line.startswith("| `")]
    first = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell[0])]
    failures = part[part.index("### How an") : part.index("### What functions say")]
    return first + re.findall(r"^\| `\w+` \| `([^`]+)`", failures, re.MULTILINE)


def python_texts() -> Iterator[str]:
    for folder in ("lambda_src/src", "harness/sandbox/src"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.JoinedStr):
                    parts = (
                        part.value if isinstance(part, ast.Constant) else GAP
                        for part in node.values
                    )
                    yield "".join(map(str, parts))
                elif isinstance(node, ast.ClassDef):
                    yield node.name


def other_texts() -> Iterator[str]:
    for path in [*ROOT.glob("*.tf"), *(ROOT / "modules").rglob("*.tf")]:
        text = path.read_text(encoding="utf-8")
        for message in re.findall(r'error_message\s*= "(.*)"$', text, re.MULTILINE):
            yield re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", GAP, message)
    template = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    for text in re.findall(r'"(?:Error|Cause)": "((?:[^"\\]|\\.)*)"', template):
        yield text.replace('\\"', '"')
    yield from re.findall(r'echo "(.*)" >&2', (ROOT / "Makefile").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [*python_texts(), *other_texts()]


def is_said(quoted: str, texts: list[str]) -> bool:
    parts = quoted.replace("<…>", GAP).split(GAP)
    pattern = re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
    return any(
        pattern.fullmatch(text.removesuffix(".")) or pattern.fullmatch(text) for text in texts
    )


def test_each_quoted_text_is_in_the_code(texts: list[str]) -> None:
    quoted = quoted_texts()
    assert len(quoted) > 60
    assert [text for text in quoted if text not in OF_OTHERS and not is_said(text, texts)] == []


def test_a_quoted_text_that_is_not_in_the_code_is_found(texts: list[str]) -> None:
    assert is_said("run <…> is not in the ledger", texts)
    assert not is_said("run <…> is not in the register", texts)
    assert not is_said("is not in the ledger", texts)


def test_no_error_of_the_functions_is_left_out() -> None:
    named = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert named - {"LabelingError"} - set(quoted_texts()) == set()


def test_no_message_of_an_error_of_the_functions_is_left_out() -> None:
    quoted = set(quoted_texts())
    named = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    found = 0
    for path in (ROOT / "lambda_src" / "src").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or not raises(function, named):
                continue
            for message in messages_in(function):
                found += 1
                assert message.replace(GAP, "<…>") in quoted, f"{path.name}: {message}"
    assert found > 15


def raises(function: ast.FunctionDef, named: set[str]) -> bool:
    return any(
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in named
        for node in ast.walk(function)
    )


def messages_in(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "message":
            if isinstance(node.value, ast.JoinedStr):
                parts = node.value.values
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else GAP for p in parts)
            elif isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_no_message_of_an_error_of_label_studio_is_left_out() -> None:
    quoted = set(quoted_texts())
    named = {name for name, kind in vars(label_studio_errors).items() if isinstance(kind, type)}
    assert named - {"LabelingError", "LabelStudioError"} - quoted == set()
    messages = [
        message
        for path in (ROOT / "lambda_src/src/labeling_lambdas/label_studio").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for message in (*messages_in(function), *given_to(function, named))
    ]
    assert len(messages) >= 14
    assert {message.replace(GAP, "<…>") for message in messages} - quoted == set()


def given_to(function: ast.FunctionDef, named: set[str]) -> Iterator[str]:
    """Return the texts with which errors are made in place."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in named
            and isinstance(node.args[0], ast.JoinedStr)
        ):
            parts = node.args[0].values
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else GAP for p in parts)


def test_every_fail_state_is_listed() -> None:
    template = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    failures = set(re.findall(r'"Error": "(\w+)"', template))
    assert len(failures) >= 4
    assert failures - set(quoted_texts()) == set()


def test_no_cause_of_a_failure_is_left_out() -> None:
    template = (ROOT / "statemachine.asl.json.tftpl").read_text(encoding="utf-8")
    causes = re.findall(r'"Cause": "((?:[^"\\]|\\.)*)"', template)
    assert {cause.replace('\\"', '"') for cause in causes} - set(quoted_texts()) == set()


def test_no_reason_is_left_out() -> None:
    assert {reason.value for reason in Reason} - set(quoted_texts()) == set()


def test_no_precondition_is_left_out(texts: list[str]) -> None:
    conditions = [
        text
        for path in [ROOT / "main.tf", *(ROOT / "modules").rglob("main.tf")]
        for text in re.findall(r'error_message = "(.*)"$', path.read_text(encoding="utf-8"), re.M)
    ]
    assert len(conditions) >= 4
    for condition in conditions:
        begin = re.split(r"\$\{", condition)[0]
        assert any(text.startswith(begin) for text in quoted_texts()), condition
    assert texts


def test_each_alarm_is_explained() -> None:
    source = (ROOT / "modules" / "monitoring" / "main.tf").read_text(encoding="utf-8")
    alarms = set(re.findall(r"^    ([a-z-]+) = \{\n      description", source, re.MULTILINE))
    # The only one of the module label_studio.
    alarms.add("label-studio")
    part = PAGE[PAGE.index("## Alarms") : PAGE.index("## Errors")]
    assert len(alarms) >= 9
    assert set(re.findall(r"^\| `([a-z-]+)` \|", part, re.MULTILINE)) == alarms
