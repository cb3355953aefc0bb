"""The oracle of people's messages: each is on the timeline once, with its last text, and with its deletion."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.incident import Incident
from tests.torture.people import number_of
from tests.torture.post_oracle import is_archived
from tests.torture.world import World

STILL_READ = timedelta(days=3)

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict


def messages(  # noqa: C901 - one promise after the other
    world: World, snapshot: Snapshot, verdict: Verdict
) -> None:
    """Each message of a person is on the timeline once, with its last text, and with its deletion."""
    number_in = {incident.channel_id: number for number, incident in snapshot.incidents.items()}
    created_at = {
        row.receipt["channel"]: row.sent_at.timestamp()
        for row in snapshot.outbox
        if row.kind == "channel" and row.sent_at is not None
    }
    entries: defaultdict[str, list[Any]] = defaultdict(list)
    for number, records in snapshot.timelines.items():
        for record in records:
            if record.entry.kind.startswith("message"):
                entries[f"{number}:{record.entry.source_ts}"].append(record.entry)
    taken, lost = delivered_messages(world)
    told = _told_deletions(world)
    for sent in world.people.messages:
        ts = sent.message.ts
        recorded = entries[f"{number_in.get(sent.channel)}:{ts}"]
        kinds = Counter(entry.kind for entry in recorded)
        texts = [entry.text for entry in sorted(recorded, key=lambda e: e.at) if entry.kind != "message_deleted"]
        name = f"message {sent.texts[0]!r} of {number_of(world.ws.state.channels[sent.channel])}"
        if kinds["message"] > 1 or kinds["message_deleted"] > 1:
            verdict.wrong.append(f"{name} is on the timeline more than once: {dict(kinds)}")
        if sent.deleted_at is not None:
            unheard = sent.deleted_at < created_at.get(sent.channel, 0.0) + 0.5 or ts in lost or ts not in told
            if not unheard and not kinds["message_deleted"]:
                verdict.wrong.append(f"{name} was deleted, and the timeline does not say so")
            verdict.counts["deletions that no one could know"] += unheard and not kinds["message_deleted"]
            if ts in taken and not unheard and not kinds["message"] and not kinds["message_edited"]:
                verdict.wrong.append(f"{name} is not on the timeline")
        elif not kinds["message"]:
            over = _long_over(world, snapshot.incidents.get(number_in.get(sent.channel, 0)))
            unreadable = ts not in taken and (over or _out_of_reach(world, sent.channel))
            verdict.counts["messages that no one could read"] += unreadable
            if not unreadable:
                verdict.wrong.append(f"{name} is not on the timeline")
        elif sent.message.text not in texts:
            verdict.wrong.append(f"{name} was edited to {sent.message.text!r}; known are {texts}")


def delivered_messages(world: World) -> tuple[set[str], set[str]]:
    """The `ts` of messages with an accepted event, and of messages with an event that Slack gave up."""
    taken: set[str] = set()
    lost: set[str] = set()
    delivered: dict[str, bool] = {}
    about: dict[str, str] = {}
    for record in world.ws.journal.deliveries:
        event = record.payload.get("event") or {}
        if record.kind != "events_api" or event.get("type") != "message":
            continue
        about[record.id] = str(event.get("deleted_ts") or (event.get("message") or event).get("ts"))
        delivered[record.id] = delivered.get(record.id, False) or record.ok  # any of its copies
    for event_id, ts in about.items():
        (taken if delivered[event_id] else lost).add(ts)
    return taken, lost


def _out_of_reach(world: World, channel_id: str) -> bool:
    """Whether the channel stays archived with the bot outside: nobody can join it, so the bot cannot read it."""
    return is_archived(world, channel_id) and world.ws.bot.id not in world.ws.state.channels[channel_id].members


def _long_over(world: World, incident: Incident | None) -> bool:
    """Whether the incident ended so long ago that its channel is not read any more for what Slack gave up telling."""
    return incident is not None and incident.ended_at is not None and world.clock.now() - incident.ended_at > STILL_READ


def _told_deletions(world: World) -> set[str]:
    """The `ts` of messages whose deletion Slack told the bot; it does not while the bot is not in the channel."""
    events = [record.payload.get("event") or {} for record in world.ws.journal.deliveries]
    tombstones = {str(event["message"]["ts"]) for event in events if _is_tombstone(event)}
    return tombstones | {str(event["deleted_ts"]) for event in events if "deleted_ts" in event}


def _is_tombstone(event: Any) -> bool:
    return isinstance(event.get("message"), dict) and event["message"].get("subtype") == "tombstone"
