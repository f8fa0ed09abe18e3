"""The metrics that a run publishes, read from the function that ends it."""

from __future__ import annotations

import ast

from labeling_deployment.module import ROOT


def published_metrics() -> set[str]:
    """Return the names of the metrics that a run publishes."""
    source = ROOT / "lambda_src" / "src" / "labeling_lambdas" / "steps" / "finish_run.py"
    calls = [
        node
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "run_events.publish_metrics"
    ]
    (counts,) = (argument for call in calls for argument in call.args[1:])
    assert isinstance(counts, ast.Dict)
    return {ast.literal_eval(name) for name in counts.keys if name is not None}
