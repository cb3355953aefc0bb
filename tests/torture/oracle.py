"""The oracle: the answers to people, the database and the workspace must agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.incident import Incident
from bot.domain.routing.announcements import announcement_key
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.values.outage_span import OutageSpan
from bot.slack.blocks import phrases
from bot.usecases.outage import past_outages
from sandbox import Message
from storage import incidents
from storage.open import open_database
from storage.schema import deadlines, outbox
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.torture.acts import ACCEPTED, REFUSED
from tests.torture.digest_oracle import outages
from tests.torture.message_oracle import delivered_messages, messages
from tests.torture.outsider_oracle import outsiders
from tests.torture.people import ENTRY_KINDS, has_block, metadata_key
from tests.torture.post_oracle import POSTED_KINDS, channels_back, is_archived, keys, waits_for_channel
from tests.torture.reminder_oracle import action_reminders, at_work, policy_zone, zone_of
from tests.torture.replicas import WAITS_FOR_MORNING
from tests.torture.review_oracle import reviews, weekly_digests
from tests.torture.world import World

DECLARES = ("declare", "declare_form", "declare_private")
ACTION_EVENTS = {"action": "created", "action_form": "created", "action_shortcut": "created",
                 "action_not_doing": "deferred"}  # fmt: skip
BUTTON_ENTRY_KINDS = {"Snooze 15m": "snoozed", "Snooze 1h": "snoozed"}  # Escalate asks first


# What ends the wait for the first page of an episode, and how long it lasts: the rungs of `world.POLICY`.
TURNS = frozenset({"reopened", "acknowledged", "severity", "resolved", "closed", "cancelled"})
RUNG_1_AFTER = {"sev1": timedelta(0), "sev2": timedelta(seconds=5)}
RUNG_1_OF_DAYS = {"sev1": timedelta(0)}


@dataclass(slots=True)
class Verdict:
    """The faults found, as text, and separate counts."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Snapshot:
    """The contents of the database."""

    incidents: dict[int, Incident]
    timelines: dict[int, list[RecordedEntry]]
    outbox: list[Any]
    deadlines: list[Any]
    broken_chains: list[str]
    outages: list[OutageSpan]  # that are over

    def row_of(self, key: str) -> Any:
        return next((row for row in self.outbox if row.metadata_key == key), None)


async def judge(world: World) -> Verdict:
    snapshot = await _read(world.url)
    verdict = Verdict(list(snapshot.broken_chains))
    for check in (
        _declares, _channels, _cards_and_announcements, _verbs, _presses, messages, keys, channels_back, _reminders,
        _pages, _ledger, _reopenings, _outbox, outsiders, outages,
        action_reminders, reviews, weekly_digests,
    ):  # fmt: skip
        check(world, snapshot, verdict)
    verdict.counts["incidents"] = len(snapshot.incidents)
    verdict.counts["messages"] = len(world.people.messages)
    verdict.counts["acts accepted"] = sum(act.outcome == ACCEPTED for act in world.people.acts)
    verdict.counts["acts unanswered"] = sum(act.outcome not in (ACCEPTED, REFUSED) for act in world.people.acts)
    verdict.counts["posts"] = sum(row.kind in POSTED_KINDS and row.state == "sent" for row in snapshot.outbox)
    verdict.counts["pages"] = sum(row.kind == "page_direct" and row.state == "sent" for row in snapshot.outbox)
    verdict.counts["reminders"] = sum(row.kind == "nudge" and row.state == "sent" for row in snapshot.outbox)
    return verdict


async def _read(url: str) -> Snapshot:
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            by_number = {i.number: i for i in await incidents.newest(conn, limit=10_000)}
            snapshot = Snapshot(
                by_number,
                {number: await timeline.read(conn, number) for number in by_number},
                list(await conn.execute(sa.select(outbox))),
                list(await conn.execute(sa.select(deadlines))),
                [f"INC-{n}: {words}" for n in by_number for words in await chain_faults(conn, n)],
                list(await past_outages(conn)),
            )
    finally:
        await database.close()
    return snapshot


