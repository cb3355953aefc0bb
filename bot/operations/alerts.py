"""Operations on groups of alerts and silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import silence
from bot.domain.alerts.group import AlertGroup
from bot.domain.errors import NotFound
from bot.domain.timeline.entry import BOT
from bot.json_shapes.alerts import explanation_json, group_json, silence_json, without_incident
from bot.operations.base import (
    CURSOR,
    Answer,
    Arguments,
    Call,
    MaybeWords,
    NoArguments,
    Operation,
    Shape,
    number_in,
    question,
)
from bot.operations.cursors import position, token
from bot.operations.incidents import incident_answer
from bot.operations.shapes import IncidentShape
from bot.operations.verbs import span
from bot.operations.visibility import visible_incident
from bot.usecases import authorize
from bot.usecases.alerts import act
from bot.usecases.alerts.silence import add_silence, end_silence
from bot.usecases.incidents.declare import Declaration
from bot.usecases.queries.alert_rates import alert_rates
from bot.usecases.visibility import visible_among
from storage import incidents
from storage.alerts import groups, members, silences
from storage.alerts.members import MemberCount

PAGE, MOST_GROUPS, MOST_ALERTS = 50, 200, 100  # groups in an answer, and alerts of each
MOST_IN_ALL = 5000  # alerts in an answer
TAG = "Alerts"


class GroupShape(Shape):
    """A group of alerts, with its first alerts."""

    model_config = ConfigDict(title="AlertGroup")

    id: str = Field(examples=["AG-7"])
    state: str
    title: str
    source: str
    route: str
    severity: str
    service: str | None
    opened_at: datetime
    resolved_at: datetime | None
    firing: int
    resolved: int
    flaps: int
    truncated: int
    decision: str
    reason: str
    incident: str | None
    alerts: list[dict[str, Any]]


class GroupsShape(Shape):
    """Groups of alerts."""

    model_config = ConfigDict(title="AlertGroups")

    groups: list[GroupShape]
    next_cursor: str | None


class ExplanationShape(Shape):
    """The explanation of a group's decision."""

    model_config = ConfigDict(title="Explanation")

    id: str
    decision: str
    reason: str
    steps: list[dict[str, Any]]


class SilenceShape(Shape):
    """A silence."""

    model_config = ConfigDict(title="Silence")

    id: str = Field(examples=["SI-3"])
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    by: str
    reason: str


class SilencesShape(Shape):
    """The silences in force."""

    model_config = ConfigDict(title="Silences")

    silences: list[SilenceShape]


class RuleRatesShape(Shape):
    """How good the alerts of one rule at one service are. Shares are from 0 to 1; null: there were none."""

    model_config = ConfigDict(title="RuleRates")

    rule: str
    service: str | None
    told: int = Field(description="Groups of alerts that told people.")
    right: int
    false: int
    noise: int = Field(description="Dismissed as known or not actionable.")
    flaps: int
    precision: float | None = Field(description="The share of decided groups that were right.")
    time_to_detect_s: float | None
    time_to_triage_s: float | None
    time_to_mitigate_s: float | None


class AlertRatesShape(Shape):
    """How good the alerts of a period are. Shares are from 0 to 1; null: there were none."""

    model_config = ConfigDict(title="AlertRates")

    incidents: int
    detection_rate: float | None = Field(description="The share of incidents that an alert detected first.")
    false_negative_rate: float | None = Field(description="The share of incidents that no alert detected.")
    false_positive_rate: float | None = Field(description="The share of decided groups that were false.")
    decided: int
    rules: list[RuleRatesShape] = Field(description="The noisiest first.")


class PageArguments(Arguments):
    """How many groups to list, and where to go on."""

    limit: Annotated[int, Field(ge=1, le=MOST_GROUPS)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


class ScopeArguments(PageArguments):
    """Which groups to list, the newest first."""

    scope: Literal["firing", "all"] = "firing"


class AttachArguments(Arguments):
    """The incident that the group becomes part of."""

    incident: Annotated[str, Field(pattern=r"^(INC-)?[0-9]{1,10}$", examples=["INC-42"])]


class DismissArguments(Arguments):
    """The reason for dismissing the group."""

    why: Literal["false_alarm", "known", "not_actionable"]
    note: MaybeWords = ""


Span = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,7}[smhd]$", description="Such as 90s, 15m, 2h or 1d.")]


