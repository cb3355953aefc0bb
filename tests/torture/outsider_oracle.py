"""The oracle of private incidents: removed people and guests learn and change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.incident import Incident
from sandbox import Ephemeral, Message
from tests.torture.outsiders import GUEST, PROBE
from tests.torture.people import Removal
from tests.torture.world import World

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict

# What a person changes an incident by, as entries of its timeline.
CHANGES = frozenset(
    {
        "acknowledged", "status", "severity", "role", "update", "escalated", "resolved", "closed", "cancelled",
        "reopened", "snoozed", "handover", "page",
    }
)  # fmt: skip
SHUT_TO_GUESTS = CHANGES - {"acknowledged", "status", "update"}
UNDER_WAY_S = 1.5  # a post or an act that was on its way when the bot learned of the removal


def outsiders(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """All rules about people who are outside."""
    private = {number: incident for number, incident in snapshot.incidents.items() if incident.private}
    verdict.counts["private incidents"] += len(private)
    verdict.counts["people removed"] += len(world.people.removals)
    verdict.counts["acts of guests"] += len([act for act in world.people.answers_outside if " INC-" not in act.what])
    _guests_change_nothing(world, snapshot, verdict)
    _removed_change_nothing(world, snapshot, private, verdict)
    _nothing_in_public(world, private, verdict)
    _answers_tell_nothing(world, private, verdict)
    for removal in world.people.removals:
        _told_nothing_after(world, snapshot, removal, verdict)


def _guests_change_nothing(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    guest = world.ws.user(GUEST).id
    for number, records in snapshot.timelines.items():
        for entry in (record.entry for record in records):
            if entry.actor == guest and entry.kind in SHUT_TO_GUESTS and number not in world.people.acted_unknown:
                verdict.wrong.append(f"INC-{number}: a guest did {entry.kind}: {entry.text}")
            if PROBE in entry.text:
                verdict.wrong.append(f"INC-{number}: {entry.actor} wrote into it from outside")


def _removed_change_nothing(world: World, snapshot: Snapshot, private: dict[int, Incident], verdict: Verdict) -> None:
    """After the entry that says that a person left, they act only once they are back or were asked back by name.

    Slack may tell of moves out of order: the latest by its time counts, of those that the bot knew of then.
    """
    for number in private:
        outside: set[str] = set()
        moved_at: dict[str, datetime] = {}
        for record in sorted(snapshot.timelines[number], key=lambda record: record.seq):
            entry = record.entry
            if entry.kind in ("left", "joined"):
                if entry.at >= moved_at.get(entry.actor, entry.at):
                    moved_at[entry.actor] = entry.at
                    (outside.add if entry.kind == "left" else outside.discard)(entry.actor)
            elif entry.actor in outside and entry.kind in CHANGES and not _under_way(entry, moved_at):
                verdict.wrong.append(f"INC-{number}: {entry.actor} was removed, and did {entry.kind}: {entry.text}")
            else:
                outside -= _named(entry)


def _under_way(entry: Any, moved_at: dict[str, datetime]) -> bool:
    """Whether the person acted as they were removed: the bot had looked whether they may, and then heard of it."""
    return bool(entry.at - moved_at[entry.actor] <= timedelta(seconds=UNDER_WAY_S))


def _named(entry: Any) -> set[str]:
    """The people whom an entry asks for by name."""
    named = {str(entry.data.get("user")), str(entry.data.get("to"))}
    return named | set(entry.data.get("people", ())) if entry.data.get("named") else named


def _nothing_in_public(world: World, private: dict[int, Incident], verdict: Verdict) -> None:
    """No channel but its own says anything of a private incident, nor does a guest's direct message."""
    guest = world.ws.user(GUEST).id
    for channel in world.ws.state.channels.values():
        if channel.is_im and guest not in channel.members:
            continue
        others = [incident for incident in private.values() if incident.channel_id != channel.id]
        reader = channel.name or "a guest"
        for message in world.ws.bot_messages(channel.id):
            for incident in others:
                if incident.title in f"{message.text} {message.blocks}":
                    verdict.wrong.append(f"{incident.id} is private, and {reader} reads: {message.text}")


def _answers_tell_nothing(world: World, private: dict[int, Incident], verdict: Verdict) -> None:
    """Neither a guest nor a person who was removed is answered with anything of the incident."""
    guest = world.ws.user(GUEST).id
    for act in world.people.answers_outside:
        for number, incident in private.items():
            if (number == act.number or act.who == guest) and incident.title in act.words:
                verdict.wrong.append(f"{act.who} is outside INC-{number}, and {act.what!r} answered {act.words}")
    for ephemeral in world.ws.ephemerals(GUEST):
        for number, incident in private.items():
            if incident.title in f"{ephemeral.text} {ephemeral.blocks}":
                verdict.wrong.append(f"a guest reads of INC-{number}: {ephemeral.text}")


def _told_nothing_after(world: World, snapshot: Snapshot, removal: Removal, verdict: Verdict) -> None:
    """Once Slack has told the bot of a removal, the person is told nothing more, unless they are back or asked back."""
    incident = next((i for i in snapshot.incidents.values() if i.channel_id == removal.channel), None)
    known_at = _known_at(world, removal)
    if incident is None or known_at is None or world.freezes:
        return
    if removal.user not in incident.removed:
        verdict.counts["removed people who are back"] += 1
        return
    direct = [c for c in world.ws.state.channels.values() if c.is_im and removal.user in c.members]
    messages: list[Message | Ephemeral] = [*world.ws.state.ephemerals_for(removal.user, None)]
    messages += [message for channel in direct for message in world.ws.bot_messages(channel.id)]
    for message in messages:
        told = incident.title in f"{message.text} {message.blocks}"
        if told and float(message.ts) > known_at + UNDER_WAY_S:
            verdict.wrong.append(f"{removal.user} was removed from {incident.id}, and then read: {message.text}")


def _known_at(world: World, removal: Removal) -> float | None:
    """When the bot had taken the event of the removal; None if it never had."""
    for record in world.ws.journal.deliveries:
        event = record.payload.get("event") or {}
        about = (event.get("type"), event.get("channel"), event.get("user"))
        if about == ("member_left_channel", removal.channel, removal.user) and record.at >= removal.at - 1:
            return next((float(attempt["at"]) for attempt in record.attempts if attempt["status"] == 200), None)
    return None
