"""The oracle of the bot's posts: each belongs to one row of the outbox, also after deletions and lost channels."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bot.domain.routing.channel_loss import back_key
from sandbox import Message
from tests.torture.people import has_block, metadata_key
from tests.torture.world import World

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict

POSTED_KINDS = frozenset(
    {
        "card", "announce", "thread", "news", "update", "continuation", "duties", "nudge",
        "page_channel", "page_direct", "page_elsewhere", "digest", "action_assigned", "action_reminder", "review",
        "review_questions", "review_published", "review_reminder", "review_point", "weekly_digest",
    }
)  # fmt: skip
# Posted in the incident's channel, or directly to one person while that is lost.
CHANNEL_KINDS = frozenset({"card", "update", "news", "continuation", "nudge", "page_channel"})


def is_archived(world: World, channel_id: str | None) -> bool:
    """Whether the channel is archived now."""
    channel = world.ws.state.channels.get(channel_id or "")
    return channel is not None and channel.is_archived


def waits_for_channel(world: World, snapshot: Snapshot, row: Any) -> bool:
    """Whether a row is rightly held: its channel is archived."""
    incident = snapshot.incidents.get(row.incident)
    if incident is None or row.state != "held":
        return False
    return row.depends_on == back_key(incident.number) and is_archived(world, incident.channel_id)


def keys(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """Every post has a row, every sent row has one post, and every other row has none.

    A reminder that a newer one replaced is deleted again, and people delete messages too. A direct message that stands
    in for one in a lost channel keeps its key when the row gets a new one for the channel.
    """
    posts = _posts(world)
    rows = {row.metadata_key: row for row in snapshot.outbox}
    settled = [row.payload for row in snapshot.outbox if row.kind == "nudge_edit" and row.state == "sent"]
    replaced = {payload["of"] for payload in settled if payload["outcome"] == "superseded"}
    for key in posts.keys() - rows.keys():
        _stood_in(world, snapshot, verdict, key, posts[key])
    for key, row in rows.items():
        if row.kind not in POSTED_KINDS:
            continue
        count = len(posts[key])
        if row.incident in _lost_once(snapshot) and _one_in_each_place(world, posts[key]):
            verdict.counts["posts with a stand-in of the same key"] += count > 1
        elif count > 1 and world.freezes and world.schedule.replicas > 1:
            verdict.counts["doubled after a freeze"] += count - 1
        elif count > 1:
            verdict.wrong.append(f"{row.dedup_key} was posted {count} times")
        if row.state == "sent" and count == 0 and row.dedup_key not in replaced and key not in world.people.erased:
            verdict.wrong.append(f"{row.dedup_key} is marked as sent, and was not posted")
        if row.state in ("dropped", "failed") and count:
            verdict.wrong.append(f"{row.dedup_key} is marked as {row.state} ({row.error}), and was posted")
        verdict.counts["posted again after a deletion"] += bool(count and key in world.people.erased)


def _posts(world: World) -> defaultdict[str, list[Message]]:
    """The bot's messages by their keys."""
    posts: defaultdict[str, list[Message]] = defaultdict(list)
    for log in world.ws.state.logs.values():
        for message in log.messages.values():
            if message.user == world.ws.bot.id and (key := metadata_key(message)):
                posts[key].append(message)
    return posts


def _stood_in(world: World, snapshot: Snapshot, verdict: Verdict, key: str, messages: list[Message]) -> None:
    """A message without a row is a direct message, sent once, of an incident that had lost its channel."""
    lost = [f"INC-{number}" for number in _lost_once(snapshot)]
    about = str([(m.text, m.blocks) for m in messages])
    direct = all(world.ws.state.channels[m.channel].is_im for m in messages)
    if not direct or not any(name in about for name in lost):
        verdict.wrong.append(f"a message with the key {key} belongs to no row: {messages[0].text}")
    elif len(messages) > 1:
        verdict.wrong.append(f"the direct message {messages[0].text!r} was sent {len(messages)} times")
    verdict.counts["brought back from direct messages"] += 1


def _lost_once(snapshot: Snapshot) -> set[int]:
    """The incidents whose channels were ever lost."""
    return {
        number
        for number, records in snapshot.timelines.items()
        if any(record.entry.kind == "channel_lost" for record in records)
    }


def _one_in_each_place(world: World, messages: list[Message]) -> bool:
    """Whether a message was posted at most once in a channel and once directly.

    Slack took it without confirming as the channel was lost or came back.
    """
    direct = sum(world.ws.state.channels[m.channel].is_im for m in messages)
    return direct <= 1 and len(messages) - direct <= 1


def channels_back(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """The bot knows which channels are archived; it is in all others, and nothing that was sent is missing there."""
    people = world.people
    verdict.counts["channels archived"] += people.archived
    verdict.counts["removals of the bot"] += len(people.kicked)
    verdict.counts["outages of the token"] += people.outages
    verdict.counts["messages deleted by people"] += len(people.erased)
    for number, incident in snapshot.incidents.items():
        kinds = [record.entry.kind for record in snapshot.timelines[number]]
        verdict.counts["losses noticed"] += kinds.count("channel_lost")
        verdict.counts["returns noticed"] += kinds.count("channel_back")
        channel = world.ws.state.channels.get(incident.channel_id or "")
        if channel is None:
            continue
        if channel.is_archived:
            verdict.counts["channels that stay archived"] += 1
            if incident.open and incident.channel_lost is None:
                verdict.wrong.append(f"INC-{number} does not know that its channel is archived")
            continue
        if incident.channel_lost is not None:
            verdict.wrong.append(f"INC-{number} counts its channel as {incident.channel_lost}, and it can be used")
        if world.ws.bot.id not in channel.members:
            verdict.wrong.append(f"INC-{number}: the bot is not in its channel")
        _nothing_missing(snapshot, verdict, number, channel.id)
        _no_buttons_elsewhere(world, snapshot, verdict, number)


def _nothing_missing(snapshot: Snapshot, verdict: Verdict, number: int, channel: str) -> None:
    """What is for the channel is there, except a page that nobody needs any more."""
    incident = snapshot.incidents[number]
    for row in snapshot.outbox:
        if row.incident != number or row.kind not in CHANNEL_KINDS or row.state != "sent":
            continue
        needless = row.kind == "page_channel" and row.dedup_key not in incident.live_pages
        if "ts" in (row.receipt or {}) and row.receipt["channel"] != channel and not needless:
            verdict.wrong.append(f"{row.dedup_key} is not in the channel, which is back")


def _no_buttons_elsewhere(world: World, snapshot: Snapshot, verdict: Verdict, number: int) -> None:
    """No reminder in a direct message has buttons once the channel is back."""
    for channel in world.ws.state.channels.values():
        for message in world.ws.bot_messages(channel.id) if channel.is_im else []:
            if has_block(message, "nudge") and f"INC-{number} " in f"{message.text} ":
                verdict.wrong.append(f"INC-{number} has a reminder with buttons in a direct message: {message.text}")
