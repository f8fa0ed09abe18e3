"""Expectations from AWS's documentation of policy evaluation and condition operators.

Each is stated by a page of the IAM User Guide, and not taken from the evaluator:
reference_policies_evaluation-logic.html (one policy; how policies act together is in
test_authorization.py), reference_policies_elements_condition_operators.html (operators, IfExists,
Null), reference_policies_condition-single-vs-multi-valued-context-keys.html (ForAllValues,
ForAnyValue), reference_policies_elements_notaction.html, ..._notresource.html, ..._principal.html,
..._notprincipal.html and reference_policies_variables.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from labeling_sandbox.iam.policy_evaluation import (
    Decision,
    Principal,
    evaluate,
    judge,
)

ALLOW, DENY, NONE = Decision.ALLOW, Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY
QUEUE = "arn:aws:sqs:us-east-1:123456789012:intake"


def _policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def _allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def _deny(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", **elements}


def _with_condition(operator: str, key: str, wanted: Any, context: dict[str, Any]) -> bool:
    policy = _policy(_allow(Condition={operator: {key: wanted}}))
    return evaluate(policy, "s3:GetObject", "arn:aws:s3:::b/k", context) is ALLOW


@pytest.mark.parametrize("document", [None, "", {}, {"Statement": []}])
def test_request_is_denied_implicitly_when_nothing_applies(document: Any) -> None:
    assert evaluate(document, "s3:GetObject", "*", {}) is NONE


@pytest.mark.parametrize("reverse", [False, True])
def test_explicit_deny_wins_in_either_order(reverse: bool) -> None:
    statements = [_allow(), _deny(Action="s3:Delete*")]
    policy = _policy(*(reversed(statements) if reverse else statements))
    assert evaluate(policy, "s3:DeleteObject", "arn:aws:s3:::b/k", {}) is DENY
    assert evaluate(policy, "s3:GetObject", "arn:aws:s3:::b/k", {}) is ALLOW


def test_deny_with_an_unmet_condition_does_not_apply() -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    policy = _policy(_allow(), _deny(Condition=insecure))
    assert evaluate(policy, "s3:GetObject", "*", {"aws:SecureTransport": "true"}) is ALLOW
    assert evaluate(policy, "s3:GetObject", "*", {"aws:SecureTransport": "false"}) is DENY


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("sqs:SendMessage", "sqs:SendMessage", ALLOW),
        ("SQS:sendmessage", "sqs:SendMessage", ALLOW),
        ("sqs:*", "sqs:SendMessage", ALLOW),
        ("sqs:Send*", "sqs:ReceiveMessage", NONE),
        ("sqs:?endMessage", "sqs:SendMessage", ALLOW),
        ("sqs:SendMessage?", "sqs:SendMessage", NONE),
        ("*", "sqs:SendMessage", ALLOW),
        (["s3:*", "sqs:SendMessage"], "sqs:SendMessage", ALLOW),
    ],
)
def test_action_is_matched_without_case_and_with_wildcards(
    pattern: Any, action: str, expected: Decision
) -> None:
    assert evaluate(_policy(_allow(Action=pattern)), action, QUEUE, {}) is expected


def test_not_action_covers_everything_else() -> None:
    statement = {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}
    assert evaluate(_policy(statement), "s3:GetObject", "*", {}) is ALLOW
    assert evaluate(_policy(statement), "iam:CreateRole", "*", {}) is NONE


def test_not_action_in_a_denial_excludes_the_named_actions_and_allows_none() -> None:
    statement = {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}
    assert evaluate(_policy(_allow(), statement), "s3:PutObject", "*", {}) is DENY
    assert evaluate(_policy(_allow(), statement), "s3:GetObject", "*", {}) is ALLOW
    # "Deny with NotAction does not grant the listed actions."
    assert evaluate(_policy(statement), "s3:GetObject", "*", {}) is NONE


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", ALLOW),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/key", NONE),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b c", ALLOW),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", NONE),
        ("arn:aws:s3:::bucket/runs/?", "arn:aws:s3:::bucket/runs/1", ALLOW),
        ("arn:aws:s3:::bucket/runs/?", "arn:aws:s3:::bucket/runs/12", NONE),
        ("arn:aws:s3:::Bucket", "arn:aws:s3:::bucket", NONE),
        ("arn:aws:sqs:*:123456789012:intake", QUEUE, ALLOW),
        ("arn:aws:s3:::a.c", "arn:aws:s3:::abc", NONE),
        (["arn:aws:s3:::x", QUEUE], QUEUE, ALLOW),
    ],
)
def test_resource_is_matched_with_case_and_wildcards(
    pattern: Any, resource: str, expected: Decision
) -> None:
    assert evaluate(_policy(_allow(Resource=pattern)), "x:Y", resource, {}) is expected


@pytest.mark.parametrize("element", ["Resource", "NotResource"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:sqs:*",
        "arn:*",
        "arn:aws:sqs:us-east-1:123456789012",
        "arn:aws:s*:us-east-1:123456789012:intake",
        "arn:aws:*:us-east-1:123456789012:intake",
        "arn:aws:sq?:us-east-1:123456789012:intake",
        "arn:aws:${aws:PrincipalTag/service}",
        "intake",
        "",
    ],
)
def test_a_resource_that_is_not_a_complete_arn_is_an_error(
    pattern: str, effect: str, element: str
) -> None:
    # "You can't use a wildcard in the service segment"; fewer parts IAM does not take.
    statement = {"Effect": effect, "Action": "sqs:SendMessage", element: pattern}
    with pytest.raises(ValueError, match="resource pattern"):
        evaluate(_policy(statement), "sqs:SendMessage", QUEUE, {})
    with pytest.raises(ValueError, match="resource pattern"):
        evaluate(_policy({**statement, element: [QUEUE, pattern]}), "sqs:SendMessage", QUEUE, {})


def test_a_variable_with_a_colon_is_one_part_of_an_arn() -> None:
    policy = _policy(_allow(Resource="arn:aws:sqs:us-east-1:123456789012:${aws:PrincipalTag/q}"))
    assert evaluate(policy, "x:Y", QUEUE, {"aws:PrincipalTag/q": "intake"}) is ALLOW


def test_not_resource_covers_everything_else() -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::mine/*"}
    policy = _policy(_allow(), statement)
    assert evaluate(policy, "s3:PutObject", "arn:aws:s3:::mine/k", {}) is ALLOW
    assert evaluate(policy, "s3:PutObject", "arn:aws:s3:::other/k", {}) is DENY


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "Abc", "aBC", True),
        ("StringNotEqualsIgnoreCase", "Abc", "aBC", False),
        ("StringLike", "runs/*", "runs/1/x", True),
        ("StringLike", "runs/?", "runs/12", False),
        ("StringLike", "Runs/*", "runs/1", False),
        ("StringNotLike", "runs/*", "other", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10.5", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "10", False),
        ("NumericEquals", "10", "ten", False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", False),
        ("Bool", "true", "True", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        (
            "ArnEquals",
            "arn:aws:events:*:123456789012:rule/x",
            "arn:aws:events:eu-west-1:123456789012:rule/x",
            True,
        ),
        (
            "ArnLike",
            "arn:aws:events:us-east-1:*:rule/*",
            "arn:aws:events:us-east-1:1:rule/a/b",
            True,
        ),
        ("ArnLike", "arn:aws:*", "arn:aws:events:us-east-1:1:rule/a", False),
        ("ArnLike", "arn:aws:events:*:rule/x", "arn:aws:events:us-east-1:1:rule/x", False),
        (
            "ArnNotLike",
            "arn:aws:events:us-east-1:1:rule/*",
            "arn:aws:events:us-east-1:1:rule/a",
            False,
        ),
    ],
)
def test_operator_compares_as_documented(
    operator: str, wanted: Any, value: str, expected: bool
) -> None:
    assert _with_condition(operator, "k", wanted, {"k": value}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("Bool", False),
        ("NumericLessThan", False),
        ("ArnEquals", False),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ArnLikeIfExists", True),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("ArnNotEquals", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_missing_key(operator: str, expected: bool) -> None:
    assert _with_condition(operator, "k", "true", {}) is expected


@pytest.mark.parametrize(
    ("wanted", "context", "expected"),
    [
        ("true", {}, True),
        ("true", {"k": "x"}, False),
        ("false", {"k": "x"}, True),
        ("false", {}, False),
    ],
)
def test_null_tests_whether_the_key_is_absent(
    wanted: str, context: dict[str, str], expected: bool
) -> None:
    assert _with_condition("Null", "k", wanted, context) is expected


@pytest.mark.parametrize("context", [{}, {"k": "x"}])
def test_null_with_both_values_always_holds(context: dict[str, str]) -> None:
    # Values of a key are alternatives, as with every operator.
    assert _with_condition("Null", "k", ["true", "false"], context)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAllValues:StringEquals", [], True),
        ("ForAnyValue:StringEquals", ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAnyValue:StringEquals", [], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("ForAllValues:StringLike", ["a", "b"], True),
    ],
)
def test_set_operators_over_several_values(
    operator: str, values: list[str], expected: bool
) -> None:
    assert _with_condition(operator, "aws:TagKeys", ["a", "b"], {"aws:TagKeys": values}) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        # "If the key is present, evaluate as usual."
        ("StringEqualsIfExists", "b", False),
        ("StringNotEqualsIfExists", "a", False),
        ("BoolIfExists", "false", False),
        ("NumericLessThanIfExists", "3", False),
        ("ForAnyValue:StringEqualsIfExists", ["b", "c"], False),
        ("ForAllValues:StringEqualsIfExists", ["a", "b"], False),
    ],
)
def test_if_exists_does_not_accept_a_wrong_value(operator: str, value: Any, expected: bool) -> None:
    wanted = {"NumericLessThanIfExists": "2", "BoolIfExists": "true"}.get(operator, "a")
    assert _with_condition(operator, "k", wanted, {"k": value}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("ForAllValues:StringEquals", DENY), ("ForAnyValue:StringEquals", ALLOW)],
)
def test_a_denial_with_for_all_values_applies_when_the_key_is_missing(
    operator: str, expected: Decision
) -> None:
    # "ForAllValues returns true if there are no keys in the request": the guide warns of Deny.
    policy = _policy(_allow(), _deny(Condition={operator: {"aws:TagKeys": ["a"]}}))
    assert evaluate(policy, "s3:GetObject", "*", {}) is expected


def test_a_denial_with_a_negated_operator_applies_when_the_key_is_missing() -> None:
    # The reason why each of the module's denials of other keys first tests the header with Null.
    header = "s3:x-amz-server-side-encryption"
    negated = {"StringNotEquals": {header: "aws:kms"}}
    assert evaluate(_policy(_allow(), _deny(Condition=negated)), "s3:PutObject", "*", {}) is DENY
    asked = _policy(_allow(), _deny(Condition={**negated, "Null": {header: "false"}}))
    assert evaluate(asked, "s3:PutObject", "*", {}) is ALLOW
    assert evaluate(asked, "s3:PutObject", "*", {header: "AES256"}) is DENY
    assert evaluate(asked, "s3:PutObject", "*", {header: "aws:kms"}) is ALLOW


def test_the_grants_of_an_evaluation_are_the_statements_that_allow() -> None:
    policy = _policy(
        _allow(Sid="Reads", Action=["s3:Get*", "s3:List*"]),
        _allow(Sid="All", Action="s3:*"),
        _allow(Sid="Queue", Action="sqs:*"),
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    )
    evaluation = judge(policy, "s3:GetObject", "*", {})
    assert evaluation.decision is ALLOW
    assert evaluation.grants == (("Reads", "s3:Get*"), ("All", "s3:*"), ("", "NotAction"))
    denied = judge(_policy(_allow(Sid="All"), _deny()), "s3:GetObject", "*", {})
    assert (denied.decision, denied.grants) == (DENY, ())


def test_every_operator_and_every_key_must_hold() -> None:
    condition = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    policy = _policy(_allow(Condition=condition))
    assert evaluate(policy, "x:Y", "*", {"a": "1", "b": "2", "c": "true"}) is ALLOW
    assert evaluate(policy, "x:Y", "*", {"a": "1", "b": "3", "c": "true"}) is NONE
    assert evaluate(policy, "x:Y", "*", {"a": "1", "b": "2", "c": "false"}) is NONE


def test_key_names_ignore_case_and_boolean_values_are_text() -> None:
    assert _with_condition("Bool", "AWS:securetransport", True, {"aws:SecureTransport": "true"})


def test_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="StringMatches"):
        _with_condition("StringMatches", "k", "x", {"k": "x"})


def test_variables_in_resource_and_condition() -> None:
    policy = _policy(_allow(Resource="arn:aws:s3:::home/${aws:username}/*"))
    mine = {"aws:username": "ann"}
    assert evaluate(policy, "s3:GetObject", "arn:aws:s3:::home/ann/x", mine) is ALLOW
    assert evaluate(policy, "s3:GetObject", "arn:aws:s3:::home/bob/x", mine) is NONE
    assert evaluate(policy, "s3:GetObject", "arn:aws:s3:::home/ann/x", {}) is NONE
    context = {"aws:PrincipalAccount": "1", "aws:ResourceAccount": "1"}
    assert _with_condition(
        "StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}", context
    )


def test_value_of_a_variable_is_not_a_pattern() -> None:
    policy = _policy(_allow(Resource="arn:aws:s3:::home/${aws:username}"))
    assert evaluate(policy, "x:Y", "arn:aws:s3:::home/anyone", {"aws:username": "*"}) is NONE


def test_variable_default_and_escaped_characters() -> None:
    policy = _policy(_allow(Resource="arn:aws:s3:::${aws:PrincipalTag/team, 'shared'}/${*}"))
    assert evaluate(policy, "x:Y", "arn:aws:s3:::shared/*", {}) is ALLOW
    assert evaluate(policy, "x:Y", "arn:aws:s3:::shared/a", {}) is NONE


def test_old_version_takes_a_variable_as_text() -> None:
    policy = _policy(_allow(Resource="arn:aws:s3:::${aws:username}"), version="2008-10-17")
    assert evaluate(policy, "x:Y", "arn:aws:s3:::ann", {"aws:username": "ann"}) is NONE


@pytest.mark.parametrize(
    ("element", "principal", "expected"),
    [
        ({"Principal": "*"}, Principal(service="sns.amazonaws.com"), ALLOW),
        ({"Principal": {"AWS": "*"}}, Principal(frozenset({"arn:r"})), ALLOW),
        ({"Principal": {"AWS": "arn:r"}}, Principal(frozenset({"arn:r"})), ALLOW),
        ({"Principal": {"AWS": ["arn:q", "arn:r"]}}, Principal(frozenset({"arn:r"})), ALLOW),
        ({"Principal": {"AWS": "arn:q"}}, Principal(frozenset({"arn:r"})), NONE),
        (
            {"Principal": {"Service": ["a.amazonaws.com", "events.amazonaws.com"]}},
            Principal(service="events.amazonaws.com"),
            ALLOW,
        ),
        ({"Principal": {"Service": "a.amazonaws.com"}}, Principal(service="b.amazonaws.com"), NONE),
        ({"NotPrincipal": {"AWS": "arn:r"}}, Principal(frozenset({"arn:r"})), NONE),
        ({"NotPrincipal": {"AWS": "arn:q"}}, Principal(frozenset({"arn:r"})), ALLOW),
    ],
)
def test_principal(element: dict[str, Any], principal: Principal, expected: Decision) -> None:
    assert evaluate(_policy(_allow(**element)), "x:Y", "*", {}, principal) is expected


def test_an_unknown_resource_is_not_compared() -> None:
    assert evaluate(_policy(_allow(Resource=QUEUE)), "sqs:SendMessage", None, {}) is ALLOW


def test_policy_may_be_text_with_a_single_statement() -> None:
    text = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert evaluate(text, "x:Y", "*", {}) is ALLOW
