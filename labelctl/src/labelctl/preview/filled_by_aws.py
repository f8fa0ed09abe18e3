"""A template filled by SageMaker.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RenderUiTemplate.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelctl.connection import Client


def filled_by_aws(
    client: Client, role_arn: str, template: str, task_input: Mapping[str, Any]
) -> str:
    """Return the page of a task, with links that the role of labeling jobs signs.

    Args:
        client: SageMaker.
        role_arn: The role.
        template: The template.
        task_input: What it finds under ``task.input``.

    Raises:
        LabelctlError: If SageMaker finds errors in the template, or refuses it or the role.
    """
    try:
        answer = client.render_ui_template(
            UiTemplate={"Content": template},
            Task={"Input": json.dumps(task_input)},
            RoleArn=role_arn,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        message = (
            "SageMaker refuses the template or the role of labeling jobs"
            f" ({error.response['Error']['Message']}); list the faults of the template with --lint,"
            " and check the role with: labelctl doctor"
        )
        raise LabelctlError(message) from error
    errors = [f"{error['Code']}: {error['Message']}" for error in answer["Errors"]]
    if errors:
        message = f"SageMaker cannot fill the template: {'; '.join(errors)}"
        raise LabelctlError(message)
    return str(answer["RenderedContent"])
