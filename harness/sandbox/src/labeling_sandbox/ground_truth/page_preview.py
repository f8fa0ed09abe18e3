"""RenderUiTemplate: the page of a template, filled with a task.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RenderUiTemplate.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from liquid import Environment
from liquid.exceptions import LiquidError
from markupsafe import Markup
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from labeling_sandbox.base.moto_seams import add_operations, parameters
from labeling_sandbox.iam import authorization
from labeling_sandbox.iam.role_clients import client_as

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

PRINCIPAL = "sagemaker.amazonaws.com"
#: The service's link is valid as long as a worker may take; the reference does not say how long.
_LINK_SECONDS = 3600


def install(sandbox: Sandbox) -> None:
    """Add the operation."""

    def render(response: SageMakerResponse) -> ActionResult:
        return _render(sandbox, response)

    add_operations(SageMakerResponse, {"render_ui_template": render})


def _render(sandbox: Sandbox, response: SageMakerResponse) -> ActionResult:
    request = parameters(response)
    role_arn = request["RoleArn"]
    authorization.check_pass_role(response, role_arn, PRINCIPAL)
    if "UiTemplate" not in request:
        message = "The sandbox renders templates only, and none of the pages of AWS"
        raise ValidationError(message=message)
    client = client_as(sandbox, "s3", role_arn, PRINCIPAL)

    def sign(uri: object) -> str:
        bucket, _, key = str(uri).removeprefix("s3://").partition("/")
        return str(
            client.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
            )
        )

    liquid = Environment(autoescape=True)
    liquid.filters["grant_read_access"] = sign
    liquid.filters["skip_autoescape"] = Markup
    liquid.filters["to_json"] = json.dumps
    try:
        given: Any = json.loads(request["Task"]["Input"])
    except ValueError as error:
        raise ValidationError(message=f"Task.Input is not JSON: {error}") from error
    try:
        page = liquid.from_string(request["UiTemplate"]["Content"]).render(task={"input": given})
    except LiquidError as error:
        problem = {"Code": "InvalidTemplate", "Message": str(error)}
        return ActionResult({"RenderedContent": "", "Errors": [problem]})
    return ActionResult({"RenderedContent": page, "Errors": []})
