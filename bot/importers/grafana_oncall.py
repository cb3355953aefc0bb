"""Reads a Grafana OnCall account by its HTTP API.

https://grafana.com/docs/oncall/latest/oncall-api-reference/: lists are paged by `page`, and have `next` while there are
more. Schedules combine shifts, calendars and overrides of several kinds; the API lists the result as
`final_shifts`, so schedules are moved shift by shift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.importers import oncall_people, oncall_routes
from bot.importers.account import (
    NOBODY,
    Account,
    Ladder,
    Origin,
    Participant,
    PastIncident,
    Person,
    Rotation,
    Rung,
    Schedule,
    Sender,
    SourceObject,
    Team,
    unread_lists,
)
from bot.importers.errors import Forbidden, ImportFailed
from bot.importers.fields import id_of, instant_of, int_of, list_of, text_of
from bot.importers.proof import Duty
from bot.importers.reader import Reader, all_of

SOURCE = "grafana-oncall"
_REST = {
    "webhooks": (
        "webhook",
        "It sends OnCall's alert groups elsewhere",
        "Give the receiver a webhook of Tocsin's: docs/notifiers.md.",
    ),
    "resolution_notes": (
        "resolution_note",
        "Its alert group has no timeline here",
        "Write it to a playbook, if it helps.",
    ),
    "shift_swaps": (
        "shift_swap",
        "A swap that is taken is in its schedule's shifts already",
        "Offer open ones anew: /incident cover.",
    ),
}  # fmt: skip
BACK, AHEAD = timedelta(days=31), timedelta(days=180)
_MOST_PAGES = 500
Raw = Mapping[str, Any]


_STEPS = {  # what to do about steps that have no counterpart
    "trigger_webhook": "Give the receiver a webhook of Tocsin's: docs/notifiers.md.",
    "resolve": "Nothing to do: here a person resolves.",
    "declare_incident": "Write a route with `do: declare`.",
    "notify_user_group": "Write the group's people to a team with `slack`, and the team to the rung's `notify`.",
    "notify_whole_channel": 'Write the channel to the rung\'s `notify`: "channel:#ops".',
    "notify_if_time_from_to": "The rungs after it page at all hours: give their schedules `hours`.",
    "notify_if_num_alerts_in_window": "The rungs after it page for any number of alerts: look at `wait` of the route.",
}


@dataclass(slots=True)
class _OnCall:
    reader: Reader
    missing: dict[str, str]

    async def items_of(self, path: str, query: Mapping[str, str] | None = None) -> list[Raw]:
        """All pages of a list."""
        items: list[Raw] = []
        for page in range(1, _MOST_PAGES + 1):
            try:
                answer = await self.reader.get(f"api/v1/{path}/", {**(query or {}), "page": str(page)})
            except Forbidden as refused:
                if path in ("users", "schedules"):
                    raise ImportFailed(f"{refused}. Use an API key of OnCall's settings as ONCALL_API_TOKEN.") from None
                self.missing.setdefault(path, str(refused))
                return items
            items += list_of(answer, "results")
            if not text_of(answer, "next", 2000):
                break
        return items

    async def final_shifts(self, schedule: str, start: datetime, end: datetime) -> list[Duty]:
        """The people on call from day to day, as OnCall renders them."""
        if not schedule.isalnum():
            raise ImportFailed(f"Grafana OnCall's answer has an ID that cannot be one: {schedule[:40]!r}.")
        days = {"start_date": f"{start:%Y-%m-%d}", "end_date": f"{end:%Y-%m-%d}"}
        duties = []
        for raw in await self.items_of(f"schedules/{schedule}/final_shifts", days):
            since, until = instant_of(raw, "shift_start"), instant_of(raw, "shift_end")
            if since is not None and until is not None:
                person = Participant("person", id_of(raw, "user_pk"), text_of(raw, "user_username"))
                duties.append(Duty(person, since, until))
        return duties


async def read_account(reader: Reader, *, history: bool = True) -> Account:
    """Read everything that the API key may read. Without `history`, alert groups are left out."""
    oncall = _OnCall(reader, {})
    account = Account(SOURCE)
    users = await oncall.items_of("users")
    account.people = [_person(raw) for raw in users]
    members = {id_of(raw): raw.get("teams") for raw in users}
    account.teams = [_team(raw, members) for raw in await oncall.items_of("teams")]
    schedules = await oncall.items_of("schedules")
    account.schedules = list(await all_of(_schedule(oncall, raw) for raw in schedules))
    account.others += [_shift(raw) for raw in await oncall.items_of("on_call_shifts")]
    policies = await oncall.items_of("escalation_policies")
    account.ladders = [_ladder(raw, policies) for raw in await oncall.items_of("escalation_chains")]
    integrations = await oncall.items_of("integrations")
    account.senders = [_sender(raw) for raw in integrations]
    account.others += oncall_people.notification_rules(
        account.people, await oncall.items_of("personal_notification_rules")
    )
    for rule in oncall_routes.routing_rules(integrations, await oncall.items_of("routes")):
        (account.others if rule.lost else account.routing).append(rule)
    for path, (kind, why, do) in _REST.items():
        for raw in await oncall.items_of(path):
            source_object = SourceObject(Origin(kind, id_of(raw), text_of(raw, "name") or text_of(raw, "text")))
            source_object.note(why, do, lost=True)
            account.others.append(source_object)
    if history:
        account.past = [_alert_group(raw) for raw in await oncall.items_of("alert_groups")]
    account.others += unread_lists(oncall.missing)
    return account


async def rendering(reader: Reader, account: Account, start: datetime, end: datetime) -> dict[str, Sequence[Duty]]:
    """The duties of each schedule."""
    oncall = _OnCall(reader, {})
    identities = [schedule.origin.id for schedule in account.schedules if not schedule.lost]
    until = end + timedelta(days=1)
    duties = await all_of(
        oncall.final_shifts(schedule_id, start - timedelta(days=1), until) for schedule_id in identities
    )
    return dict(zip(identities, duties, strict=True))


def _person(raw: Raw) -> Person:
    person = Person(Origin("user", id_of(raw), text_of(raw, "username")), email=text_of(raw, "email").lower())
    accounts = list_of(raw, "slack")
    if accounts:
        person.slack = id_of(accounts[0], "user_id")
    return person


def _team(raw: Raw, members: Mapping[str, Any]) -> Team:
    team = Team(Origin("team", id_of(raw), text_of(raw, "name")))
    team.members = [person for person, teams in members.items() if isinstance(teams, list) and id_of(raw) in teams]
    return team


async def _schedule(oncall: _OnCall, raw: Raw) -> Schedule:
    schedule = Schedule(Origin("schedule", id_of(raw), text_of(raw, "name")))
    schedule.put_in_zone(text_of(raw, "time_zone"))
    now = oncall.reader.now
    duties = await oncall.final_shifts(schedule.origin.id, now - BACK, now + AHEAD)
    rotation = Rotation(Origin("shifts", schedule.origin.id), reported=False)
    rotation.shifts = [(duty.participant, duty.starts_at, duty.ends_at) for duty in duties]
    schedule.rotations = [rotation]
    if duties:
        schedule.note(
            f"Its shifts are listed one by one until {now + AHEAD:%Y-%m-%d}",
            "Import again before then, or write a `rotation` in place of `shifts`.",
        )
    return schedule


def _shift(raw: Raw) -> SourceObject:
    """A shift of OnCall, which is in the list of its schedule's shifts."""
    source_object = SourceObject(Origin("on_call_shift", id_of(raw), text_of(raw, "name")))
    source_object.note("It is in the list of its schedule's shifts, without its rule", "")
    return source_object