class NoiseArguments(Arguments):
    """How far to look back."""

    since: Span = "30d"


# Without `\s`, which every dialect of regular expressions reads otherwise.
LabelName = Annotated[str, StringConstraints(strip_whitespace=False, pattern=r"^[^=\x00-\x20\x7f]{1,100}$")]


class SilenceArguments(Arguments):
    """Labels with the value that each must have, exactly or as `/re/`, and for how long."""

    labels: Annotated[
        dict[
            LabelName,
            Annotated[str, Field(min_length=1, max_length=300)],
        ],
        # Pydantic writes the names as `patternProperties`, which says nothing of names that do not match.
        Field(min_length=1, max_length=20, json_schema_extra={"additionalProperties": False}),
    ]
    duration: Span
    reason: Annotated[str, Field(max_length=300)] = ""


async def _list(call: Call, arguments: ScopeArguments) -> Answer:
    async with call.context.database.reading() as conn:
        read = groups.firing if arguments.scope == "firing" else groups.newest
        group_page = await read(conn, arguments.limit + 1, position(arguments.cursor))
        page = group_page[: arguments.limit]
        return await _groups(call, conn, page, token(page[-1].number) if len(group_page) > len(page) else None)


async def _of_incident(call: Call, arguments: PageArguments) -> Answer:
    incident = await visible_incident(call)
    offset = position(arguments.cursor) or 0
    async with call.context.database.reading() as conn:
        group_page = await groups.of_incident(conn, incident.number, arguments.limit + 1, offset)
        page = group_page[: arguments.limit]
        return await _groups(call, conn, page, token(offset + len(page)) if len(group_page) > len(page) else None)


