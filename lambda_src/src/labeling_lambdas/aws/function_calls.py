"""Calls of another function of the pipeline, whose answer nobody waits for."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from labeling_lambdas.aws import clients

_log = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class FunctionCall:
    """A call that begins work early which a schedule would begin later.

    Attributes:
        function: ARN of the function; None if there is nothing to call.
    """

    function: str | None

    def send(self) -> None:
        """Call the function asynchronously. A call that fails is logged, because it is not needed.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
        """
        if self.function is None:
            return
        try:
            clients.functions().invoke(FunctionName=self.function, InvocationType="Event")
        except (BotoCoreError, ClientError) as error:
            _log.warning("the schedule will call the function", extra={"problem": str(error)})
