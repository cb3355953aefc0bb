"""Slack is back after hours: 40 incidents with 200 held messages each, with Slack's rate tiers enforced.

The bars (docs/performance.md): the worst severity first; in channels that exist, the digest within 45 s after Slack
answers; channel and card of incidents declared meanwhile as soon as Slack lets us create channels (20 a minute); at
most five messages a channel, threads apart; nothing lost, nothing doubled.

`python -m tests.benchmarks.returning 2` measures two replicas on PostgreSQL, with incidents declared meanwhile.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot import policy as policy_reader
from bot.clock import Clock
from bot.usecases import outage as outages
from bot.usecases.context import Context, Policies
from bot.usecases.incidents import declare, post_update
from bot.usecases.outage import NOTICED, Outage
from storage.database import Database
from storage.open import open_database
from storage.schema import outbox
from tests.benchmarks import processes
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.processes import Rig

INCIDENTS, UPDATES = 40, 100  # an update is a message in the channel and one under the announcement
SEVERITIES = ("sev5", "sev3", "sev1", "sev4", "sev2")  # in the order of declaring
PERSON = "U0MAYA0000"
BAR_S, WITHIN_S = 45.0, 240.0
CREATED_AT_ONCE = 20  # channels that Slack creates within a minute
MOST_MESSAGES = 5
COUNTED_S = 12.0  # replicas count each other every ten seconds, to share Slack's limits
MESSAGES = ("gather", "channel", "card", "announce", "update", "thread", "news", "continuation", "digest")
POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
""" + "".join(
    f"  sev{n}: {{update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: []}}\n"
    for n in range(1, 6)
)


@dataclass(frozen=True, slots=True)
class Post:
    """A message of the bot: when it was posted, for which row of the outbox, and where."""

    at: float
    kind: str
    incident: int
    channel: str
    in_thread: bool
    key: str


@asynccontextmanager
async def _open_context(url: str, policy: Path) -> AsyncIterator[Context]:
    loaded = policy_reader.read(policy)
    database = await open_database(url, migrate=False)
    try:
        policies = Policies(loaded.policy, loaded.document, policy_reader.from_document)
        yield Context(database, policies, Clock(0.0))
    finally:
        await database.close()


async def _declare(context: Context) -> None:
    for number in range(INCIDENTS):
        severity = SEVERITIES[number % len(SEVERITIES)]
        await declare.declare(context, declare.Declaration(f"Case {number}", severity, PERSON))


async def _write_updates(context: Context) -> None:
    for number in range(UPDATES):
        writing = (post_update.post_update(context, n, f"Finding {number}.", PERSON) for n in range(1, INCIDENTS + 1))
        await asyncio.gather(*writing)


async def _measure(name: str, url: str, *, before: bool, replicas: int = 1) -> list[Figure]:
    """`before`: the channels exist when Slack goes; else the incidents are declared meanwhile."""
    async with processes.rig() as rig:
        policy = rig.folder / "policy.yml"
        policy.write_text(POLICY)
        bot = await rig.bot(url, TOCSIN_POLICY=str(policy))
        async with _open_context(url, policy) as context:
            if before:
                await _declare(context)
                await processes.idle(context.database, 120.0)
            await bot.kill()
            await rig.tell("slack", down=True)
            async with context.database.transaction() as conn:
                await outages.start(conn, Outage(context.clock.now(), NOTICED, "a test"), timedelta(seconds=1))
            if not before:
                await _declare(context)
            await _write_updates(context)
            held = await _held_count(context.database)
            for _ in range(replicas):
                await rig.bot(url, TOCSIN_POLICY=str(policy), LIMITED="1")
            if replicas > 1:
                await asyncio.sleep(COUNTED_S)
            earlier = len(await rig.calls("conversations.create"))
            await rig.tell("settings", tiers=True)
            await rig.tell("slack", down=False)
            back_at = time.time()
            await _told_everywhere(context.database)
            posts = await _posts(rig, context.database)
            created = [call for call in (await rig.calls("conversations.create"))[earlier:] if call["ok"]]
            told = await _update_counts(context.database)
        calls = (await rig.get("calls", limit=50_000))["records"]
        refused = Counter(call["method"] for call in calls if call.get("status") == 429)
    after = [post for post in posts if post.at >= back_at]
    channels = sorted(float(call["at"]) - back_at for call in created)
    return _figures(name, Return(after, channels, told, back_at, held, refused), before=before)


async def _told_everywhere(database: Database) -> None:
    """Wait until every message is posted; edits, topics and bookmarks may take longer."""
    until = time.monotonic() + WITHIN_S
    waiting = sa.select(sa.func.count()).where(
        outbox.c.state.in_(("held", "queued", "leased", "unknown")), outbox.c.kind.in_(MESSAGES)
    )
    while time.monotonic() < until:
        async with database.reading() as conn:
            if not await conn.scalar(waiting):
                return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"messages wait after {WITHIN_S} s")


async def _held_count(database: Database) -> int:
    waiting = outbox.c.state.in_(("held", "queued", "unknown"))
    wanted = outbox.c.kind.in_(("update", "thread"))
    async with database.reading() as conn:
        return int(await conn.scalar(sa.select(sa.func.count()).where(waiting, wanted)) or 0) // INCIDENTS


