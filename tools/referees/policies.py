"""An IAM simulator decides the requests that the sandbox decided while it ran the pipeline.

The demo is run with a recorder before the sandbox's evaluation. Each recorded request is decided
again by ``@cloud-copilot/iam-simulate``, and so is each with its action, resource or one condition
key changed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox.iam.policy_evaluation import Decision, Principal, evaluate
from tools.referees.installation import node_packages, node_version, run
from tools.referees.json_lines import read_lines, write_lines
from tools.referees.report import ROOT
from tools.referees.verdicts import Disagreement, Judge, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PACKAGE = "@cloud-copilot/iam-simulate"
_PROGRAM = Path(__file__).parent / "programs" / "policies.mjs"
_ACCOUNT = "123456789012"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/judged"
_ROOT = f"arn:aws:iam::{_ACCOUNT}:root"
_SPELLING = {
    "Allowed": Decision.ALLOW,
    "ExplicitlyDenied": Decision.EXPLICIT_DENY,
    "ImplicitlyDenied": Decision.IMPLICIT_DENY,
}
#: Of the demo: an image pipeline with reviewers, and one for texts, whose files are split.
_RUNS = (
    ("demo", "--verify", "--items", "8"),
    ("demo", "--task", "text_single_label_classification", "--items", "8"),
)


@dataclass(frozen=True)
class Request:
    """One request to one policy document.

    Attributes:
        document: The policy.
        action: The IAM action.
        resource: The resource's ARN; None for the role whose trust policy it is.
        context: Condition keys.
        aws: The ``AWS`` principal values that stand for the caller; None for identity policies.
        service: The service that calls.
    """

    document: dict[str, Any]
    action: str
    resource: str | None
    context: dict[str, Any]
    aws: Sequence[str] | None
    service: str | None

    def key(self) -> str:
        """Return a text that only equal requests have."""
        return json.dumps(asdict(self), sort_keys=True)

    def name(self) -> str:
        """Return what a reader needs to find the request."""
        caller = self.service or (",".join(self.aws) if self.aws else "identity policy")
        sids = ",".join(str(each.get("Sid", "")) for each in self.document["Statement"])
        return f"{self.action} on {self.resource} by {caller}, {json.dumps(self.context)}: {sids}"

    def ours(self) -> Decision:
        """Return the sandbox's decision."""
        principal = None
        if self.aws is not None:
            principal = Principal(frozenset(self.aws), self.service)
        return evaluate(self.document, self.action, self.resource, self.context, principal)

    def simulation(self) -> dict[str, Any]:
        """Return the request in the simulator's format."""
        is_identity = self.aws is None
        service = self.action.partition(":")[0]
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        identity: list[dict[str, Any]] = []
        resource_policy: dict[str, Any] | None = self.document
        if is_identity:
            identity, resource_policy = [self.document], None
            if service == "kms":
                # A key leaves the decision to roles' policies only where its own policy says so.
                root = {"AWS": _ROOT}
                statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*"}
                resource_policy = _policy({**statement, "Resource": "*"})
        elif _ROOT in (self.aws or ()):
            identity = [_policy(everything)]
        return {
            "request": {
                "principal": self.service or self.context.get("aws:PrincipalArn", _ROLE),
                "action": self.action,
                "resource": {"resource": self.resource or _ROLE, "accountId": _ACCOUNT},
                "contextVariables": self.context,
            },
            "identityPolicies": [{"name": "judged", "policy": policy} for policy in identity],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({} if resource_policy is None else {"resourcePolicy": resource_policy}),
        }


def changed(request: Request, actions: Iterable[str]) -> Iterator[Request]:
    """Yield a request with one thing changed.

    Args:
        request: The request.
        actions: Actions that other requests have.
    """
    service = request.action.partition(":")[0]
    for action in actions:
        if action != request.action and action.startswith(f"{service}:"):
            yield replace(request, action=action)
    if request.resource not in (None, "*"):
        parts = str(request.resource).split(":", 5)
        for index in (3, 4, 5):
            if parts[index]:
                other = [*parts[:index], _other(parts[index]), *parts[index + 1 :]]
                yield replace(request, resource=":".join(other))
    for key, value in request.context.items():
        without = {name: each for name, each in request.context.items() if name != key}
        yield replace(request, context=without)
        other_value = _other(value) if isinstance(value, str) else [*value, "other"]
        yield replace(request, context={**without, key: other_value})


def _other(text: str) -> str:
    return {"true": "false", "false": "true"}.get(
        text, f"{text[:-1]}{'1' if text[-1:] != '1' else '2'}"
    )


def decidable(request: Request) -> bool:
    """Tell whether the simulator can decide by the document alone what the sandbox decides by it.

    A grant to the account leaves the decision to the account's own policies. Only for a key does
    the simulator need it: for other resources, policies of the account are sufficient.
    """
    delegated = _ROOT in (request.aws or ())
    return not delegated or request.action.startswith("kms:")


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _examine(folder: Path) -> Verdict:
    node = node_packages()
    recorded = [request for request in _recorded(folder) if decidable(request)]
    actions = sorted({request.action for request in recorded})
    perturbed = {other.key(): other for request in recorded for other in changed(request, actions)}
    requests = [*recorded, *perturbed.values()]
    file = folder / "simulations.jsonl"
    write_lines(file, (request.simulation() for request in requests))
    answers = read_lines(run(["node", str(_PROGRAM), str(file)], cwd=node))
    cases, found = 0, []
    for number, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        if "error" in answer and number >= len(recorded):
            continue  # What a change made of the request is none that IAM has.
        cases += 1
        ours = request.ours()
        theirs = _SPELLING.get(answer.get("decision", ""))
        if ours is not theirs:
            said = theirs.value if theirs else json.dumps(answer["error"])
            found.append(Disagreement(request.name(), ours.value, said))
    return Verdict(f"{PACKAGE} {node_version(PACKAGE)}", cases, tuple(found))


def _recorded(folder: Path) -> list[Request]:
    found: dict[str, Request] = {}
    for number, arguments in enumerate(_RUNS):
        file = folder / f"decisions-{number}.jsonl"
        module = "tools.referees.hooks.decisions"
        run([sys.executable, "-m", module, str(file), *arguments], cwd=ROOT)
        for fields in read_lines(file.read_text(encoding="utf-8")):
            request = Request(**fields)
            found[request.key()] = request
    return list(found.values())


JUDGE = Judge("iam", "the sandbox's policy evaluation", _examine)