def _ladder(raw: Raw, policies: Sequence[Raw]) -> Ladder:
    """A ladder from an escalation chain: waits add up to the delay, and each other step is a rung."""
    ladder = Ladder(Origin("escalation_chain", id_of(raw), text_of(raw, "name")))
    own = [policy for policy in policies if id_of(policy, "escalation_chain_id") == ladder.origin.id]
    after = timedelta(0)
    for step in sorted(own, key=lambda step: int_of(step, "position")):
        kind = text_of(step, "type")
        rung = Rung(Origin("escalation_policy", id_of(step), f"{ladder.origin.name}: {kind}"), after=after)
        ladder.rungs.append(rung)
        if kind == "wait":
            after += timedelta(seconds=max(60, int_of(step, "duration", 60)))
            rung.note("It is the time of the rungs after it", "", moved=True)
            rung.silent = True
        elif kind == "repeat_escalation":
            ladder.repeat, ladder.repeat_after, rung.silent = 5, timedelta(minutes=5), True
            rung.note("The ladder is gone through again, five times as there", "", moved=True)
        else:
            _aim(rung, kind, step)
    return ladder


def _aim(rung: Rung, kind: str, step: Raw) -> None:
    people = step.get("persons_to_notify") or step.get("persons_to_notify_next_each_time")
    if kind in ("notify_persons", "notify_person_next_each_time"):
        kinds = people if isinstance(people, list) else []
        rung.targets = [Participant("person", str(user_id)[:120]) for user_id in kinds] or [NOBODY]
        rung.how = "round_robin" if kind == "notify_person_next_each_time" else ""
        if not kinds:
            rung.note("It notifies nobody", "", lost=True)
    elif kind == "notify_on_call_from_schedule":
        rung.targets = [Participant("schedule", id_of(step, "notify_on_call_from_schedule"))]
    elif kind == "notify_team_members":
        rung.targets = [Participant("team", id_of(step, "notify_to_team_members"))]
    else:
        rung.targets = [NOBODY]
        rung.note(f"There is no step “{kind}” here", _STEPS.get(kind, "Write the rung by hand."), lost=True)


def _alert_group(raw: Raw) -> PastIncident:
    """A past alert group, as one alert."""
    title = text_of(raw, "title", 300)
    past = PastIncident(Origin("alert_group", id_of(raw), title), title=title or f"Alert group {id_of(raw)}")
    past.is_alert = True
    past.declared_at, past.acknowledged_at = instant_of(raw, "created_at"), instant_of(raw, "acknowledged_at")
    past.resolved_at = instant_of(raw, "resolved_at")
    if by := id_of(raw, "acknowledged_by"):
        past.people = {"commander": by}
    if past.declared_at is None:
        past.note("It has no time", "", lost=True)
    elif past.resolved_at is None:
        past.note(
            "It is open in OnCall", "Resolve it there and import again, or let its sender fire it here.", lost=True
        )
    return past


def _sender(raw: Raw) -> Sender:
    sender = Sender(Origin("integration", id_of(raw), text_of(raw, "name")))
    sender.vendor, sender.team = text_of(raw, "type"), id_of(raw, "team_id")
    return sender
