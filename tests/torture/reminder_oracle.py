"""The oracle of reminders of action items: each due one was sent once, in the owner's hours, and none afterwards.

What an item was at any time is read from the timeline alone. When its owner is to be reminded follows from the promise
in docs/actions.md: two business days before it is due, on the day, then weekly; the rule is written here anew.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.torture.acts import ACCEPTED
from tests.torture.people import metadata_key
from tests.torture.world import World

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict

DAY = timedelta(days=1)
HOURS = range(9, 17)
UNDER_WAY_S = 2.5  # a message that was on its way as its item changed, with the lease of its sender
MOST_LISTED = 15
CHECKLISTS = ((1, 5), (7, 4), (30, 4))  # days after the incident was resolved, and the items due then
_ITEM = re.compile(r"action:(AI-\d+-\d+)\b")


@dataclass(slots=True)
class Version:
    """What an item was from `at` until `until` (None: it is so still). `owner` is None when nobody is to do it."""

    item: str
    at: datetime
    owner: str | None
    due: date | None
    live: bool
    actor: str
    until: datetime | None = None

    def of(self, person: str, at: datetime) -> bool:
        """Whether it was this person's to do then."""
        return self.live and self.owner == person and self.at <= at and (self.until is None or self.until > at)


@dataclass(frozen=True, slots=True)
class Told:
    """A direct message about items, as it was posted."""

    kind: str
    person: str
    wall_s: float
    at: datetime  # on the bot's clock
    items: frozenset[str]
    number: int  # of the item, if it tells a new owner
    incident: int | None


