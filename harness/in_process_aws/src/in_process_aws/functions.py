"""Lambda: functions that are called without waiting for their answer.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError
from in_process_aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

_ACCEPTED = 202


class Functions(Service):
    """Functions.

    Attributes:
        calls: By ARN, what happens when a function is called.
    """

    name = "lambda"

    def __init__(self, clock: Clock) -> None:
        """Start without functions.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.calls: dict[str, Callable[[], None]] = {}
        self.operations = {"Invoke": self._invoke}

    def _invoke(self, parameters: Parameters) -> Answer:
        arn = parameters["FunctionName"]
        if arn not in self.calls:
            code = "ResourceNotFoundException"
            raise RefusalError(code, f"Function not found: {arn}")
        if parameters.get("InvocationType") != "Event":
            message = "no function waits for the answer of another one"
            raise ValueError(message)
        self.calls[arn]()
        return {"StatusCode": _ACCEPTED}
