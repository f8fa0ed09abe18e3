"""The default results of the functions; each script overrides some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.statemachine.script import Acts, Answers, Event, Reply, Returns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.statemachine.script import Act

RUN_ID = "20261123t120000-1f2e3d4c5b"
GENERATION = 0
FOLDER = "results/5d41402a"
RESUME = {"resume_run": RUN_ID}

NEW_RUN_STATES = ["Resume?", "NewRun", "RecoverRuns"]
POLL_STATES = ["PollQueue", "MoreToPoll?"]
RETURN_STATES = ["ReturnItems", "MoreToReturn?"]
FINISH_STATES = ["FinishRun", "Outcome?"]


def job_ended(status: str = "Completed", stage: str = "label") -> dict[str, Any]:
    """Return what answers the state that waits for the job of a stage."""
    return {
        "name": f"digits-{RUN_ID}-{stage}",
        "status": status,
        "output_uri": f"s3://digits-output/labeling-jobs/{status}/output.manifest",
        "counters": {"TotalLabeled": 3},
        "failure_reason": "",
    }


def polled(*, received: int = 3, claimed: int = 3, more: bool = False) -> Act:
    """Return a poll that has received and claimed so much."""

    def act(event: Event) -> Reply:
        return Returns(
            {
                "run_id": RUN_ID,
                "generation": GENERATION,
                "resumed": event["run"]["resumed"],
                "received": received,
                "claimed": claimed,
                "more": more,
            }
        )

    return act


def planned(shards: int = 1, return_shards: int = 1) -> Returns:
    """Return a plan of so many shards."""
    return Returns(
        {"folder": FOLDER, "shards": list(range(shards)), "return_shards": return_shards}
    )


def stored(event: Event) -> Reply:
    """Store a shard of two records."""
    return Returns({"shard": event["shard"], "stored": 2, "rejected": 0})


def returned_up_to(position: int, *, more: bool = False) -> Act:
    """Return a call of the returning function that has come so far."""

    def act(event: Event) -> Reply:
        return Returns(
            {
                "folder": event["folder"],
                "return_shards": event["return_shards"],
                "position": position,
                "more": more,
            }
        )

    return act


def finished(outcome: str) -> Returns:
    """Return the end of a run."""
    return Returns(
        {
            "run_id": RUN_ID,
            "outcome": outcome,
            "received": 3,
            "claimed": 3,
            "stored": 2,
            "accounting_balanced": True,
        }
    )


def recovered(event: Event) -> Reply:
    """Look after all runs, or take over the one that is named."""
    if "resume_run" in event:
        return Returns({"run_id": event["resume_run"], "resumed": True})
    return Returns({"alive": [], "answered": [], "resumed": [], "failed": []})


def stopped(event: Event) -> Reply:
    """Stop the job of the stage that is asked for."""
    return Answers(job_ended("Stopped", event["stage"]))


USUAL: Mapping[str, Act] = {
    "recover_runs": recovered,
    "poll_queue": polled(),
    "start_labeling_job": Answers(job_ended()),
    "start_verification_job": Answers(job_ended(stage="verify")),
    "stop_job": stopped,
    "plan_results": planned(),
    "update_feature_store": stored,
    "return_items": returned_up_to(1),
    "finish_run": finished("succeeded"),
}


def usual(**replaced: Act | Sequence[Act]) -> Acts:
    """Return a run with one shard that succeeds, with the acts of some steps replaced."""
    return {**USUAL, **replaced}
