"""docs/sandbox-fidelity.md agrees with its data, and each row has evidence and a test."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import botocore.session
import pytest

from labeling_deployment.module import ROOT
from tools import sandbox_fidelity

if TYPE_CHECKING:
    from tools.sandbox_fidelity import Behaviour

SENTENCE, TEST = "A queue keeps messages.", "tests/sandbox/test_sqs.py::test_messages"
SOURCE = "https://docs.aws.amazon.com/sqs/"


def rows() -> list[Behaviour]:
    return [row for topic in sandbox_fidelity.topics() for row in topic.behaviours]


def written(**keys: str) -> str:
    return "[[behaviour]]\n" + "".join(f'{name} = "{text}"\n' for name, text in keys.items())


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    status = sandbox_fidelity.main(["--check"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert re.search(r"\d+ behaviours: \d+ documented, \d+ assumed", printed.out)


def test_each_row_names_a_test_that_exists() -> None:
    named = {tuple(row.test.split("::")) for row in rows()}
    existing = {
        (path, node.name)
        for path in {path for path, _ in named}
        if (ROOT / path).is_file()
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert named - existing == set()


def test_each_shape_is_in_the_service_model() -> None:
    session = botocore.session.get_session()
    shapes = {row.shape for row in rows() if row.shape is not None}
    assert shapes
    for service, shape in shapes:
        model = session.get_service_model(service)
        assert shape in {*model.shape_names, *model.operation_names}, f"{service}: {shape}"


def test_no_behaviour_is_listed_twice() -> None:
    sentences = [row.behaviour for row in rows()]
    assert len(sentences) == len(set(sentences))


def test_the_readmes_link_the_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "/blob/main/docs/sandbox-fidelity.md\n" in readme
    sandbox = (ROOT / "harness" / "sandbox" / "README.md").read_text(encoding="utf-8")
    assert "](../../docs/sandbox-fidelity.md)" in sandbox


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (written(behaviour=SENTENCE, test=TEST), "either source or assumed"),
        (
            written(behaviour=SENTENCE, test=TEST, source=SOURCE, assumed="So."),
            "either source or assumed",
        ),
        (written(behaviour=SENTENCE, test=TEST, source="the guide"), "source must be a link"),
        (written(behaviour="Keeps messages", test=TEST, source=SOURCE), "must be a sentence"),
        (written(behaviour=SENTENCE, test="test_messages", source=SOURCE), "test must be named"),
        (written(behaviour=SENTENCE, source=SOURCE), "'test'"),
        (written(behaviour=SENTENCE, test=TEST, source=SOURCE, seen="once"), "'seen'"),
        (written(behaviour=SENTENCE, test=TEST, source=SOURCE) + "[others]\n", "others"),
        ('topic = "Queues"\n', "rows"),
        ("behaviour", "queues.toml"),
    ],
)
def test_an_incomplete_row_is_refused(text: str, told: str) -> None:
    with pytest.raises(sandbox_fidelity.FidelityError, match=re.escape(told)) as refusal:
        sandbox_fidelity.topic("queues.toml", text)
    assert str(refusal.value).startswith("queues.toml")


def test_documented_and_assumed_behaviours_are_counted() -> None:
    documented = written(behaviour=SENTENCE, test=TEST, source=SOURCE)
    assumed = written(behaviour="It is quick.", test=TEST, assumed="Nothing waits for it.")
    read = sandbox_fidelity.topic("queue-storage.toml", documented + assumed)
    assert read.name == "Queue storage"
    assert sandbox_fidelity.figures([read, read]) == "4 behaviours: 2 documented, 2 assumed."
