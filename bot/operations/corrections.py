"""Operations that correct the record of an incident: its times, words on the timeline, and the policy it follows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.domain.incident import Incident
from bot.domain.incident.times import LABELS, ImpossibleTime
from bot.operations.base import Arguments, BadArgument, Call, Instant, Words
from bot.operations.verbs import verb
from bot.usecases.incidents import change_policy, redact
from bot.usecases.incidents.correct_times import correct_times


class TimesArguments(Arguments):
    """The corrected times, and how they are known. A time that is left out stays as it is."""

    started_at: Instant | None = None
    detected_at: Instant | None = None
    mitigated_at: Instant | None = None
    resolved_at: Instant | None = None
    impact_ended_at: Instant | None = None
    reason: Words


class RedactArguments(Arguments):
    """The entry to redact, and why. Its place, time and hash stay."""

    seq: Annotated[int, Field(ge=1, le=2**53, description="Of the entry, as the timeline says.")]
    reason: Words


class PolicyArguments(Arguments):
    """The digest of the policy to apply; without one, the policy in force."""

    digest: Annotated[str, Field(min_length=1, max_length=100)] | None = None


async def _times(call: Call, arguments: TimesArguments) -> Incident:
    corrections = {name: at for name in LABELS if (at := getattr(arguments, name)) is not None}
    if not corrections:
        raise BadArgument("started_at", "Give at least one time.")
    try:
        return await correct_times(
            call.context, call.number, corrections, arguments.reason, call.actor, call.delivery
        )  # fmt: skip
    except ImpossibleTime as error:
        raise BadArgument(error.field, error.message) from None


async def _redact(call: Call, arguments: RedactArguments) -> Incident:
    redaction = await redact.redact(
        call.context, call.number, arguments.seq, arguments.reason, call.actor, call.delivery
    )
    return redaction.incident


async def _policy(call: Call, arguments: PolicyArguments) -> Incident:
    digest = arguments.digest or call.context.policy.digest
    return await change_policy.apply(call.context, call.number, digest, call.actor, call.delivery)


OPERATIONS = (
    verb("times", "Correct when it started, was detected, mitigated, resolved", _times, TimesArguments,
         name="correct_times", example={"started_at": "2026-01-05T02:31:00Z", "reason": "From the deploy log"}),
    verb("redact", "Strike words that should not have been said", _redact, RedactArguments, name="redact_entry",
         asks_who=False, example={"seq": 1, "reason": "A password"}),
    verb("policy", "Let the incident follow the policy in force", _policy, PolicyArguments, name="apply_policy"),
)  # fmt: skip
