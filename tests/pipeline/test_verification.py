"""The same deployment once more, with reviewers: nothing is lost, and no label is paid twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.comparison import play_in_both_worlds
from tests.scenarios.catalogue import VERIFIED, name_of

if TYPE_CHECKING:
    from tests.pipeline.deployment import Deployment
    from tests.pipeline.sandbox_scenario import SandboxScenario
    from tests.scenarios.catalogue import Play

#: Resources that hold what users have uploaded, labeled or stored.
DATA = (
    "aws_cloudwatch_log_group",
    "aws_dynamodb_table",
    "aws_kms_key",
    "aws_s3_bucket",
    "aws_sagemaker_feature_group",
    "aws_sqs_queue",
)


def test_turning_verification_on_keeps_every_resource_with_data(
    verifying_deployment: Deployment,
) -> None:
    gone = verifying_deployment.gone_by_change
    assert gone is not None
    assert [address for address in gone if any(f"{kind}." in address for kind in DATA)] == []


@pytest.mark.parametrize("play", VERIFIED, ids=name_of)
@pytest.mark.usefixtures("verifying_deployment")
def test_scenario_with_reviewers_ends_as_in_the_world(
    play: Play, scenario: SandboxScenario
) -> None:
    play_in_both_worlds(play, scenario, sample_percent=100)
