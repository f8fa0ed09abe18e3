"""What counts as a disagreement, and which of them are explained."""

from __future__ import annotations

import re

import pytest

from tools.referees import executions, ledger, pages, terraform
from tools.referees.judges import JUDGES
from tools.referees.policies import Request, changed, decidable
from tools.referees.verdicts import (
    Disagreement,
    Known,
    Verdict,
    known_disagreements,
    unexplained,
)

FOUND = Disagreement("GetItem of a", "yes", "no")
KNOWN = Known("ledger", "GetItem of .", "The judge is wrong.", "https://docs.aws.amazon.com/a.html")
ROLE = "arn:aws:iam::123456789012:role/digits"
STATEMENT = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
READ = Request(
    {"Version": "2012-10-17", "Statement": [STATEMENT]},
    "s3:GetObject",
    "arn:aws:s3:::bucket/key",
    {"aws:PrincipalArn": ROLE, "aws:SecureTransport": "true"},
    None,
    None,
)


def test_an_explained_disagreement_is_not_left() -> None:
    assert unexplained("ledger", Verdict("1", 2, (FOUND,)), [KNOWN]) == []


@pytest.mark.parametrize(
    ("judge", "case"), [("iam", "GetItem of ."), ("ledger", "GetItem"), ("ledger", "tItem of .")]
)
def test_an_explanation_is_for_one_judge_and_whole_cases(judge: str, case: str) -> None:
    known = Known(judge, case, "", "")
    assert FOUND in unexplained("ledger", Verdict("1", 2, (FOUND,)), [known])


def test_an_explanation_that_nothing_needs_is_left() -> None:
    (left,) = unexplained("ledger", Verdict("1", 2), [KNOWN])
    assert (left.case, left.theirs) == ("GetItem of .", "does not occur: remove it")


def test_every_explanation_names_a_judge_and_a_page_of_aws() -> None:
    entries = known_disagreements()
    assert entries
    for entry in entries:
        assert entry.judge in {judge.name for judge in JUDGES}
        assert entry.page.startswith("https://docs.aws.amazon.com/")
        assert entry.why
        re.compile(entry.case)


def test_names_of_judges_are_unique() -> None:
    names = [judge.name for judge in JUDGES]
    assert len(names) == len(set(names))


def test_a_test_that_terraform_does_not_pass_is_a_disagreement() -> None:
    output = """Warning: something
{"type":"test_run","test_run":{"path":"a.tftest.hcl","run":"one","progress":"starting"}}
{"type":"test_run","test_run":{"path":"a.tftest.hcl","run":"one","progress":"complete","status":"pass"}}
{"type":"test_run","test_run":{"path":"a.tftest.hcl","run":"two","progress":"complete","status":"error"}}
{"type":"test_summary","test_summary":{"status":"error","passed":1,"failed":0,"errored":1}}
"""
    verdict = terraform.verdict_of("1.9.8", output)
    assert verdict == Verdict("1.9.8", 2, (Disagreement("a.tftest.hcl: two", "passes", "error"),))


def test_a_failed_test_of_the_ledger_is_a_disagreement() -> None:
    verdict = ledger.verdict_of("1.25.1", {"a.py::test_one": "", "a.py::test_two": "E assert"})
    assert verdict.cases == 2
    assert verdict.disagreements == (Disagreement("a.py::test_two", "passes", "E assert"),)


def page(template: str) -> dict[str, object]:
    return {"template": template, "input": {"text": "<b>", "list": ["a", "b"]}}


def test_a_page_that_a_browser_reads_otherwise_is_a_disagreement() -> None:
    template = '<p title="{{ task.input.text }}">{{ task.input.text }}</p>'
    (found,) = pages.compared([page(template)], ['<p title="&lt;b&gt;"><b></b></p>'])
    assert "<p title" in found.case


@pytest.mark.parametrize(
    ("template", "theirs"),
    [
        ("<p>{{ task.input.text }}</p>", "<p>&#60;b></p>"),
        ("<p>{{ task.input.text }}\n</p>", "<p>\n  &lt;b&gt; </p>"),
        ('<p title="{{ task.input.list | to_json }}"></p>', '<p title=\'["a","b"]\'></p>'),
    ],
)
def test_a_page_that_a_browser_reads_alike_is_none(template: str, theirs: str) -> None:
    assert pages.compared([page(template)], [theirs]) == []


def test_spaces_count_where_they_are_shown() -> None:
    template = '<p style="white-space: pre-wrap">a  b</p>'
    assert pages.compared([page(template)], [template.replace("  ", " ")])


def played(**changes: object) -> dict[str, object]:
    """An execution whose states A and C are outside of the map B, in which D is."""
    return {
        "test": "a.py::test_one",
        "definition": '{"States": {"A": {}, "B": {}, "C": {}}}',
        "states": ["A", "B", "D", "D", "C"],
        "ending": "SUCCEEDED",
        "output": {"stored": 2},
        "uncalled": [],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"ending": "States.Timeout", "output": None},
        {"output": {"stored": 3}},
        {"states": ["B", "A", "D", "D", "C"]},
        {"states": ["A", "B", "D", "C"]},
        {"uncalled": ["finish_run"]},
    ],
)
def test_an_execution_that_goes_otherwise_is_a_disagreement(changes: dict[str, object]) -> None:
    (found,) = executions.compared([played()], [played(**changes)])
    assert found.case == "a.py::test_one, execution 0"


def test_iterations_of_a_map_have_no_order() -> None:
    theirs = played(states=["A", "B", "D", "C", "D"])
    assert executions.compared([played()], [theirs]) == []


def test_each_part_of_a_request_is_changed() -> None:
    others = list(changed(READ, ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]))
    assert [each.action for each in others if each.action != READ.action] == ["s3:PutObject"]
    assert "arn:aws:s3:::bucket/ke1" in [each.resource for each in others]
    contexts = [each.context for each in others]
    assert {"aws:PrincipalArn": ROLE} in contexts
    assert {"aws:PrincipalArn": ROLE, "aws:SecureTransport": "false"} in contexts
    assert READ not in others


def test_the_simulator_gets_a_policy_where_it_belongs() -> None:
    identity = READ.simulation()
    assert identity["identityPolicies"] == [{"name": "judged", "policy": READ.document}]
    assert "resourcePolicy" not in identity
    assert identity["request"]["principal"] == ROLE
    by_service = Request(READ.document, READ.action, READ.resource, {}, [], "events.amazonaws.com")
    simulation = by_service.simulation()
    assert simulation["resourcePolicy"] == READ.document
    assert simulation["identityPolicies"] == []
    assert simulation["request"]["principal"] == "events.amazonaws.com"


def test_a_grant_to_the_account_is_decided_for_keys_alone() -> None:
    root = ["arn:aws:iam::123456789012:root", ROLE]
    to_account = Request(READ.document, READ.action, READ.resource, READ.context, root, None)
    assert not decidable(to_account)
    key = "arn:aws:kms:us-east-1:123456789012:key/a"
    assert decidable(Request(READ.document, "kms:Decrypt", key, READ.context, root, None))
