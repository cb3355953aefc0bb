"""Operations on incidents as a whole: list them, read one, declare one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.values.durations import LONGEST, parse_duration
from bot.json_shapes.incidents import incident_json, whole_incident_json
from bot.operations.base import (
    CURSOR,
    Answer,
    Arguments,
    Call,
    Instant,
    MaybeWords,
    Operation,
    Words,
    question,
    severity_key,
)
from bot.operations.cursors import position, token
from bot.operations.shapes import IncidentShape, IncidentsShape
from bot.operations.versions import version_of
from bot.operations.visibility import visible_incident
from bot.usecases.incidents.declare import SPEED, Declaration, declare
from bot.usecases.queries.list_incidents import IncidentQuery, list_incidents
from bot.usecases.queries.merged_timeline import read_together
from storage import deadlines
from storage.outbox import census
from storage.timeline import entries as timeline

PAGE, MOST = 50, 500
_STATUS = "|".join(Status)
STATUSES = f"^(open|({_STATUS})(,({_STATUS})){{0,9}})$"


class ListArguments(Arguments):
    """Which incidents to list."""

    status: Annotated[str, Field(pattern=STATUSES, description="`open`, or statuses separated by commas.")] | None = (
        None
    )
    severity: Annotated[str, Field(max_length=200, description="Severities, separated by commas.")] | None = None
    service: Annotated[str, Field(max_length=100)] | None = None
    since: Annotated[Instant, Field(description="Declared at this instant or later.")] | None = None
    until: Annotated[Instant, Field(description="Declared before this instant.")] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


class GetArguments(Arguments):
    """What to include: `all` adds the whole timeline, the reminders, and the failed notices."""

    include: Literal["all"] | None = None


class DeclareArguments(Arguments):
    """A new incident. Without a severity it gets the middle one of the policy."""

    title: Words
    severity: Annotated[str, Field(max_length=40)] | None = None
    description: MaybeWords = ""
    category: Annotated[str, Field(max_length=100)] | None = None
    services: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=100)] = ()
    private: bool = False
    drill: bool = False
    slack_down: Annotated[
        str,
        Field(pattern=r"^([1-9][0-9]{0,2}[smhd])?$", description="A drill: nothing of it goes to Slack so long."),
    ] = ""
    plays: Annotated[
        str,
        Field(pattern=r"^([Ii][Nn][Cc]-[1-9][0-9]{0,8})?$", description="A drill: the past incident that it plays."),
    ] = ""
    at: Annotated[
        str, Field(pattern=r"^([1-9][0-9]{0,2}x)?$", description="So many times as fast it plays, such as 10x.")
    ] = ""
    detected_at: Instant | None = None


def incident_answer(incident: Incident, *, made: bool = False) -> Answer:
    """An incident as an answer, with its version."""
    location = f"/incidents/{incident.id}" if made else None
    return Answer(incident_json(incident), version_of(incident), location)


async def _list(call: Call, arguments: ListArguments) -> Answer:
    statuses = (arguments.status or "").split(",") if arguments.status else []
    query = IncidentQuery(
        open_only=statuses == ["open"],
        statuses=frozenset() if statuses == ["open"] else frozenset(map(Status, statuses)),
        severities=frozenset(_severities(call, arguments.severity)),
        service=arguments.service,
        since=arguments.since,
        until=arguments.until,
        before=position(arguments.cursor),
    )
    async with call.context.database.reading() as conn:
        page = await list_incidents(conn, query, None if call.operator else call.actor, arguments.limit)
    cursor = token(page.more_before) if page.more_before is not None else None
    return Answer({"incidents": [incident_json(incident) for incident in page.incidents], "next_cursor": cursor})


def _severities(call: Call, text: str | None) -> list[str]:
    """The keys of severities. Raises `BadArgument` for one that the policy does not have."""
    return [severity_key(call, name.strip()) for name in (text or "").split(",") if name.strip()]


async def _get(call: Call, arguments: GetArguments) -> Answer:
    incident = await visible_incident(call)
    if arguments.include is None:
        return incident_answer(incident)
    async with call.context.database.reading() as conn:
        entries = await timeline.read(conn, incident.number)
        rows = await deadlines.ledger(conn, incident.number)
        failures = await census.failed_or_blocked(conn, incident.number)
        reader = None if call.operator else call.actor
        merged_entries = await read_together(conn, incident, reader) if incident.merged else []
    return Answer(whole_incident_json(incident, entries, rows, failures, merged_entries), version_of(incident))


async def _declare(call: Call, arguments: DeclareArguments) -> Answer:
    if arguments.detected_at is not None and call.context.clock.now() - arguments.detected_at > LONGEST:
        raise Refused(f"It cannot have been detected more than {LONGEST.days} days ago.")
    levels = call.context.policy.severities
    plays = _plays(arguments)
    severity = arguments.severity or ("" if plays else levels[len(levels) // 2].key)
    declaration = Declaration(
        title=arguments.title,
        severity=severity_key(call, severity) if severity else "",
        actor=call.actor,
        description=arguments.description,
        category=arguments.category,
        services=tuple(dict.fromkeys(arguments.services)),
        private=arguments.private,
        drill=arguments.drill,
        plays=plays,
        speed=int(arguments.at.rstrip("x") or SPEED),
        slack_down=_slack_down(arguments),
        detected_at=arguments.detected_at,
        request_key=call.request_key,
    )
    return incident_answer(await declare(call.context, declaration, call.delivery), made=True)


def _plays(arguments: DeclareArguments) -> int | None:
    """The number of the past incident that the drill plays. Raises `Refused` if it is not a drill."""
    if not arguments.plays:
        if arguments.at:
            raise Refused("Say which past incident is played: send `plays` as well, such as INC-42.")
        return None
    if not arguments.drill:
        raise Refused("Only a drill plays a past incident. Send `drill` as well.")
    return int(arguments.plays[4:])


def _slack_down(arguments: DeclareArguments) -> timedelta | None:
    """The time for which the drill withholds messages from Slack. Raises `Refused` if it is not a drill."""
    if not arguments.slack_down:
        return None
    if not arguments.drill:
        raise Refused("Only a drill withholds what goes to Slack. Send `drill` as well.")
    return parse_duration(arguments.slack_down)


OPERATIONS = (
    question(
        "list_incidents",
        "/incidents",
        "List incidents, the newest first",
        _list,
        IncidentsShape,
        arguments=ListArguments,
        example={"status": "open", "limit": 20},
    ),
    question(
        "get_incident",
        "/incidents/{id}",
        "Read an incident",
        _get,
        IncidentShape,
        arguments=GetArguments,
        conditional=True,
    ),
    Operation(
        name="declare_incident",
        method="POST",
        path="/incidents",
        summary="Declare an incident",
        run=_declare,
        answer=IncidentShape,
        arguments=DeclareArguments,
        example={"title": "Checkout is down", "severity": "{mild}"},
        status=201,
        asks_who=False,
    ),
)
