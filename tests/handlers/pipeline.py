"""The functions of a pipeline, called in the test's process with the state machine's events."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain import identity
from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.handlers import (
    finish_run,
    job_state_change,
    plan_results,
    poll_queue,
    recover_runs,
    return_items,
    split_text,
    start_labeling_job,
    start_verification_job,
    stop_job,
    update_feature_store,
)
from tests.domain.examples import REVIEWING_JOB, labeled_line, s3_event
from tests.handlers.executions import Executions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.places import Place

CLASSES = ("zero", "one", "two")
_MAX_ROUNDS = 30


class Context:
    """Lambda's context, with as much time as the test says."""

    def __init__(self, seconds: float = 900.0, request_id: str = "") -> None:
        self.seconds = seconds
        self.aws_request_id = request_id or str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Pipeline(Executions):
    """A pipeline whose functions can be called."""

    def split(self, source: SourceObject, context: Context | None = None) -> dict[str, Any]:
        """Let the splitter have the event of an uploaded text file."""
        return split_text.handler(s3_event(source), context or Context())

    def seed(
        self, count: int, *, texts: bool = False, **claim: int
    ) -> tuple[dict[str, Any], list[SourceObject]]:
        """Put a sealed run with claims of images or texts in place, without polling for them."""
        run_id = identity.run_id(self.execution(), self.started)
        run = {"run_id": run_id, "generation": 0, "claimed": count, "received": count}
        sources = self.sources(count)
        attempts, generation = claim.get("attempts", 0), claim.get("generation", 0)
        counts = {"received": count, "claimed": count, "dropped": {}, "invalid": {}}
        self.put_rows(
            {
                "pk": f"RUN#{run_id}",
                "run_state": "sealed",
                "execution_arn": self.execution(),
                "generation": 0,
                "opened_at": self.started,
                "lease_until": 0,
                "counts": counts,
            },
            {"pk": "OPEN_RUNS", "run_ids": {run_id}},
            *(
                {
                    "pk": f"ITEM#{source.item_id}",
                    "item_state": "claimed",
                    "run_id": run_id,
                    "part": "part",
                    "attempts": attempts,
                    "generation": generation,
                    "bucket": source.bucket,
                    "object_key": source.key,
                    "version_id": source.version_id,
                }
                for source in sources
            ),
            *(
                {"pk": f"KEY#{source.key_id}", "newest": source.order, "item_id": source.item_id}
                for source in sources
            ),
        )
        claims = [
            ClaimedItem(
                source, attempts, generation, text_id=source.item_id if texts else ""
            ).fields()
            for source in sources
        ]
        self.write_file(run, "claims/part.json", {"counts": counts, "items": claims})
        self.write_file(run, "claims/index.json", {"parts": ["part"], "counts": counts})
        return run, sources

    def poll_once(
        self,
        run: Mapping[str, Any] | None = None,
        *,
        execution: str = "one",
        context: Context | None = None,
        **share: int,
    ) -> dict[str, Any]:
        event: Any = {
            "execution_arn": self.execution(execution),
            "execution_started": self.started,
            "run": run or {"resumed": False},
            **share,
        }
        return poll_queue.handler(json_round_trip(event), context or Context())

    def poll(self, *, execution: str = "one", **arguments: Any) -> dict[str, Any]:
        """Poll as the state machine does, until nothing more is to come."""
        run: dict[str, Any] = {"resumed": False}
        for _ in range(_MAX_ROUNDS):
            run = self.poll_once(run, execution=execution, **arguments)
            if not run["more"]:
                return run
        message = "poll_queue never ends"
        raise AssertionError(message)

    def claim(self, count: int, *, execution: str = "one") -> dict[str, Any]:
        """Upload, announce and claim so many images."""
        self.announce(self.sources(count))
        run = self.poll(execution=execution)
        assert run["claimed"] == count
        return run

    def wait_event(
        self, run: Mapping[str, Any], *, execution: str = "one", **changes: Any
    ) -> dict[str, Any]:
        return {
            "execution_arn": self.execution(execution),
            "run_id": run["run_id"],
            "generation": run["generation"],
            "stage": "label",
            "task_token": f"token-{uuid.uuid4()}",
            "entered_at": self.started,
            "retry_count": 0,
            **changes,
        }

    def start(self, run: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """Start the labeling job; return its name and what became of it."""
        event: Any = self.wait_event(run, **changes)
        return dict(start_labeling_job.handler(event, Context()))

    def start_verification(
        self, run: Mapping[str, Any], job: dict[str, Any], **changes: Any
    ) -> dict[str, Any]:
        """Start the verification job; return its name and what became of it."""
        event: Any = {**self.wait_event(run, stage="verify", **changes), "labeling_job": job}
        return dict(start_verification_job.handler(json_round_trip(event), Context()))

    def manifest(self, run: Mapping[str, Any], stage: str) -> list[dict[str, Any]]:
        """Return the lines of the manifest of a job that was created."""
        described = self.client("sagemaker").describe_labeling_job(
            LabelingJobName=self.job_name(run, stage)
        )
        uri = described["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        return self.lines(uri)

    def lines(self, uri: str) -> list[dict[str, Any]]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    def job_result(self, run: Mapping[str, Any], stage: str) -> dict[str, Any] | None:
        """Return how a job ended, as the ledger has it."""
        row = self.rows().get(f"JOB#{self.job_name(run, stage).lower()}", {})
        return row.get("job_result")

    def stop(self, run: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        event: Any = self.wait_event(run, entered_at="2026-01-02T04:00:00Z", **changes)
        return dict(stop_job.handler(event, Context()))

    def job_event(self, *names: str, status: str = "InProgress") -> dict[str, str]:
        arn = "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/"
        event: dict[str, Any] = {
            "resources": [f"{arn}{name.lower()}" for name in names],
            "detail": {"LabelingJobStatus": status},
        }
        return job_state_change.handler(event, Context())

    def plan(
        self,
        run: Mapping[str, Any],
        job: dict[str, Any],
        verification_job: dict[str, Any] | None = None,
        *,
        execution: str = "one",
        context: Context | None = None,
    ) -> dict[str, Any]:
        event: Any = {
            "execution_arn": self.execution(execution),
            "run_id": run["run_id"],
            "labeling_job": job,
            **({"verification_job": verification_job} if verification_job else {}),
        }
        planned = plan_results.handler(json_round_trip(event), context or Context())
        return {**planned, "position": 0}

    def store(
        self, run: Mapping[str, Any], plan: Mapping[str, Any], context: Context | None = None
    ) -> list[dict[str, int]]:
        return [
            update_feature_store.handler(
                {"run_id": run["run_id"], "folder": plan["folder"], "shard": shard},
                context or Context(),
            )
            for shard in plan["shards"]
        ]

    def give_back(
        self,
        run: Mapping[str, Any],
        plan: Mapping[str, Any],
        stored: Any = (),
        context: Context | None = None,
    ) -> dict[str, Any]:
        state = dict(plan)
        for _ in range(_MAX_ROUNDS):
            event: Any = {
                "run_id": run["run_id"],
                "folder": state["folder"],
                "return_shards": state["return_shards"],
                "stored": stored or [],
                "position": state["position"],
            }
            state = return_items.handler(json_round_trip(event), context or Context())
            if not state["more"]:
                return state
        message = "return_items never ends"
        raise AssertionError(message)

    def finish(self, run: Mapping[str, Any], *, execution: str = "one") -> dict[str, Any]:
        return finish_run.handler(
            {"execution_arn": self.execution(execution), "run_id": run["run_id"]}, Context()
        )

    def settle(
        self,
        run: Mapping[str, Any],
        job: dict[str, Any],
        verification_job: dict[str, Any] | None = None,
        *,
        execution: str = "one",
    ) -> dict[str, Any]:
        """Do everything that follows the jobs."""
        plan = self.plan(run, job, verification_job, execution=execution)
        stored = self.store(run, plan)
        self.give_back(run, plan, stored)
        return self.finish(run, execution=execution)

    def recover(self, *, execution: str = "other", **event: Any) -> dict[str, Any]:
        whole: Any = {
            "state_machine_arn": self.machine_arn,
            "execution_arn": self.execution(execution),
            **event,
        }
        return recover_runs.handler(whole, Context())

    def ended_job(
        self,
        run: Mapping[str, Any],
        lines: Iterable[object] | None = None,
        status: str = "Completed",
        stage: str = "label",
    ) -> dict[str, Any]:
        """Write the output manifest of a labeling job and return how the job ended."""
        uri = ""
        if lines is not None:
            key = f"labeling-jobs/{self.job_name(run, stage)}/manifests/output/output.manifest"
            body = "".join(
                (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
            )
            body = body.replace(REVIEWING_JOB, self.job_name(run, stage))
            self.client("s3").put_object(Bucket=self.output, Key=key, Body=body.encode())
            uri = f"s3://{self.output}/{key}"
        return {
            "name": self.job_name(run, stage),
            "status": status,
            "output_uri": uri,
            "counters": {"TotalLabeled": 0},
            "failure_reason": "",
        }

    def labeled(self, source: SourceObject, **metadata: Any) -> dict[str, Any]:
        return {**labeled_line(source.item_id, **metadata), "source-ref": source.uri}

    def failed(self, source: SourceObject, reason: str = "ClientError: x") -> dict[str, Any]:
        metadata = {"failure-reason": reason, "retry-count": 1, "human-annotated": "true"}
        return {
            "source-ref": source.uri,
            "item-id": source.item_id,
            "digit-label-metadata": metadata,
        }

    def prepare_ground_truth(self) -> None:
        """Write what a labeling job of the simulated workforce reads."""
        s3 = self.client("s3")
        categories = {
            "document-version": "2018-11-28",
            "labels": [{"label": name} for name in CLASSES],
        }
        element = '<crowd-image-classifier name="crowd-image-classifier"></crowd-image-classifier>'
        s3.put_object(
            Bucket=self.output,
            Key="ground-truth/template.html",
            Body=f"<crowd-form>{element}</crowd-form>".encode(),
        )
        s3.put_object(
            Bucket=self.output,
            Key="ground-truth/categories.json",
            Body=json.dumps(categories).encode(),
        )


def json_round_trip(event: Any) -> Any:
    """Return an event as it comes out of the state machine."""
    return json.loads(json.dumps(event))


def new_pipeline(place: Place, environment: pytest.MonkeyPatch) -> Pipeline:
    """Create a pipeline under a fresh name."""
    return Pipeline(place, f"p{uuid.uuid4().hex[:12]}", environment).create()
