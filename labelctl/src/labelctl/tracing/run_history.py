"""What a run did with an object, from the files of the run and its row in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.tracing.events import Event, What
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.settlement import Settlement
from labeling_lambdas.domain.states import ItemState
from labeling_lambdas.steps.claim_list import part_of
from labeling_lambdas.steps.finish_run import REPORT
from labeling_lambdas.steps.kept_settings import kept_settings
from labeling_lambdas.steps.shards import begun_shard, rejected_shard, return_shard, store_shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.run_ledger import Run

_PLAN = "plan.json"
_SETTLED_AS = {
    ItemState.DEAD_LETTERED: What.DEAD_LETTERED,
    ItemState.LABELED: What.LABELED,
    ItemState.RETURNED: What.RETURNED,
    ItemState.SUPERSEDED: What.SUPERSEDED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The object that is traced.

    Attributes:
        key: Its key.
        line: Number of a line; None for the object and all its lines.
        whole: By item of a whole version, its version.
    """

    key: str
    line: int | None
    whole: Mapping[str, str]

    def has(self, source: Mapping[str, Any]) -> bool:
        """Return whether a source in a list of a run belongs to the object."""
        return source["key"] == self.key and self.line in (None, source["line"])


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The history of an object in one run.

    Attributes:
        artifacts: The run's files.
        run: Its row in the ledger; None if it has expired.
        wanted: The object.
    """

    artifacts: Artifacts
    run: Run | None
    wanted: Wanted

    def events(self) -> Iterator[Event]:
        """Yield what happened to the object in the run, in order; nothing if it had no part."""
        report = self.artifacts.read_if_there(REPORT)
        opened = report["opened_at"] if report else self.run.opened_at if self.run else ""
        claims: dict[str, dict[str, Any]] = {}
        for part in sorted({part_of(name) for name in self.artifacts.names("intake/")}):
            yield from self._received(part, opened)
            claims.update(self._claims(part))
        if not claims:
            return
        for claim in claims.values():
            detail = {"attempts": claim["attempts"], "generation": claim["generation"]}
            yield self._event(opened, What.CLAIMED, claim["source"], detail)
        plan = self._plan() or {}
        jobs = report or {"labeling_job": plan.get("job"), **plan}
        if any(not (claim["label_uri"] or claim["waits"]) for claim in claims.values()):
            yield from self._job(What.LABELING_JOB, identity.LABEL_STAGE, opened, jobs)
        yield from self._job(What.VERIFICATION_JOB, identity.VERIFY_STAGE, opened, jobs)
        closed = report["closed_at"] if report else ""
        settled = set()
        for item, event in self._settlements(plan, closed) if plan else ():
            settled.add(item)
            yield event
        for item, claim in claims.items():
            if item not in settled:
                yield self._event("", What.IN_PROGRESS, claim["source"], {})

    def _received(self, part: str, opened: str) -> Iterator[Event]:
        """Yield the messages about the object that became no claim."""
        for line in self.artifacts.read_lines(f"intake/{part}.jsonl"):
            item = line.get("item_id") or ""
            if line["kind"] == "invalid" and item in self.wanted.whole:
                yield Event(
                    opened,
                    What.DEAD_LETTERED,
                    self.wanted.whole[item],
                    run_id=self.artifacts.run_id,
                    detail={"reason": line["reason"]},
                )

    def _claims(self, part: str) -> dict[str, dict[str, Any]]:
        claims = self.artifacts.read_if_there(f"claims/{part}.json") or {"items": []}
        return {
            fields["item_id"]: fields
            for fields in claims["items"]
            if self.wanted.has(fields["source"])
        }

    def _job(self, what: What, stage: str, opened: str, jobs: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the job of a stage, if a function has begun to create it."""
        settings = kept_settings(self.artifacts, stage)
        if settings is not None:
            found = jobs.get(what.value) or {}
            detail = {
                "name": found.get("name"),
                "status": found.get("status"),
                "people": settings.job["workers_per_object"],
            }
            yield Event(opened, what, "", None, self.artifacts.run_id, detail)

    def _plan(self) -> dict[str, Any] | None:
        """Return the plan that was carried out; None if there is none yet."""
        if self.run is not None:
            return self.run.plan or None
        # The row of a closed run expires. A call that died may have left a plan beside it.
        names = self.artifacts.names("results/")
        plans = [self.artifacts.read(name) for name in names if name.endswith(f"/{_PLAN}")]
        begun = [plan for plan in plans if begun_shard(plan["folder"], 0) in names]
        return next(iter(begun or plans), None)

    def _settlements(self, plan: Mapping[str, Any], closed: str) -> Iterator[tuple[str, Event]]:
        folder = plan["folder"]
        refused: dict[str, Settlement] = {}
        for number in range(int(plan["store_shards"])):
            if self.artifacts.names(rejected_shard(folder, number)):
                for fields in self.artifacts.read_lines(rejected_shard(folder, number)):
                    settlement = Settlement.from_fields(fields)
                    refused[settlement.item.item_id] = settlement
            for line in self.artifacts.read_lines(store_shard(folder, number)):
                claim = line["claim"]
                if self.wanted.has(claim["source"]) and claim["item_id"] not in refused:
                    detail = {"record": line["record"]}
                    yield (
                        claim["item_id"],
                        self._event(closed, What.STORED, claim["source"], detail),
                    )
        for settlement in refused.values():
            yield from self._settled(settlement, closed)
        for number in range(int(plan["return_shards"])):
            for fields in self.artifacts.read_lines(return_shard(folder, number)):
                yield from self._settled(Settlement.from_fields(fields), closed)

    def _settled(self, settlement: Settlement, closed: str) -> Iterator[tuple[str, Event]]:
        source = settlement.item.source._asdict()
        if not self.wanted.has(source):
            return
        detail = {
            "reason": settlement.reason or None,
            "detail": settlement.detail or None,
            "attempts": settlement.attempts,
        }
        item = settlement.item.item_id
        if settlement.rejected:
            rejection = {"category": settlement.rejected, "comments": settlement.detail}
            yield item, self._event(closed, What.REJECTED, source, rejection)
        yield item, self._event(closed, _SETTLED_AS[settlement.state], source, detail)

    def _event(
        self, at: str, what: What, source: Mapping[str, Any], detail: Mapping[str, Any]
    ) -> Event:
        return Event(at, what, source["version_id"], source["line"], self.artifacts.run_id, detail)
