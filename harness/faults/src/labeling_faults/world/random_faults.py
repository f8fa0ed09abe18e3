"""Random faults: services that throttle, reject, lose responses and accept half of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from labeling_faults.label_studio.connection import SERVICE, failure
from labeling_faults.world.fault_points import LATE_SECONDS, Death, KillAt, carry_out_late

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from in_process_aws.calls import Answer, Call
    from labeling_faults.world.fault_points import FaultTarget

#: Error codes of a service that is throttled or has an internal error.
_PASSING_CODES = {
    "dynamodb": ("ThrottlingException", "InternalServerError"),
    "events": ("InternalException",),
    "lambda": ("TooManyRequestsException", "ServiceException"),
    "s3": ("SlowDown", "InternalError"),
    "sagemaker": ("ThrottlingException",),
    "secretsmanager": ("InternalServiceError",),
    "sagemaker-featurestore-runtime": ("ThrottlingException", "InternalFailure"),
    "sqs": ("RequestThrottled",),
    "stepfunctions": ("ThrottlingException",),
}

#: Possible error codes of CreateLabelingJob if the role is not ready, or if a quota other than that
#: of jobs is used up. No page documents the codes.
_UNLISTED_CODES = ("ValidationException", "AccessDeniedException", "ServiceQuotaExceededException")

#: Operations that the SDK retries with a token, so that a retry changes nothing.
_IDEMPOTENT = frozenset({"TransactWriteItems"})

_RECORD_OPERATIONS = frozenset({"PutRecord", "BatchWriteRecord"})

_FAILED_INSIDE = {"HTTPStatusCode": 503, "RetryAttempts": 0}


@dataclass
class Rates:
    """How often something goes wrong, as shares of the calls.

    Random histories take the values from ``_RATES`` in ``histories/histories.py``.

    Attributes:
        throttled: Calls that are rejected temporarily.
        conflicting: Transactions that meet other writers.
        lost: Calls whose answer is lost, so that the SDK asks again.
        unanswered: Calls that take effect but end in an error for good.
        partial: Entries of batches that are not taken.
        records: Calls of Feature Store that are rejected temporarily.
        slow: Calls that take ten seconds.
        late: Calls of Label Studio that it carries out after the function has stopped waiting.
    """

    throttled: float = 0.0
    conflicting: float = 0.0
    lost: float = 0.0
    unanswered: float = 0.0
    partial: float = 0.0
    records: float = 0.0
    slow: float = 0.0
    late: float = 0.0


@dataclass
class Interruption:
    """Something that happens in the middle of a function, between two of its calls.

    Attributes:
        number: Before or after which call.
        after_effect: Whether after it.
        happens: What happens.
    """

    number: int
    after_effect: bool
    happens: Callable[[], None]


@dataclass
class RandomFaults:
    """Injects faults into calls at random, and into some as it is told.

    Attributes:
        chance: Decides.
        rates: How often what goes wrong.
        denied: Operations for which the functions have no permission.
        deaths: Calls at which a process dies.
        interruptions: What happens between calls.
        label_studio_down_until: When Label Studio answers again, epoch seconds.
    """

    chance: random.Random
    rates: Rates = field(default_factory=Rates)
    denied: set[str] = field(default_factory=set)
    deaths: list[KillAt] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    label_studio_down_until: float = 0.0
    _repeating: bool = False

    def before(self, world: FaultTarget, number: int, call: Call) -> None:
        """Inject faults into a call before it takes effect."""
        if self._repeating:
            return
        self._interrupt(world, number, after_effect=False)
        for death in self.deaths:
            death.before(world, number, call)
        if self.chance.random() < self.rates.slow:
            world.clock.sleep(10.0)
        if call.service == SERVICE:
            self._refuse(world, call)
            return
        if call.operation in self.denied:
            raise world.account.error(call.service, call.operation, "AccessDeniedException")
        share = self.rates.throttled
        if call.operation in _RECORD_OPERATIONS:
            share = max(share, self.rates.records)
        if self.chance.random() < share:
            codes = _PASSING_CODES[call.service]
            if call.operation == "CreateLabelingJob":
                codes += _UNLISTED_CODES
            code = self.chance.choice(codes)
            raise world.account.error(call.service, call.operation, code)
        if call.operation == "TransactWriteItems" and self.chance.random() < self.rates.conflicting:
            reasons = [{"Code": "None"} for _ in call.parameters["TransactItems"]]
            reasons[self.chance.randrange(len(reasons))] = {"Code": "TransactionConflict"}
            raise world.account.error(
                "dynamodb",
                "TransactWriteItems",
                "TransactionCanceledException",
                CancellationReasons=reasons,
            )

    def _refuse(self, world: FaultTarget, call: Call) -> None:
        """Let Label Studio be down, or busy for so long that the function does not wait."""
        request = call.parameters["request"]
        is_down = world.clock.now < self.label_studio_down_until
        if is_down or self.chance.random() < self.rates.throttled:
            raise failure(request, HTTPStatus.BAD_GATEWAY)
        if self.chance.random() < self.rates.late:
            carry_out_late(world, call, self.chance.uniform(0, LATE_SECONDS))

    def after(self, world: FaultTarget, number: int, call: Call, answer: Answer) -> None:
        """Inject faults into the response of a call that has taken effect."""
        if self._repeating:
            return
        for death in self.deaths:
            death.after(world, number, call, answer)
        self._interrupt(world, number, after_effect=True)
        if call.service == SERVICE:
            if self.chance.random() < max(self.rates.unanswered, self.rates.lost):
                raise failure(call.parameters["request"], HTTPStatus.GATEWAY_TIMEOUT)
            return
        if self.chance.random() < self.rates.lost and call.operation not in _IDEMPOTENT:
            self._repeat(world, call, answer)
        if self.chance.random() < self.rates.unanswered:
            code = _PASSING_CODES[call.service][-1]
            # A failure of the service, not a refusal: the call has had its effect.
            raise world.account.error(
                call.service, call.operation, code, ResponseMetadata=_FAILED_INSIDE
            )

    def _interrupt(self, world: FaultTarget, number: int, *, after_effect: bool) -> None:
        for interruption in list(self.interruptions):
            if (interruption.number, interruption.after_effect) == (number, after_effect):
                self.interruptions.remove(interruption)
                with world.outside():
                    interruption.happens()

    def _repeat(self, world: FaultTarget, call: Call, answer: Answer) -> None:
        # The first answer never arrived: the SDK asks again, and what it then hears counts.
        self._repeating = True
        try:
            second = world.account.call(call.service, call.operation, call.parameters)
        finally:
            self._repeating = False
        answer.clear()
        answer.update(second)
        answer["ResponseMetadata"] = {**answer["ResponseMetadata"], "RetryAttempts": 1}

    def kill(self, world: FaultTarget, offset: int, *, after_effect: bool, death: Death) -> None:
        """Let a process die some calls from now."""
        self.deaths.append(KillAt(world.calls + offset, after_effect, death))

    def split_batches(self, world: FaultTarget) -> None:
        """Let services accept parts of batches, at the rate that holds when they come.

        In half of the worlds functions are not told that an object is absent.
        """
        account = world.account

        def chosen(entries: Sequence[Any]) -> set[int]:
            inside = world.invocations and not self._repeating
            share = self.rates.partial if inside else 0.0
            return {it for it in range(len(entries)) if self.chance.random() < share}

        def failing(entries: Sequence[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
            errors = dict.fromkeys(chosen(entries), ("InternalFailure", "passing"))
            return {**errors, **world.refuse_records(entries)}

        def handed_over(available: int) -> int:
            if not world.invocations or not self.rates.partial:
                return available
            return self.chance.randint(0, available)

        account.sqs.refused = account.events.refused = chosen
        account.dynamodb.unprocessed = account.features.unprocessed = chosen
        account.features.failing = failing
        account.sqs.handed_over = handed_over
        account.s3.hides_absent = lambda: bool(world.invocations) and world.seed % 2 == 1