def _declares(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """An acknowledged declare made one incident, an unanswered one at most one; there are no others."""
    titles = Counter(incident.title for incident in snapshot.incidents.values())
    declares = {f"Case {a.token} is broken": a for a in world.people.acts if a.what in DECLARES}
    for title, act in declares.items():
        count = titles[title]
        if count > 1 or (act.outcome == ACCEPTED and count == 0) or (act.outcome == REFUSED and count):
            verdict.wrong.append(f"{act.what} {act.token} was {act.outcome}, and there are {count} such incidents")


def _channels(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """One channel an incident, one incident a channel."""
    names = {channel.id: channel.name for channel in world.people.channels()}
    owned = Counter(i.channel_id for i in snapshot.incidents.values())
    for number, incident in snapshot.incidents.items():
        if incident.channel_id not in names:
            verdict.wrong.append(f"INC-{number} has no channel ({incident.channel_id})")
    for channel, name in names.items():
        if owned[channel] != 1:
            verdict.wrong.append(f"#{name} belongs to {owned[channel]} incidents")


def _cards_and_announcements(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """Each incident has one pinned card and one announcement, and both show its current state."""
    for number, incident in snapshot.incidents.items():
        if incident.channel_id not in world.ws.state.channels:
            continue
        state = phrases.status_line(incident)
        if is_archived(world, incident.channel_id):
            continue  # nothing can be edited there
        cards = [m for m in world.ws.bot_messages(incident.channel_id) if has_block(m, "card")]
        pinned = world.ws.pinned(incident.channel_id)
        if len(cards) != 1 or pinned != cards:
            verdict.wrong.append(f"INC-{number}: {len(cards)} cards, {len(pinned)} pinned messages")
        elif state not in str(cards[0].blocks):
            verdict.wrong.append(f"INC-{number} is {incident.status}, and its card says: {cards[0].text}")
        elif incident.severity not in cards[0].text:
            verdict.wrong.append(f"INC-{number} is {incident.severity}, and its card says: {cards[0].text}")
        if not incident.private:  # `outsiders` sees to it that a private one is announced nowhere
            _announced(world, snapshot, verdict, incident)


def _announced(world: World, snapshot: Snapshot, verdict: Verdict, incident: Incident) -> None:
    """The incident has one announcement, which shows its current state."""
    number, announced = incident.number, world.ws.bot_messages("incidents", threads=False)
    about = [m for m in announced if f"INC-{number} " in f"{m.text} " or f"INC-{number}:" in m.text]
    about = [m for m in about if not _dedup_key(snapshot, m).startswith("review_published:")]
    if not about and (not incident.open or _announcement_lost(world, snapshot, number)):
        verdict.counts["deleted announcements that nobody needs or noticed"] += 1
    elif len(about) != 1:
        verdict.wrong.append(f"INC-{number} is announced {len(about)} times")
    elif phrases.status_name(incident.status).lower() not in str([about[0].text, about[0].blocks]).lower():
        verdict.wrong.append(f"INC-{number} is {incident.status}, and its announcement says: {about[0].text}")


def _announcement_lost(world: World, snapshot: Snapshot, number: int) -> bool:
    """Whether people deleted the announcement, and Slack gave up telling so."""
    row = next((row for row in snapshot.outbox if row.dedup_key == announcement_key(number)), None)
    if row is None or row.metadata_key not in world.people.erased or not row.receipt:
        return False
    return row.receipt.get("ts") in delivered_messages(world)[1]


def _verbs(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """An accepted change is on the timeline once, a refused one not at all, an unanswered one at most once."""
    entries = [record.entry for records in snapshot.timelines.values() for record in records]
    for act in world.people.acts:
        kind = ENTRY_KINDS.get(act.what)
        if kind is None:
            continue
        event = ACTION_EVENTS.get(act.what)
        count = sum(
            entry.kind == kind and f" {act.token} " in f" {entry.text} " and event in (None, entry.data.get("event"))
            for entry in entries
        )
        least, most = {ACCEPTED: (1, 1), REFUSED: (0, 0)}.get(act.outcome, (0, 1))
        if act.what == "status" and act.outcome == ACCEPTED:
            most = 1
        if not least <= count <= most:
            verdict.wrong.append(
                f"{act.what} {act.token} was {act.outcome} ({act.words!r}); it is on the timeline {count} times"
            )
    for act in world.people.acts:
        if act.what == "ack" and act.outcome == ACCEPTED and act.number is not None:
            _acknowledged(snapshot, act.number, verdict, f"{act.what} {act.token}")


def _acknowledged(snapshot: Snapshot, number: int, verdict: Verdict, words: str) -> None:
    if not any(record.entry.kind == "acknowledged" for record in snapshot.timelines.get(number, [])):
        verdict.wrong.append(f"{words}: INC-{number} was never acknowledged")


def _presses(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """An acknowledged press did what it says, or its presser was told why not."""
    ends = {"resolve", "resolve_form", "close"}
    ended = {act.number for act in world.people.acts if act.what in ends}
    informed = {e.viewer for e in world.ws.state.ephemerals if "not recorded" in e.text}
    expected: Counter[tuple[int, str, str]] = Counter()
    most: Counter[tuple[int, str, str]] = Counter()
    for act in world.people.pressed:
        kind = BUTTON_ENTRY_KINDS.get(act.what)
        if kind is None or act.number is None:
            continue
        most[act.number, kind, act.who] += 1
        expected[act.number, kind, act.who] += act.outcome == ACCEPTED
    for act in world.people.acts:
        kind = {"snooze": "snoozed", "next": "snoozed", "escalate": "escalated"}.get(act.what)
        if kind and act.number is not None and act.outcome != REFUSED:
            most[act.number, kind, act.who] += 1
    for (number, kind, who), limit in most.items():
        count = sum(
            r.entry.kind == kind and r.entry.actor == who and not r.entry.data.get("declined")
            for r in snapshot.timelines.get(number, [])
        )
        least = 0 if number in ended or who in informed else expected[number, kind, who]
        if not least <= count <= limit:
            verdict.wrong.append(f"INC-{number}: {who} has {count} × {kind} of {least} to {limit}")
    for act in world.people.pressed:
        if act.what == "Acknowledge" and act.outcome == ACCEPTED and act.number not in ended | {None}:
            incident = snapshot.incidents.get(act.number or 0)
            if incident and incident.declared_by != act.who and act.who not in informed:
                _acknowledged(snapshot, act.number or 0, verdict, f"press {act.token}")


def _reminders(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """At most one reminder of an incident has buttons, and the incident knows which one."""
    for number, incident in snapshot.incidents.items():
        if incident.channel_id not in world.ws.state.channels or is_archived(world, incident.channel_id):
            continue
        live = [m for m in world.ws.bot_messages(incident.channel_id) if has_block(m, "nudge")]
        names = [_dedup_key(snapshot, m) for m in live]
        allowed = [incident.live_nudge] if incident.live_nudge else []
        if not set(names) <= set(allowed):
            verdict.wrong.append(f"INC-{number} ({incident.status}) has live reminders {names}; it knows of {allowed}")


def _pages(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """An answered page has no buttons any more, and no rung is on the timeline twice."""
    asking = {dedup_key for incident in snapshot.incidents.values() for dedup_key in incident.live_pages}
    for channel in world.ws.state.channels.values():
        for message in world.ws.bot_messages(channel.id) if channel.is_im else []:
            name = _dedup_key(snapshot, message)
            if has_block(message, "page") and name not in asking:
                verdict.wrong.append(f"{name} still has buttons, although it was answered")
    for number, records in snapshot.timelines.items():
        written = sum(r.entry.kind == "page" and "rung" in r.entry.data for r in records)  # not by hand
        bases = [
            r for r in snapshot.outbox if r.kind == "page_channel" and r.incident == number and r.payload.get("rung")
        ]
        if written != len(bases):
            verdict.wrong.append(f"INC-{number} was paged {written} times on its timeline, {len(bases)} in the outbox")


def _reopenings(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """After a reopening rung 1 is paged, with any earlier answers, unless somebody answers or ends it first."""
    now = world.clock.now()
    for number, records in snapshot.timelines.items():
        entries = [record.entry for record in sorted(records, key=lambda record: record.seq)]
        turns = [place for place, entry in enumerate(entries) if entry.kind in TURNS]
        rungs = RUNG_1_OF_DAYS if world.schedule.days else RUNG_1_AFTER
        after = rungs.get(snapshot.incidents[number].severity)
        if not turns or entries[turns[-1]].kind != "reopened" or after is None:
            continue
        verdict.counts["reopenings"] += 1
        if now - entries[turns[-1]].at < after:
            continue
        if not any(entry.kind == "page" and entry.data.get("rung") == 1 for entry in entries[turns[-1] :]):
            verdict.wrong.append(f"INC-{number} was reopened, and rung 1 was not paged")


def _dedup_key(snapshot: Snapshot, message: Message) -> str:
    row = snapshot.row_of(metadata_key(message))
    return "?" if row is None else str(row.dedup_key)


def _ledger(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """No deadline stays due, none waits for an incident that ended, and no lapsed one was forgotten."""
    now = world.clock.now()
    waiting = {row.deadline for row in snapshot.outbox if row.deadline and _waits_for_morning(world, row)}
    for row in snapshot.deadlines:
        incident = snapshot.incidents[row.incident]
        if row.state == "due" and row.dedup_key not in waiting:
            verdict.wrong.append(f"{row.dedup_key} stays due: {row.reason}")
        elif row.state == "waiting" and not incident.open and not _is_of_review(row, incident):
            verdict.wrong.append(f"{row.dedup_key} waits, and INC-{row.incident} is {incident.status}")
        elif row.state == "waiting" and row.due_at <= now:
            verdict.wrong.append(f"{row.dedup_key} was due at {row.due_at}, and it is {now}")


def _waits_for_morning(world: World, row: Any) -> bool:
    """Whether a row rightly waits: its reminder is for somebody who is not at work, or for a day that is ahead."""
    if row.state not in ("queued", "unknown") or not str(row.error).endswith(WAITS_FOR_MORNING):
        return False
    if row.kind == "action_reminder":
        now, zone = world.clock.now(), zone_of(world, row.payload["person"])
        return not at_work(now, zone) or str(now.astimezone(zone).date()) < row.payload["day"]
    return row.kind == "review_reminder" and not at_work(world.clock.now(), policy_zone(world))


def _is_of_review(row: Any, incident: Incident) -> bool:
    """Whether a deadline that outlasts its incident is of a review that is not completed: its reminder, or its meeting.

    The meeting has one only while it has a time, the reminder only where the review has a day.
    """
    review = incident.review
    if review is None or row.kind != "review" or review.state not in ("draft", "scheduled"):
        return False
    what = row.dedup_key.partition(":")[0]
    return (what == "review" and review.due_at is not None) or (what == "agenda" and review.state == "scheduled")


def _outbox(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    for row in snapshot.outbox:
        if waits_for_channel(world, snapshot, row):
            verdict.counts["rows that wait for an archived channel"] += 1
        elif _waits_for_morning(world, row):
            verdict.counts["rows that wait for somebody's morning"] += 1
        elif row.state in ("held", "queued", "leased", "unknown"):
            verdict.wrong.append(f"{row.dedup_key} is still {row.state} after {row.attempts} attempts: {row.error}")
        elif row.state == "failed":
            verdict.counts["failed with a reason"] += 1
            verdict.counts[f"failed {row.kind} ({row.error})"] += 1
            if not row.error:
                verdict.wrong.append(f"{row.dedup_key} failed without a reason")
