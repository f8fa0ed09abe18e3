"""Requests that arrive at the same time: what moto, made for one at a time, answers with a 500.

A client repeats a call that ended so. If the call had created something by then, the second one is
told that it exists, and Terraform stops.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from moto.core.model import ServiceModel

from labeling_sandbox.base.moto_seams import replace
from labeling_sandbox.base.signatures import credential_scope, signing_service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from moto.core.model import OperationModel

#: Services whose backends look through their dictionaries in each call. No call of theirs waits for
#: anything, so that one at a time is served.
ONE_AT_A_TIME: Final = ("iam", "kms", "logs", "monitoring", "ssm")

_locks: Final[dict[str | None, threading.Lock]] = {
    service: threading.Lock() for service in ONE_AT_A_TIME
}
_models_lock: Final = threading.Lock()


def install() -> None:
    """Let one thread at a time make the model of an operation.

    botocore and moto keep their two models of an operation under the same key, botocore's first: a
    thread that asks in between gets a model that moto cannot write an answer with.
    """

    def operation_model(model: ServiceModel, operation: str) -> OperationModel:
        with _models_lock:
            made: OperationModel = make(model, operation)
            return made

    make = replace(ServiceModel, "operation_model", operation_model)


def one_at_a_time(application: WSGIApplication) -> WSGIApplication:
    """Wrap a WSGI application so that it serves those services one request at a time."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service = signing_service(credential_scope(environ.get("HTTP_AUTHORIZATION", "")))
        with _locks.get(service, nullcontext()):
            return application(environ, start_response)

    return serve
