"""What can be taken away from a deployed pipeline, and by what the loss is recognised."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from labeling_sandbox.iam.used_grants import RESOURCE_POLICY, TRUST_POLICY, Grant
from tests.sabotage import deployed_grants, policies, unexercised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.demo.pipeline import Pipeline
    from tests.sabotage.deployed_grants import DeployedStatement, Document
    from tests.sabotage.evidence import Evidence


@dataclass(frozen=True)
class Removal:
    """One permission that is removed.

    Attributes:
        statement: The statement that gives it.
        action: The action that is taken out of it; "" takes the whole statement.
    """

    statement: DeployedStatement
    action: str = ""

    @property
    def owner(self) -> str:
        """The role's name or the resource's ARN."""
        return self.statement.place.owner

    @property
    def name(self) -> str:
        """What is taken away, in words."""
        what = self.action or f"all of {self.statement.place.policy} policy"
        return f"{self.statement.name}: {what}"

    @property
    def grants(self) -> list[Grant]:
        """The grants that a play must use to notice."""
        return [each for each in self.statement.grants if self.action in ("", each.action)]

    @property
    def delegates(self) -> bool:
        """Whether it is a key's statement for the whole account."""
        return _delegates(self.statement.content) and self.statement.place.service == "kms"

    @property
    def needs_new_environments(self) -> bool:
        """Whether a function notices only when Lambda makes a new environment for it."""
        return self.statement.place.policy == TRUST_POLICY or self.action.startswith("logs:")

    @contextmanager
    def taken(self, pipeline: Pipeline) -> Iterator[None]:
        """Take it away for a while; of a key's delegating statements none is left."""
        with ExitStack() as stack:
            if self.delegates:
                stack.enter_context(self.alone(pipeline))
            content = self.statement.content
            change = policies.without(content)
            if self.action:
                change = policies.without_action(content, self.action)
            elif self.statement.place.policy == TRUST_POLICY:
                change = policies.trusting_nobody(content)
            stack.enter_context(policies.changed(pipeline, self.statement.place, change))
            yield

    @contextmanager
    def alone(self, pipeline: Pipeline) -> Iterator[None]:
        """Leave a key no other statement for the whole account: each of them hides the others."""

        def change(statements: list[Document]) -> list[Document]:
            own = self.statement.content
            return [each for each in statements if each == own or not _delegates(each)]

        with policies.changed(pipeline, self.statement.place, change):
            yield

    def proof(self, evidence: Evidence) -> str | None:
        """Return where it is said what is missing, or None where nobody says it."""
        if self.action.startswith("logs:"):
            return self._silence(evidence)
        if self.statement.place.policy == TRUST_POLICY:
            return self._distrust(evidence)
        if self.statement.place.policy == RESOURCE_POLICY and not self.delegates:
            return self._closed_resource(evidence)
        return self._denial(evidence)

    def _denial(self, evidence: Evidence) -> str | None:
        if self.action and not evidence.refused(self.owner, self.action):
            return None
        for denial in evidence.denials():
            if self.delegates:
                named = denial.resource == self.owner
            else:
                named = denial.role == self.owner and self.statement.covers(denial.resource)
            actions = [self.action] if self.action else self.statement.actions
            if named and any(fnmatchcase(denial.action, action) for action in actions):
                return f"{denial.place}: {denial.action} on {denial.resource}"
        return None

    def _silence(self, evidence: Evidence) -> str | None:
        """A function that may not log says nothing at all: its log has no line of the run."""
        resources = evidence.refused(self.owner, self.action)
        group = next(
            (name for name in evidence.log_groups() if f":{name}:" in "".join(resources)), None
        )
        if group is None or evidence.log(group):
            return None
        return f"no line in {group}: {self.action} on {resources[0]} was refused"

    def _distrust(self, evidence: Evidence) -> str | None:
        service = self.statement.content["Principal"]["Service"]
        return self._said(evidence, rf"role \S*{re.escape(self.owner)}\b.{{0,120}}?{service}")

    def _closed_resource(self, evidence: Evidence) -> str | None:
        service = re.escape(self.statement.content["Principal"]["Service"])
        actions = "|".join(re.escape(action) for action in self.statement.actions)
        return self._said(
            evidence,
            rf"the policy of (the key )?{re.escape(self.owner)} does not let {service} ({actions})",
        )

    def _said(self, evidence: Evidence, pattern: str) -> str | None:
        for place, text in evidence.texts():
            found = re.search(pattern, text)
            if found:
                return f"{place}: {found[0]}"
        return None


def all_removals(pipeline: Pipeline) -> list[Removal]:
    """Return every permission that can be removed and that a run in the sandbox uses.

    Statements that deny are in `denials`.
    """
    known = unexercised.entries()
    whole = [
        *deployed_grants.trust_statements(pipeline),
        *deployed_grants.resource_statements(pipeline),
    ]
    found = [Removal(statement) for statement in whole if statement.allows]
    found += [
        Removal(statement, action)
        for statement in deployed_grants.role_statements(pipeline)
        if statement.allows
        for action in statement.actions
    ]
    return [
        removal
        for removal in found
        if not all(unexercised.listed(grant, known) for grant in removal.grants)
    ]


def _delegates(statement: Document) -> bool:
    principal = statement.get("Principal", {})
    return isinstance(principal, dict) and str(principal.get("AWS", "")).endswith(":root")
