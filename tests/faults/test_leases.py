"""Waits and leases of the functions against the limits that the module gives them."""

from __future__ import annotations

from labeling_deployment.deployment import planned
from labeling_lambdas.aws.queues import HIDDEN_SECONDS, LONG_POLL_SECONDS
from labeling_lambdas.steps import draining, poll_queue


def test_messages_are_hidden_for_as_long_as_the_module_says() -> None:
    assert planned().queues["intake"].visibility_seconds == HIDDEN_SECONDS


def test_nothing_comes_back_while_the_call_that_received_it_may_run() -> None:
    timeout = planned().functions["poll_queue"].timeout_seconds
    assert timeout + LONG_POLL_SECONDS < HIDDEN_SECONDS


def test_a_poll_has_time_to_receive_before_it_must_stop() -> None:
    timeout = planned().functions["poll_queue"].timeout_seconds
    assert timeout / 2 > draining.STOP_RECEIVING_SECONDS + poll_queue.SEALING_SECONDS
