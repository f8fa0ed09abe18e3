"""The events that the state machine passes to the functions. They must match its template."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class RecoverEvent(TypedDict):
    """Event of ``recover_runs``.

    Keys:
        state_machine_arn: The state machine.
        execution_arn: The execution that calls.
        resume_run: A run for this execution to take over; absent to recover all open runs.
    """

    state_machine_arn: str
    execution_arn: str
    resume_run: NotRequired[str]


class RunReference(TypedDict, total=False):
    """The fields of an execution that identify its run.

    Keys:
        run_id: The run; absent before the first poll of a new run.
        resumed: Whether the run was taken over, so that the poll only seals it.
        pollers: Numbers of the pollers that drain the queue at the same time; absent if one does.
    """

    run_id: str
    resumed: bool
    pollers: list[int]


class PollEvent(TypedDict):
    """Event of ``poll_queue``.

    Keys:
        execution_arn: The execution that calls.
        execution_started: When it was started.
        run: The run.
        poller: Number of the poller, from 1; absent for the poll that comes last.
        pollers: How many pollers drain the queue at the same time.
    """

    execution_arn: str
    execution_started: str
    run: RunReference
    poller: NotRequired[int]
    pollers: NotRequired[int]


class WaitEvent(TypedDict):
    """Event of a state that waits for a labeling job.

    Keys:
        execution_arn: The execution that calls.
        run_id: The run.
        generation: Generation of the run.
        stage: ``label`` or ``verify``.
        task_token: Token of the waiting state.
        entered_at: When the state was entered.
        retry_count: Which repeat of the state this is.
    """

    execution_arn: str
    run_id: str
    generation: int
    stage: str
    task_token: str
    entered_at: str
    retry_count: int


class VerifyEvent(WaitEvent):
    """Event of ``start_verification_job``.

    Keys:
        labeling_job: The result of the state that waited for the labeling job.
    """

    labeling_job: dict[str, Any]


class PlanEvent(TypedDict):
    """Event of ``plan_results``.

    Keys:
        execution_arn: The execution that calls.
        run_id: The run.
        labeling_job: The result of the state that waited for the labeling job.
        verification_job: The result of the state that waited for the verification job; absent
            without verification, and in an execution that began without it.
    """

    execution_arn: str
    run_id: str
    labeling_job: dict[str, Any]
    verification_job: NotRequired[dict[str, Any]]


class StoreEvent(TypedDict):
    """Event of ``update_feature_store``.

    Keys:
        run_id: The run.
        folder: Folder of the run's plan.
        shard: Number of the shard.
    """

    run_id: str
    folder: str
    shard: int


class ReturnEvent(TypedDict):
    """Event of ``return_items``.

    Keys:
        run_id: The run.
        folder: Folder of the run's plan.
        return_shards: Number of shards of claims to return.
        stored: Results of the shards. A shard that could not be stored adds nothing.
        position: Where to continue.
    """

    run_id: str
    folder: str
    return_shards: int
    stored: list[dict[str, int]]
    position: int


class FinishEvent(TypedDict):
    """Event of ``finish_run``."""

    execution_arn: str
    run_id: str


class PrepareEvent(TypedDict):
    """Ground Truth's event of ``prepare_verification``; ``dataObject`` is the manifest line."""

    version: str
    labelingJobArn: str
    dataObject: dict[str, Any]


class ConsolidateEvent(TypedDict):
    """Ground Truth's event of ``consolidate_verification``.

    Keys:
        version: Version of the event.
        labelingJobArn: The verification job.
        labelCategories: Categories of the job; null for some jobs.
        labelAttributeName: Label attribute name of the job.
        payload: Contains the location of the file with the answers.
    """

    version: str
    labelingJobArn: str
    labelCategories: NotRequired[list[str] | None]
    labelAttributeName: str
    payload: dict[str, Any]
