"""Reads a whole PagerDuty account, from which an import is planned, and who is on call as PagerDuty renders it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.importers.account import Account, Origin, Participant, PastIncident, unread_lists
from bot.importers.fields import id_of, instant_of, list_of, object_of, text_of
from bot.importers.pagerduty.convert import (
    ladder_of,
    nest,
    person_of,
    priorities_of,
    schedule_of,
    service_of,
    team_of,
    unsupported_of,
)
from bot.importers.pagerduty.source import PagerDuty
from bot.importers.proof import Duty
from bot.importers.reader import Reader
from bot.importers.rendering import render_schedules

SOURCE = "pagerduty"
Raw = Mapping[str, Any]


async def read_account(reader: Reader, *, history: bool = True) -> Account:
    """Read everything that the API key may read. Without `history`, past incidents are left out."""
    pagerduty = PagerDuty(reader, {})
    account = Account(SOURCE)
    for raw in await pagerduty.users():
        person, source_objects = person_of(raw)
        account.people.append(person)
        account.others += source_objects
    teams = await pagerduty.teams()
    account.teams = [team_of(raw) for raw in teams]
    nest(account.teams, teams)
    account.schedules = [schedule_of(raw) for raw in await pagerduty.schedules()]
    lists = await pagerduty.lists()
    account.ladders = [ladder_of(raw) for raw in lists["escalation_policies"]]
    for raw in lists["services"]:
        service, senders = service_of(raw)
        account.services.append(service)
        account.senders += senders
    account.priorities = priorities_of(lists["priorities"])
    account.others += unsupported_of(lists)
    if history:
        account.past = [incident_of(raw) for raw in await pagerduty.incidents()]
    account.others += unread_lists(pagerduty.missing)
    return account


def incident_of(raw: Raw) -> PastIncident:
    """A past incident with its log entries."""
    title = text_of(raw, "title", 300)
    past = PastIncident(Origin("incident", id_of(raw), title), title=title or f"Incident {id_of(raw)}")
    past.priority = text_of(object_of(raw, "priority"), "summary") or text_of(raw, "urgency")
    past.declared_at, past.services = instant_of(raw, "created_at"), (id_of(object_of(raw, "service")),)
    past.resolved_at = instant_of(raw, "resolved_at") or instant_of(raw, "last_status_change_at")
    for entry in sorted(list_of(raw, "log_entries"), key=lambda entry: text_of(entry, "created_at")):
        at, agent = instant_of(entry, "created_at"), text_of(object_of(entry, "agent"), "summary")
        if at is None:
            continue
        if text_of(entry, "type").startswith("acknowledge") and past.acknowledged_at is None:
            past.acknowledged_at, past.people = at, {"commander": id_of(object_of(entry, "agent"))}
        past.entries.append((at, agent, text_of(entry, "summary", 2000)))
    if past.declared_at is None:
        past.note("It has no time", "", lost=True)
    return past


async def rendering(reader: Reader, account: Account, start: datetime, end: datetime) -> dict[str, Sequence[Duty]]:
    """The duties of each schedule, from PagerDuty's final schedule."""
    pagerduty = PagerDuty(reader, {})

    async def duties_of(schedule: str, since: datetime, until: datetime) -> list[Duty]:
        return [duty for raw in await pagerduty.entries(schedule, since, until) if (duty := _duty(raw)) is not None]

    return await render_schedules(account, start, end, duties_of)


def _duty(raw: Mapping[str, Any]) -> Duty | None:
    start, end = instant_of(raw, "start"), instant_of(raw, "end")
    if start is None or end is None:
        return None
    user = object_of(raw, "user")
    return Duty(Participant("person", id_of(user), text_of(user, "summary")), start, end)
