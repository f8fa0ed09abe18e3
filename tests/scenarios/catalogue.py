"""Every scenario, played both in the sandbox and in the fault suite's world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios import intake, labeling_jobs, permissions, recovery, storing, verification

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.scenario import Scenario

    Play = Callable[[Scenario], None]

SCENARIOS: tuple[Play, ...] = (
    intake.mixed_upload_is_stored_or_given_up_with_a_reason,
    intake.empty_queue_costs_no_job,
    intake.messages_that_name_no_picture_are_given_up_and_the_batch_goes_on,
    labeling_jobs.three_refused_jobs_lead_to_a_probe_and_its_success_back,
    labeling_jobs.failed_job_costs_no_attempt,
    labeling_jobs.job_that_somebody_stops_costs_no_attempt_and_what_was_labeled_is_stored,
    labeling_jobs.used_up_attempts_end_as_dead_letter_that_an_operator_can_move_back,
    recovery.lost_completion_event_is_made_up_for_and_a_doubled_one_is_harmless,
    recovery.run_whose_execution_died_while_workers_label_is_resumed_once,
    recovery.job_of_an_aborted_execution_is_adopted_and_what_workers_gave_is_stored,
    recovery.job_of_an_aborted_execution_is_adopted_by_hand_too,
    recovery.execution_whose_time_is_over_is_followed_by_one_that_adopts_its_job,
    recovery.job_that_outlasts_the_waiting_state_is_stopped_and_what_was_labeled_is_stored,
    recovery.execution_that_dies_while_it_polls_loses_nothing,
    recovery.run_that_died_with_its_poll_is_taken_over_when_the_lease_has_passed,
    recovery.two_schedules_at_once_share_the_queue,
    recovery.overlapping_runs_share_no_item,
    storing.writes_that_fail_now_and_then_are_repeated,
    storing.run_that_cannot_store_stays_open_and_is_finished_without_a_second_job,
    permissions.poll_that_may_not_receive_takes_nothing,
    permissions.poll_that_may_not_delete_messages_loses_nothing,
    permissions.poll_that_fails_for_many_schedules_dead_letters_nothing,
    permissions.store_that_fails_for_many_schedules_is_made_up_for,
    permissions.return_that_fails_for_many_schedules_is_made_up_for,
)

#: Those of a pipeline that verifies.
VERIFIED: tuple[Play, ...] = (
    verification.verification_job_that_fails_costs_no_label,
    verification.rejected_labels_are_made_anew,
)


def name_of(play: Play) -> str:
    """The first part of a scenario's keys."""
    return play.__name__
