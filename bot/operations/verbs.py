"""Operations that acknowledge, update, change, end and reopen an incident."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.values.durations import parse_duration
from bot.operations.base import (
    Answer,
    Arguments,
    Call,
    Duration,
    Instant,
    MaybeWords,
    NoArguments,
    Operation,
    Words,
    severity_key,
)
from bot.operations.incidents import incident_answer
from bot.operations.shapes import IncidentShape
from bot.operations.visibility import visible_incident
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.cancel import cancel
from bot.usecases.incidents.change_severity import change_severity
from bot.usecases.incidents.change_status import change_status
from bot.usecases.incidents.close import close
from bot.usecases.incidents.next_update import promise
from bot.usecases.incidents.note import note
from bot.usecases.incidents.post_update import post_update
from bot.usecases.incidents.reopen import reopen
from bot.usecases.incidents.resolve import resolve
from bot.usecases.incidents.snooze import end_snooze, snooze

Change = Callable[[Call, Any], Awaitable[Incident]]


class UpdateArguments(Arguments):
    """A status update. What is left out stays as it is."""

    text: Words
    status: Status | None = None
    severity: Annotated[str, Field(max_length=40)] | None = None
    next_in: Annotated[Duration, Field(description="When the next update comes.")] | None = None


class StatusArguments(Arguments):
    """The new status. A note counts as a status update for the cadence."""

    status: Status
    note: MaybeWords = ""


class SeverityArguments(Arguments):
    """The new severity."""

    severity: Annotated[str, Field(max_length=40)]
    reason: MaybeWords = ""


class NoteArguments(Arguments):
    """A key entry for the timeline."""

    text: Words
    link: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s]+$")] | None = None


class SnoozeArguments(Arguments):
    """For how long no reminders are sent, or `off`."""

    duration: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,2}[smhd]|off)$", description="Such as 30m, or off.")]


class NextArguments(Arguments):
    """When the next update is promised."""

    duration: Duration


class ResolveArguments(Arguments):
    """The summary and the root cause. A text that is left out keeps its earlier value."""

    summary: MaybeWords = ""
    root_cause: MaybeWords = ""
    impact_ended_at: Instant | None = None


class ReasonArguments(Arguments):
    """Why."""

    reason: Words


def verb(
    word: str, summary: str, change: Change, arguments: type[Arguments] = NoArguments, **more: Any
) -> Operation:  # the usual parts
    """An operation `POST /incidents/{id}/{word}` that changes the incident, and answers it."""

    async def run(call: Call, request: Any) -> Answer:
        await visible_incident(call)
        return incident_answer(await change(call, request))

    values: dict[str, Any] = {"name": f"{word}_incident", "arguments": arguments, "conditional": True, **more}
    return Operation(
        method="POST", path=f"/incidents/{{id}}/{word}", summary=summary, run=run, answer=IncidentShape, **values
    )


async def _acknowledge(call: Call, _: NoArguments) -> Incident:
    return (await acknowledge(call.context, call.number, call.actor, call.delivery)).incident


async def _update(call: Call, arguments: UpdateArguments) -> Incident:
    return await post_update(
        call.context,
        call.number,
        arguments.text,
        call.actor,
        status=arguments.status,
        severity=severity_key(call, arguments.severity) if arguments.severity else None,
        next_in=span(arguments.next_in) if arguments.next_in else None,
        delivery=call.delivery,
    )


async def _status(call: Call, arguments: StatusArguments) -> Incident:
    if arguments.status is Status.DETECTED:
        raise Refused("An incident cannot become undetected.", "status investigating")
    return await change_status(call.context, call.number, arguments.status, call.actor, arguments.note, call.delivery)


async def _severity(call: Call, arguments: SeverityArguments) -> Incident:
    return await change_severity(
        call.context,
        call.number,
        severity_key(call, arguments.severity),
        call.actor,
        arguments.reason,
        delivery=call.delivery,
    )


async def _note(call: Call, arguments: NoteArguments) -> Incident:
    return await note(call.context, call.number, arguments.text, call.actor, arguments.link, call.delivery)


async def _snooze(call: Call, arguments: SnoozeArguments) -> Incident:
    if arguments.duration == "off":
        return await end_snooze(call.context, call.number, call.actor, call.delivery)
    return await snooze(call.context, call.number, span(arguments.duration), call.actor, call.delivery)


async def _next(call: Call, arguments: NextArguments) -> Incident:
    return await promise(call.context, call.number, span(arguments.duration), call.actor, call.delivery)


async def _resolve(call: Call, arguments: ResolveArguments) -> Incident:
    return await resolve(
        call.context,
        call.number,
        call.actor,
        summary=arguments.summary,
        root_cause=arguments.root_cause,
        impact_ended_at=arguments.impact_ended_at,
        delivery=call.delivery,
    )


async def _close(call: Call, _: NoArguments) -> Incident:
    return await close(call.context, call.number, call.actor, call.delivery)


async def _cancel(call: Call, arguments: ReasonArguments) -> Incident:
    return await cancel(call.context, call.number, call.actor, arguments.reason, call.delivery)


async def _reopen(call: Call, arguments: ReasonArguments) -> Incident:
    return await reopen(call.context, call.number, call.actor, arguments.reason, call.delivery)


def span(text: str) -> timedelta:
    """A duration such as `30m`. Raises `Refused` with an example."""
    return parse_duration(text)


OPERATIONS = (
    verb(
        "acknowledge", "Say that you are responding", _acknowledge, asks_who=False, also=("/incidents/{id}/ack",)
    ),
    verb(
        "update", "Post a status update", _update, UpdateArguments, name="post_update",
        example={"text": "Rolled back, error rate is falling", "next_in": "30m"},
    ),
    verb(
        "status", "Change the status", _status, StatusArguments, name="change_status",
        example={"status": "identified", "note": "Bad deploy at 02:47"},
    ),
    verb(
        "severity", "Change the severity", _severity, SeverityArguments, name="change_severity",
        example={"severity": "{worst}", "reason": "All customers are affected"},
    ),
    verb(
        "note", "Add a key entry to the timeline", _note, NoteArguments, name="add_note", asks_who=False,
        example={"text": "Deploy 4512 went out at 02:47"},
    ),
    verb("snooze", "Quiet the reminders for a while", _snooze, SnoozeArguments, example={"duration": "30m"}),
    verb(
        "next", "Promise the next update", _next, NextArguments, name="promise_update", asks_who=False,
        example={"duration": "1h"},
    ),
    verb("resolve", "End the incident", _resolve, ResolveArguments, example={"summary": "Rolled back deploy 4512"}),
    verb("close", "Close it once nothing is left to do", _close),
    verb("cancel", "End it as a false alarm", _cancel, ReasonArguments, example={"reason": "The probe was wrong"}),
    verb("reopen", "Open it again", _reopen, ReasonArguments, example={"reason": "Errors are back since 04:10"}),
)  # fmt: skip