async def _groups(call: Call, conn: AsyncConnection, alert_groups: Sequence[AlertGroup], cursor: str | None) -> Answer:
    counts = await members.counts(conn, [group.number for group in alert_groups])
    hidden = await _hidden_incidents(call, conn, alert_groups)
    most = min(MOST_ALERTS, MOST_IN_ALL // max(1, len(alert_groups)))
    alerts = await members.of_groups(conn, [group.number for group in alert_groups], most)
    rows = []
    for group in alert_groups:
        as_json = group_json(group, counts.get(group.number, MemberCount()), alerts.get(group.number, []))
        rows.append(without_incident(as_json, group.incident) if group.incident in hidden else as_json)
    return Answer({"groups": rows, "next_cursor": cursor})


async def _hidden_incidents(call: Call, conn: AsyncConnection, alert_groups: Sequence[AlertGroup]) -> set[int | None]:
    """The incidents of the groups that the actor may not see."""
    if call.operator:
        return set()
    numbers = {group.incident for group in alert_groups if group.incident is not None}
    private = await incidents.private_among(conn, numbers)
    visible = await visible_among(conn, private, call.actor)
    return {incident.number for incident in private if incident.number not in visible}


async def _explain(call: Call, _: NoArguments) -> Answer:
    async with call.context.database.reading() as conn:
        group = await groups.get(conn, _group(call))
        if group is None:
            raise NotFound(f"There is no group of alerts {call.path['id'][:40]}.", "alerts")
        hidden = await _hidden_incidents(call, conn, [group])
    explanation = explanation_json(group, call.context.policy)
    return Answer(without_incident(explanation, group.incident) if group.incident in hidden else explanation)


def _group(call: Call) -> int:
    return number_in(call.path["id"], "AG-", "group of alerts")


async def _declare(call: Call, _: NoArguments) -> Answer:
    async with call.context.database.reading() as conn:
        group = await groups.get(conn, _group(call))
    if group is None:
        raise NotFound(f"There is no group of alerts {call.path['id'][:40]}.", "alerts")
    declaration = Declaration(group.title, group.severity, call.actor, services=group.services)
    incident = await act.declare_from_card(call.context, group.number, declaration, call.delivery)
    return incident_answer(incident, made=True)


async def _attach(call: Call, arguments: AttachArguments) -> Answer:
    incident = await visible_incident(
        Call(call.context, call.actor, {"id": arguments.incident}, operator=call.operator)
    )
    attached = await act.attach_to_incident(call.context, _group(call), incident.number, call.actor, call.delivery)
    return incident_answer(attached)


async def _dismiss(call: Call, arguments: DismissArguments) -> Answer:
    group = await act.dismiss(call.context, _group(call), arguments.why, arguments.note, call.actor, call.delivery)
    return Answer(explanation_json(group, call.context.policy))


async def _noise(call: Call, arguments: NoiseArguments) -> Answer:
    since = call.context.clock.now() - span(arguments.since)
    async with call.context.database.reading() as conn:
        rates = asdict(await alert_rates(conn, since))
    return Answer({**rates, "rules": list(rates["rules"])})


async def _silences(call: Call, _: NoArguments) -> Answer:
    async with call.context.database.reading() as conn:
        in_force = await silences.in_force(conn, call.context.clock.now())
    return Answer({"silences": [silence_json(row) for row in in_force]})


async def _silence(call: Call, arguments: SilenceArguments) -> Answer:
    now, by = call.context.clock.now(), BOT if call.operator else call.actor
    new_silence = silence.silence(list(arguments.labels.items()), span(arguments.duration), by, arguments.reason, now)
    stored = await add_silence(call.context, new_silence, call.delivery)
    return Answer(silence_json(stored), location=f"/silences/{stored.id}")


async def _end_silence(call: Call, _: NoArguments) -> Answer:
    authorize.require(call.context, "silence", call.actor)
    ended = await end_silence(call.context, number_in(call.path["id"], "SI-", "silence"))
    return Answer(silence_json(ended))


OPERATIONS = (
    question("list_alerts", "/alerts", "List groups of alerts", _list, GroupsShape, arguments=ScopeArguments,
             example={"scope": "all"}, tag=TAG),
    question("list_incident_alerts", "/incidents/{id}/alerts", "List the alerts of an incident", _of_incident,
             GroupsShape, arguments=PageArguments, example={"limit": 20}),
    question("alert_noise", "/alerts/noise", "How good the alerts are, by rule, the noisiest first", _noise,
             AlertRatesShape, arguments=NoiseArguments, example={"since": "30d"}, tag=TAG),
    question("explain_alerts", "/alerts/{id}", "Why a group of alerts was decided as it was", _explain,
             ExplanationShape, tag=TAG),
    Operation(name="declare_from_alerts", method="POST", path="/alerts/{id}/declare", run=_declare, status=201,
              summary="Declare an incident for a group", answer=IncidentShape, asks_who=False, tag=TAG),
    Operation(name="attach_alerts", method="POST", path="/alerts/{id}/attach", run=_attach, arguments=AttachArguments,
              summary="Make a group part of an open incident", answer=IncidentShape, tag=TAG,
              example={"incident": "INC-1"}),
    Operation(name="dismiss_alerts", method="POST", path="/alerts/{id}/dismiss", run=_dismiss,
              arguments=DismissArguments, summary="Dismiss a group", answer=ExplanationShape, tag=TAG,
              example={"why": "known", "note": "The migration"}),
    question("list_silences", "/silences", "List the silences in force", _silences, SilencesShape, tag=TAG),
    Operation(name="add_silence", method="POST", path="/silences", run=_silence, arguments=SilenceArguments,
              summary="Silence alerts by their labels for a while", answer=SilenceShape, status=201, tag=TAG,
              example={"labels": {"alertname": "HighErrors"}, "duration": "2h", "reason": "Load test"}),
    Operation(name="end_silence", method="DELETE", path="/silences/{id}", run=_end_silence, answer=SilenceShape,
              summary="End a silence now", tag=TAG),
)  # fmt: skip
