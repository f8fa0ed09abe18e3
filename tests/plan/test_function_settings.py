"""What a locked-down account asks of every function is there when asked for, and off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

ASKED = SCENARIOS["locked_down"]["functions"]
TRACING = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}


@pytest.fixture
def locked_down(plan: Callable[[str], Planned]) -> Planned:
    return plan("locked_down")


@pytest.fixture
def usual(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


def functions(planned: Planned) -> dict[str, dict[str, Any]]:
    found = planned.of_type("aws_lambda_function")
    assert len(found) >= 9
    return {address.split('"')[1]: values for address, values in found.items()}


def role_statements(planned: Planned) -> list[dict[str, dict[str, Any]]]:
    return [
        planned.statements(address)
        for address in planned.of_type("aws_iam_role_policy")
        if address.startswith("module.function[")
    ]


def test_every_function_is_in_the_subnets_signed_traced_and_has_the_layers(
    locked_down: Planned,
) -> None:
    for function in functions(locked_down).values():
        (network,) = function["vpc_config"]
        assert sorted(network["subnet_ids"]) == ASKED["vpc"]["subnet_ids"]
        assert network["security_group_ids"] == ASKED["vpc"]["security_group_ids"]
        assert function["code_signing_config_arn"] == ASKED["code_signing_config_arn"]
        assert function["layers"] == ASKED["layer_arns"]
        assert function["tracing_config"] == [{"mode": "Active"}]


def test_concurrency_is_reserved_where_asked_for_and_shared_elsewhere(locked_down: Planned) -> None:
    reserved = {
        step: values["reserved_concurrent_executions"]
        for step, values in functions(locked_down).items()
    }
    asked = ASKED["reserved_concurrency"]
    assert reserved == {step: asked.get(step, -1) for step in reserved}
    assert set(asked) <= set(reserved)


def test_lambda_may_attach_to_subnets_and_the_code_may_not(locked_down: Planned) -> None:
    for address in locked_down.of_type("aws_iam_role_policy"):
        if not address.startswith("module.function["):
            continue
        step = address.split('"')[1]
        statements = locked_down.statements(address)
        attach, look = statements["AttachToSubnets"], statements["DescribeNetwork"]
        deny = statements["KeepNetworkFromCode"]
        assert attach["Resource"] == [
            f"arn:aws:ec2:us-east-1:123456789012:{resource}"
            for resource in (
                "subnet/subnet-2",
                "subnet/subnet-1",
                "security-group/sg-1",
                "network-interface/*",
            )
        ]
        assert "Condition" not in attach
        assert "Condition" not in look
        assert deny["Effect"] == "Deny"
        assert set(deny["Action"]) == {*attach["Action"], *look["Action"]}
        name = f"arn:aws:lambda:us-east-1:123456789012:function:digits-{step.replace('_', '-')}"
        assert deny["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": name}}


def test_traces_may_be_sent_by_functions_and_state_machine(locked_down: Planned) -> None:
    for statements in role_statements(locked_down):
        assert set(as_list(statements["Trace"]["Action"])) == TRACING
    traced = locked_down.statements("module.workflow.aws_iam_role_policy.tracing[0]")
    assert set(as_list(traced["Trace"]["Action"])) == TRACING | SAMPLING
    machine = locked_down.resources["module.workflow.aws_sfn_state_machine.this"]
    assert machine["tracing_configuration"] == [{"enabled": True}]


def test_none_of_these_settings_is_on_by_default(usual: Planned) -> None:
    for function in functions(usual).values():
        assert not function["vpc_config"]
        assert not function["layers"]
        assert function["code_signing_config_arn"] is None
        assert function["reserved_concurrent_executions"] == -1
        assert function["tracing_config"] == [{"mode": "PassThrough"}]
    for statements in role_statements(usual):
        assert not {"Trace", "AttachToSubnets", "KeepNetworkFromCode"} & set(statements)
    assert "module.workflow.aws_iam_role_policy.tracing[0]" not in usual.resources
