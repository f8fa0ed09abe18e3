"""Run a command of the sandbox, and write down each request to its policy evaluation.

``python -m tools.referees.hooks.decisions <file> <arguments of labeling-sandbox>``
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox import cli
from labeling_sandbox.iam import authorization
from labeling_sandbox.iam.policy_evaluation import Evaluation, Principal, judge, parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.iam.policy_evaluation import ContextValue, Decision, PolicyDocument


class Recorder:
    """Stands before the evaluation, and keeps each request once.

    Attributes:
        lines: The requests as JSON text.
    """

    def __init__(self) -> None:
        """Start without requests."""
        self.lines: dict[str, None] = {}
        self._lock = threading.Lock()

    def judge(
        self,
        document: str | bytes | PolicyDocument | None,
        action: str,
        resource: str | None,
        context: Mapping[str, ContextValue],
        principal: Principal | None = None,
    ) -> Evaluation:
        """Evaluate one policy document as the sandbox does, and keep the request."""
        parsed = parse_document(document)
        if parsed is not None:
            request: dict[str, Any] = {
                "document": parsed,
                "action": action,
                "resource": resource,
                "context": dict(context),
                "aws": None if principal is None else sorted(principal.aws),
                "service": None if principal is None else principal.service,
            }
            with self._lock:
                self.lines[json.dumps(request, sort_keys=True)] = None
        return judge(document, action, resource, context, principal)

    def evaluate(
        self,
        document: str | bytes | PolicyDocument | None,
        action: str,
        resource: str | None,
        context: Mapping[str, ContextValue],
        principal: Principal | None = None,
    ) -> Decision:
        """Evaluate like `judge`, without the statements."""
        return self.judge(document, action, resource, context, principal).decision


def main() -> None:
    """Run the command, and write one JSON object per request."""
    recorder = Recorder()
    authorization.judge = recorder.judge  # type: ignore[attr-defined]
    authorization.evaluate = recorder.evaluate  # type: ignore[attr-defined]
    file, arguments = Path(sys.argv[1]), sys.argv[2:]
    try:
        cli.app(arguments)
    finally:
        file.write_text("".join(f"{line}\n" for line in recorder.lines), encoding="utf-8")


if __name__ == "__main__":
    main()