async def _posts(rig: Rig, database: Database) -> list[Post]:
    async with database.reading() as conn:
        rows = await conn.execute(sa.select(outbox.c.metadata_key, outbox.c.kind, outbox.c.incident))
        by_key = {row.metadata_key: row for row in rows}
    posts = []
    for call in await rig.calls("chat.postMessage"):
        args: dict[str, Any] = call["args"]
        key = ((args.get("metadata") or {}).get("event_payload") or {}).get("key")
        if call["ok"] and key in by_key:
            row = by_key[key]
            posts.append(
                Post(call["at"], row.kind, row.incident, args["channel"], bool(args.get("thread_ts")), str(key))
            )
    return posts


async def _update_counts(database: Database) -> Counter[tuple[int, str, int]]:
    """How often each update was told in each place: by its incident, the place, and its place on the timeline."""
    told: Counter[tuple[int, str, int]] = Counter()
    async with database.reading() as conn:
        rows = sa.select(outbox.c.incident, outbox.c.kind, outbox.c.payload).where(outbox.c.state == "sent")
        for row in await conn.execute(rows.where(outbox.c.kind.in_(("digest", "update", "thread")))):
            place = row.payload.get("place", "channel" if row.kind == "update" else "announcement")
            seqs = row.payload.get("seqs") or [row.payload.get("seq")]
            told.update({(row.incident, place, seq) for seq in seqs})
    return told


@dataclass(frozen=True, slots=True)
class Return:
    """What happened once Slack was back. `created`: when each channel was, in seconds after that."""

    posts: list[Post]
    created: list[float]
    told: Counter[tuple[int, str, int]]
    back_at: float
    held: int
    refused: Counter[str]  # calls answered 429, by method


def _figures(name: str, back: Return, *, before: bool) -> list[Figure]:
    posts, told, back_at, held, refused = back.posts, back.told, back.back_at, back.held, back.refused
    first: dict[str, dict[int, float]] = defaultdict(dict)
    for post in posts:
        if post.kind != "digest" or not post.in_thread:
            first[post.kind].setdefault(post.incident, post.at - back_at)
    top = Counter(post.incident for post in posts if not post.in_thread and post.kind != "announce")
    keys = Counter(post.key for post in posts)
    in_channel = Counter(number for number, place, _ in told if place == "channel")
    lost = sum(max(0, UPDATES - in_channel[number]) for number in range(1, INCIDENTS + 1))
    double = sum(count > 1 for count in told.values()) + sum(count > 1 for count in keys.values())
    digests = sorted(first["digest"].values())
    of = f"40 incidents with {held} held messages, {'channels exist' if before else 'declared meanwhile'}, {name}"
    figures = [
        Figure(f"{of}: lost, doubled", f"{lost}, {double}", "0, 0", (lost, double) == (0, 0)),
        Figure(f"{of}: calls answered 429", ", ".join(f"{n} × {m}" for m, n in refused.items()) or "none", "", None),
        Figure(f"{of}: most messages in a channel", str(max(top.values())), "≤ 5", max(top.values()) <= MOST_MESSAGES),
        Figure(f"{of}: worst first", _ordered(first["digest" if before else "card"]), "in order",
               _ordered(first["digest" if before else "card"]) == "in order"),
    ]  # fmt: skip
    if before:
        met = len(digests) == INCIDENTS and digests[-1] <= BAR_S
        return [*figures, Figure(f"{of}: digest in every channel", _spread(digests), "≤ 45 s", met)]
    cards = sorted(first["card"].values())
    met = len(cards) == INCIDENTS and cards[CREATED_AT_ONCE - 1] <= BAR_S and cards[-1] <= 60 + BAR_S
    return [
        *figures,
        Figure(f"{of}: channel", _spread(back.created), "20 ≤ 45 s, 40 as Slack allows", met),
        Figure(f"{of}: card", _spread(cards), "20 ≤ 45 s, 40 as Slack allows", met),
        Figure(f"{of}: digest", _spread(digests), "", None),
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    twentieth = seconds[min(len(seconds), CREATED_AT_ONCE) - 1]
    return f"first {seconds[0]:.1f} s, 20th {twentieth:.1f} s, {len(seconds)}th {seconds[-1]:.1f} s"


def _ordered(at: dict[int, float]) -> str:
    """Whether the worse severities came first; neighbours within half a second count as together."""
    by_time = sorted((seconds, SEVERITIES[(number - 1) % len(SEVERITIES)], number) for number, seconds in at.items())
    late = [
        f"INC-{number} ({severity}) at {seconds:.1f} s"
        for place, (seconds, severity, number) in enumerate(by_time)
        if any(other > severity and seconds - before > 0.5 for before, other, _ in by_time[:place])
    ]
    return "in order" if not late else f"{len(late)} late: {', '.join(late[:3])}"


async def measure() -> list[Figure]:
    figures: list[Figure] = []
    for before in (True, False):
        with processes.databases() as urls:
            for name, url in urls:
                figures += await _measure(name, url, before=before)
    return figures


async def measure_replicas(count: int) -> list[Figure]:
    """The incidents declared meanwhile, with several replicas on PostgreSQL."""
    with processes.databases() as urls:
        url = dict(urls)["PostgreSQL"]
        return await _measure(f"PostgreSQL, {count} replicas", url, before=False, replicas=count)


def figures() -> list[Figure]:
    return asyncio.run(measure())


if __name__ == "__main__":
    print(table(asyncio.run(measure_replicas(int(sys.argv[1])))))
