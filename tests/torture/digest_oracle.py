"""The oracle of Slack outages: each event is told once, in a digest or marked as delayed; pages stay answered.

Spans, entries and declarations carry the bot's clock; rows of the outbox and messages carry that of the wall.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.domain.routing.announcements import announcement_key
from bot.domain.values.outage_span import OutageSpan
from sandbox import Message
from sandbox.text import message_lines
from tests.torture.people import metadata_key
from tests.torture.post_oracle import POSTED_KINDS
from tests.torture.world import LEASE_S, World

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict

TOLD_BY = frozenset({"update", "news", "continuation", "digest", "thread"})  # kinds of messages that tell of updates
MOST_MESSAGES = 5  # in a channel, of what was written while Slack was down
STAMP = "delayed"
TURNS = frozenset({"severity", "reopened", "escalated"})  # after these a page is wanted again
PAGES = frozenset({"page_channel", "page_direct", "page_elsewhere"})


def outages(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """Check everything about outages, in nights that have one."""
    if not world.schedule.outages:
        return
    verdict.counts["outages"] += world.slack_outages
    verdict.counts["outages noticed"] += len(snapshot.outages)
    posts = {key: messages for key, messages in _posts(world).items() if snapshot.row_of(key) is not None}
    verdict.counts["digests"] += sum(snapshot.row_of(key).kind == "digest" for key in posts)
    _one_digest_a_place(snapshot, verdict, posts)
    _told_once(world, snapshot, verdict, posts)
    _stamped(world, snapshot, verdict, posts)
    for span in snapshot.outages:
        _few_messages(world, snapshot, verdict, posts, span)
        _answered_pages(world, snapshot, verdict, posts, span)


def _posts(world: World) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for log in world.ws.state.logs.values():
        for message in log.messages.values():
            if message.user == world.ws.bot.id and (key := metadata_key(message)):
                found.setdefault(key, []).append(message)
    return found


def _one_digest_a_place(snapshot: Snapshot, verdict: Verdict, posts: dict[str, list[Message]]) -> None:
    """Each outage has at most one digest in each place, and goes on in its thread."""
    heads: Counter[str] = Counter()
    for row in (row for row in snapshot.outbox if row.kind == "digest" and row.metadata_key in posts):
        place, _, part = row.dedup_key.rpartition(":")
        for message in posts[row.metadata_key]:
            top = message.thread_ts in (None, message.ts)
            heads[place] += part == "1"
            if part != "1" and top:
                verdict.wrong.append(f"{row.dedup_key} is not in the thread of its digest")
    verdict.wrong += [f"{place} has {count} digests" for place, count in heads.items() if count > 1]


def _told_once(world: World, snapshot: Snapshot, verdict: Verdict, posts: dict[str, list[Message]]) -> None:
    """Every update is in its channel and under its announcement once; every note of the outage is in a digest once."""
    for number, records in snapshot.timelines.items():
        incident = snapshot.incidents[number]
        rows = [row for row in snapshot.outbox if row.incident == number and row.kind in TOLD_BY]
        told = [(row, m) for row in rows for m in posts.get(row.metadata_key, ())]
        inside = [(row.dedup_key, _words(world, m)) for row, m in told if m.channel == incident.channel_id]
        under = [(row.dedup_key, _words(world, m)) for row, m in told if m.channel != incident.channel_id]
        announced = _announced(snapshot, number)
        for entry in (record.entry for record in records):
            meanwhile = any(span.since <= entry.at <= span.until for span in snapshot.outages)
            if not (entry.kind == "update" or (entry.kind == "note" and meanwhile)):
                continue
            token = f"{entry.text.split()[0]} {entry.text.split()[1]}" if len(entry.text.split()) > 1 else entry.text
            verdict.counts["told meanwhile"] += meanwhile
            if len(where := _places(inside, token)) != 1:
                verdict.wrong.append(f"INC-{number}: {entry.kind} {token!r} is in its channel {where}")
            if entry.kind == "update" and announced and len(where := _places(under, token)) != 1:
                verdict.wrong.append(f"INC-{number}: {entry.kind} {token!r} is under its announcement {where}")


def _places(texts: list[tuple[str, str]], token: str) -> list[str]:
    return [key for key, text in texts for _ in range(text.count(token))]


def _announced(snapshot: Snapshot, number: int) -> bool:
    row = next((row for row in snapshot.outbox if row.dedup_key == announcement_key(number)), None)
    return row is not None and row.state == "sent"


def _stamped(world: World, snapshot: Snapshot, verdict: Verdict, posts: dict[str, list[Message]]) -> None:
    """What waited for Slack and stands by itself says so."""
    for row in snapshot.outbox:
        if row.kind not in ("announce", "thread"):
            continue
        for message in posts.get(row.metadata_key, ()):
            at = float(message.ts)
            span = next((s for s in snapshot.outages if s.since_wall <= row.created_at <= s.until_wall), None)
            if span is not None and at > span.until_wall.timestamp() and STAMP not in _words(world, message):
                verdict.wrong.append(f"{row.dedup_key} waited for Slack, and is not marked as delayed")
            if all(at < s.since_wall.timestamp() for s in snapshot.outages) and STAMP in _words(world, message):
                verdict.wrong.append(f"{row.dedup_key} did not wait for Slack, and is marked as delayed")


def _few_messages(
    world: World, snapshot: Snapshot, verdict: Verdict, posts: dict[str, list[Message]], span: OutageSpan
) -> None:
    """What was written meanwhile makes few messages in each channel, threads apart."""
    for number, incident in snapshot.incidents.items():
        late = [
            row
            for row in snapshot.outbox
            if row.incident == number and row.kind in POSTED_KINDS and row.created_at <= span.until_wall
            for message in posts.get(row.metadata_key, ())
            if message.channel == incident.channel_id and message.thread_ts in (None, message.ts)
            if float(message.ts) > span.until_wall.timestamp()
        ]
        if len(late) > MOST_MESSAGES:
            kinds = dict(Counter(row.kind for row in late))
            verdict.wrong.append(f"INC-{number}: {len(late)} messages in its channel after the outage: {kinds}")


def _answered_pages(
    world: World, snapshot: Snapshot, verdict: Verdict, posts: dict[str, list[Message]], span: OutageSpan
) -> None:
    """A page that was answered meanwhile is not posted once Slack is back, unless it was on its way by then."""
    for number, records in snapshot.timelines.items():
        entries = [record.entry for record in records]
        answers = [e.at for e in entries if e.kind == "acknowledged" and span.since <= e.at <= span.until]
        answered = max(answers, default=None)
        if answered is None or any(e.kind in TURNS and e.at >= answered for e in entries):
            continue
        for row in snapshot.outbox:
            if row.incident != number or row.kind not in PAGES or row.created_at > span.until_wall:
                continue
            if row.payload["unless"] != "acknowledged":
                continue
            for message in posts.get(row.metadata_key, ()):
                late_s = float(message.ts) - world.course.wall(answered)
                if float(message.ts) > span.until_wall.timestamp() and late_s > LEASE_S:
                    how = f"{late_s:.1f} s later, attempt {row.attempts}, {row.created_at - span.since_wall} after it"
                    verdict.wrong.append(f"{row.dedup_key} was answered meanwhile, and posted all the same: {how}")


def _words(world: World, message: Message) -> str:
    return "\n".join(message_lines(world.ws.state, message))
