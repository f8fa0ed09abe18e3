"""The AWS calls that a plan makes, answered locally.

The provider asks STS who it is, Step Functions whether the rendered definition is valid, and
Secrets Manager for the passwords that an example generates. Nothing else is called while a module
that has no state is planned.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"
CALLER_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployment/session"

#: What every generated password is; no plan may contain it.
PASSWORD = "generated" * 4

CALLER_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    f"<GetCallerIdentityResult><Arn>{CALLER_ARN}</Arn><UserId>AROAEXAMPLE:session</UserId>"
    f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        target = self.headers.get("X-Amz-Target", "")
        if "Action=GetCallerIdentity" in body:
            self._answer(200, "text/xml", CALLER_IDENTITY)
        elif target.endswith(".ValidateStateMachineDefinition"):
            answer = json.dumps({"result": "OK", "diagnostics": [], "truncated": False})
            self._answer(200, "application/x-amz-json-1.0", answer)
        elif target.endswith(".GetRandomPassword"):
            answer = json.dumps({"RandomPassword": PASSWORD})
            self._answer(200, "application/x-amz-json-1.1", answer)
        else:
            message = json.dumps({"message": f"a plan must not call {target or body[:80]}"})
            self._answer(400, "application/x-amz-json-1.0", message)

    def _answer(self, status: int, content_type: str, text: str) -> None:
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: pytest shows what matters."""


@contextmanager
def plan_time_aws() -> Iterator[str]:
    """Serve the plan-time calls on a free local port.

    Yields:
        The endpoint's URL.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