@dataclass(slots=True)
class Items:
    """The items of a night: their versions, and the messages about them."""

    versions: dict[str, list[Version]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


def action_reminders(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """All rules about action items and their reminders."""
    items = Items(_versions(world, snapshot), _told(world, snapshot))
    verdict.counts["action items"] += len(items.versions)
    verdict.counts["reminders of items"] += sum(each.kind == "action_reminder" for each in items.told)
    verdict.counts["owners told"] += sum(each.kind == "action_assigned" for each in items.told)
    _settled(world, items, verdict)
    _once_a_day_in_hours(world, items, verdict)
    _nothing_needless(world, snapshot, items, verdict)
    _owners_told_once(world, snapshot, items, verdict)
    for at in world.course.quiet:
        _none_lost(world, snapshot, items, at, verdict)


def zone_of(world: World, person: str) -> ZoneInfo:
    """The person's time zone."""
    return ZoneInfo(world.ws.state.users[person].tz)


def at_work(at: datetime, zone: ZoneInfo) -> bool:
    """Whether that is within working hours there."""
    local = at.astimezone(zone)
    return local.weekday() < 5 and local.hour in HOURS


def workday(day: date, count: int) -> date:
    """So many working days later, or earlier; with 0 the day itself, or the Monday after it."""
    step = DAY if count >= 0 else -DAY
    while count == 0 and day.weekday() > 4:
        day += DAY
    while count:
        day += step
        if day.weekday() < 5:
            count -= 1 if count > 0 else -1
    return day


def occasions(due: date, after: date, until: date) -> Iterator[date]:
    """The days after `after`, up to `until`, on which the owner of an item due then is to be reminded."""
    days = [workday(due, -2), workday(due, 0)]
    while (week := workday(due + 7 * DAY * (len(days) - 1), 0)) <= until:
        days.append(week)
    yield from (day for day in days if after < day <= until)


def _versions(world: World, snapshot: Snapshot) -> dict[str, list[Version]]:
    """Every item's versions, in order; entries that change neither owner, day nor state make none."""
    found: dict[str, list[Version]] = {}
    for number, records in snapshot.timelines.items():
        entries = [record.entry for record in sorted(records, key=lambda record: record.seq)]
        for place, entry in enumerate(entries):
            if entry.kind != "action":
                continue
            if entry.data.get("event") == "checklists":
                _add_checklists(world, snapshot, found, number, entries[: place + 1])
                continue
            due = entry.data.get("due")
            version = Version(
                entry.data["action"], entry.at, entry.data.get("owner"), date.fromisoformat(due) if due else None,
                entry.data["status"] in ("open", "in_progress"), entry.actor,
            )  # fmt: skip
            _add(found, version)
    return found


def _add(found: dict[str, list[Version]], version: Version) -> None:
    versions = found.setdefault(version.item, [])
    if versions:
        last = versions[-1]
        if (last.owner, last.due, last.live) == (version.owner, version.due, version.live):
            return
        last.until = version.at
    versions.append(version)


def _add_checklists(
    world: World, snapshot: Snapshot, found: dict[str, list[Version]], number: int, entries: list[Any]
) -> None:
    """The items of the checklists: their owner is the commander then, else who resolved it; their days are fixed."""
    entry = entries[-1]
    resolved = next(each for each in reversed(entries) if each.kind in ("resolved", "closed"))
    grants = [each.data.get("user") for each in entries if each.data.get("role") == "commander" and "user" in each.data]
    owner = (grants[-1] if grants else None) or resolved.actor
    zone = policy_zone(world)
    days = [days for days, count in CHECKLISTS for _ in range(count)]
    names = list(entry.data["actions"])
    for name, ahead in zip(names, days[len(days) - len(names) :], strict=True):
        due = max(entry.at.astimezone(zone).date(), resolved.at.astimezone(zone).date() + ahead * DAY)
        _add(found, Version(name, entry.at, owner, due, live=True, actor=owner))  # nobody is told of these


def policy_zone(world: World) -> ZoneInfo:
    """The time zone of the night's policy."""
    return ZoneInfo("Europe/Berlin" if world.schedule.days else "UTC")


def _told(world: World, snapshot: Snapshot) -> list[Told]:
    """The bot's direct messages about items. Their blocks are those that were sent: people press on them later."""
    rows = {row.metadata_key: row for row in snapshot.outbox if row.kind in ("action_reminder", "action_assigned")}
    blocks: defaultdict[str, str] = defaultdict(str)
    for call in world.ws.calls("chat.postMessage"):
        key = str((_as_json(call.args.get("metadata")) or {}).get("event_payload", {}).get("key", ""))
        if key in rows:
            blocks[key] = str(call.args.get("blocks"))
    told = []
    for channel in world.ws.state.channels.values():
        people = [member for member in channel.members if member != world.ws.bot.id]
        for message in world.ws.bot_messages(channel.id) if channel.is_im and people else []:
            row = rows.get(key := metadata_key(message))
            if row is None:
                continue
            wall_s = float(message.ts)
            listed = frozenset(_ITEM.findall(blocks[key]))
            number = int(row.payload.get("number", 0))
            told.append(Told(row.kind, people[0], wall_s, world.course.at(wall_s), listed, number, row.incident))
    return sorted(told, key=lambda each: each.wall_s)


def _as_json(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) and given else given


def _settled(world: World, items: Items, verdict: Verdict) -> None:
    """A press of Done that was acknowledged is on the timeline, unless the presser was told why not."""
    informed = {e.viewer for e in world.ws.state.ephemerals if "not recorded" in e.text}
    for act in world.people.settled:
        done = any(not version.live for version in items.versions.get(act.token, ()))
        if act.outcome == ACCEPTED and not done and act.who not in informed:
            verdict.wrong.append(f"{act.token} was ticked off by {act.who}, and was never done")


def _once_a_day_in_hours(world: World, items: Items, verdict: Verdict) -> None:
    """A person gets one reminder a day at most, with all of their items, within their working hours."""
    reminders = [each for each in items.told if each.kind == "action_reminder"]
    days = Counter((each.person, each.at.astimezone(zone_of(world, each.person)).date()) for each in reminders)
    verdict.wrong += [
        f"{person} was reminded {count} times on {day}" for (person, day), count in days.items() if count > 1
    ]
    for each in reminders:
        zone = zone_of(world, each.person)
        around = [at + span for at in world.course.shortly_before(each.wall_s, UNDER_WAY_S)
                  for span in (timedelta(), -timedelta(seconds=UNDER_WAY_S))]  # fmt: skip
        if not world.freezes and not any(at_work(at, zone) for at in around):
            local = each.at.astimezone(zone)
            verdict.wrong.append(f"{each.person} was reminded at {local:%a %H:%M} of their clock")


def _nothing_needless(world: World, snapshot: Snapshot, items: Items, verdict: Verdict) -> None:
    """What a message lists was the person's to do as it was sent, and a reminder has something that is due soon."""
    if world.freezes:
        return
    for each in items.told:
        moments = world.course.shortly_before(each.wall_s, UNDER_WAY_S)
        moments += [at - timedelta(seconds=s) for at in moments for s in (0.5, 1.0, 1.5, 2.0, UNDER_WAY_S)]
        open_items = {
            name for name in each.items
            if any(version.of(each.person, at) for version in items.versions.get(name, ()) for at in moments)
        }  # fmt: skip
        if lost := sorted(each.items - open_items):
            verdict.wrong.append(
                f"{each.person} was told of {', '.join(lost)} at {each.at}, which was not theirs to do"
            )
        if each.kind == "action_reminder" and not any(
            version.due is not None and version.due <= workday(at.astimezone(zone_of(world, each.person)).date(), 2)
            for name in each.items for version in items.versions.get(name, ()) for at in moments
            if version.of(each.person, at)
        ):  # fmt: skip
            verdict.wrong.append(f"{each.person} was reminded at {each.at}, and nothing of theirs was due")


def _owners_told_once(world: World, snapshot: Snapshot, items: Items, verdict: Verdict) -> None:
    """A new owner who did not take the item is told once, unless it is settled or somebody else's soon after."""
    counts = Counter(
        (f"AI-{each.incident}-{each.number}", each.person) for each in items.told if each.kind == "action_assigned"
    )
    gave_up = {(f"AI-{row.incident}-{row.payload['number']}", row.payload["person"]) for row in snapshot.outbox
               if row.kind == "action_assigned" and row.state == "failed"}  # fmt: skip
    for (name, person), count in counts.items():
        if count > 1:
            verdict.wrong.append(f"{person} was told {count} times that {name} is theirs")
    for name, versions in items.versions.items():
        before: str | None = None
        for version in versions:
            owner, told = version.owner, version.owner in (before, version.actor)
            before = owner
            quiet = next((at for at in world.course.quiet if at > version.at), None)
            if owner is None or told or not version.live or quiet is None or not version.of(owner, quiet):
                continue
            if counts[name, owner] == 0 and not _outside(snapshot, name, owner) and (name, owner) not in gave_up:
                verdict.wrong.append(f"{owner} was never told that {name} is theirs")


def _none_lost(world: World, snapshot: Snapshot, items: Items, at: datetime, verdict: Verdict) -> None:
    """As all was quiet then, everybody at work had been reminded of what was due on that day, or before."""
    policy_day = at.astimezone(policy_zone(world)).date()
    gave_up = {
        row.payload["person"] for row in snapshot.outbox if row.kind == "action_reminder" and row.state == "failed"
    }
    for name, versions in items.versions.items():
        for version in versions:
            person = version.owner
            if person is None or version.due is None or not version.of(person, at):
                continue
            zone = zone_of(world, person)
            today, since = at.astimezone(zone).date(), version.at.astimezone(policy_zone(world)).date()
            day = max(occasions(version.due, since, today), default=None)
            if day is None or today != policy_day or not at_work(at, zone) or _outside(snapshot, name, person):
                continue
            verdict.counts["reminders that were due"] += 1
            if person not in gave_up and not _reminded(items, person, name, day, at, zone):
                verdict.wrong.append(
                    f"{person} was not reminded of {name}, due {version.due}: it was to be on {day}; at {at}"
                )


def _reminded(items: Items, person: str, name: str, day: date, until: datetime, zone: ZoneInfo) -> bool:
    """Whether the person was reminded of the item on that day or later, until then."""
    return any(
        each.kind == "action_reminder" and each.person == person
        and (name in each.items or len(each.items) >= MOST_LISTED)
        and day <= each.at.astimezone(zone).date() and each.at <= until
        for each in items.told
    )  # fmt: skip


def _outside(snapshot: Snapshot, name: str, person: str) -> bool:
    """Whether the person was removed from the private incident of the item."""
    incident = snapshot.incidents[int(name.split("-")[1])]
    return incident.private and person in incident.removed
