"""The code of every step in these tests: a Lambda function that does what the test's script says.

It runs in the sandbox's Lambda runtime, so it uses the standard library only.
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

_SECONDS = 20


def handler(event: dict[str, Any], _context: object) -> Any:
    """Tell the script of the call; return or raise what it answers.

    Raises:
        Exception: Of a class with the name that the script gives. The state machine sees that name.
    """
    request = urllib.request.Request(
        f"{os.environ['SCRIPT_URL']}/{os.environ['STEP']}", data=json.dumps(event).encode()
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        reply = json.loads(answer.read())
    if "error" in reply:
        raise type(reply["error"], (Exception,), {})(reply["message"])
    return reply["result"]
