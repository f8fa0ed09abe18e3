"""The connection of the functions to a Label Studio in memory."""

from __future__ import annotations

import itertools
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from in_process_aws.calls import Call
from labeling_faults.label_studio.api import TOKEN, Request, StatusError
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.label_studio.errors import (
    LabelStudioRefusedError,
    LabelStudioTokenError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from in_process_aws.calls import Observer
    from labeling_faults.label_studio.api import LabelStudio

#: What stands for the name of a service in the calls that an observer sees.
SERVICE = "label-studio"

_numbers: Iterator[int] = itertools.count()


class InProcessConnection(Connection):
    """A connection that ends in this process."""

    def __init__(
        self, studio: LabelStudio, url: str, token: str, observer: Observer | None = None
    ) -> None:
        """Connect.

        Args:
            studio: The Label Studio.
            url: Its address, which is checked and not used.
            token: The token of its owner, or another one, which is not accepted.
            observer: Sees every call; what it raises reaches the caller instead of the answer.
        """
        super().__init__(url, token)
        self._studio = studio
        self._observer = observer

    def call(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Call the API as the owner of the token."""
        return self._carry_out(Request(method, path, body, query or {}), self.token)

    def call_openly(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """Read what everyone may read."""
        return self._carry_out(Request("GET", path), TOKEN)

    def _carry_out(self, request: Request, token: str) -> Any:  # noqa: ANN401 - any JSON value
        call = Call(next(_numbers), SERVICE, request.operation, {"request": request})
        if self._observer is not None:
            self._observer.before(call)
        if token != TOKEN:
            raise failure(request, HTTPStatus.UNAUTHORIZED)
        try:
            answer = {"content": self._studio.answer(request)}
        except StatusError as refusal:
            raise failure(request, refusal.status) from None
        if self._observer is not None:
            self._observer.after(call, answer)
        return answer["content"]


def failure(request: Request, status: HTTPStatus) -> Exception:
    """Return the error that the real connection makes of a status."""
    message = f"{request.operation}: HTTP {status.value}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return LabelStudioTokenError(message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LabelStudioUnavailableError(message)
    return LabelStudioRefusedError(message, status)
