"""A database with history: rows that the bot wrote once, copied as often as a size requires."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage import incidents, similar
from storage.database import Database
from storage.open import open_database
from storage.statuspage import publications
from storage.statuspage import subscribers as stored_subscribers
from tests.benchmarks import client, processes
from tests.benchmarks.processes import Child, Rig
from tests.benchmarks.scale import copying, request_builder
from tests.benchmarks.scale.copying import Copies
from tests.benchmarks.scale.request_builder import ENDED, HOOK_TOKEN, PARKED, PERSON, POLICY, SUBJECT, RequestBuilder
from tests.benchmarks.scale.server import CountingPostgreSQL

YEAR = timedelta(days=365)
QUIET = timedelta(days=20)  # the youngest of the past, so that no channel of it is read after a start
PUBLICATIONS_A_HUNDRED = 10  # of ended incidents
ALERT_GROUPS_EACH = 4  # past ones for each ended incident
OLD, FIRES = 1, 2  # the groups of alerts that are copied from
HISTORY, MESSAGES, OPEN, WAITING, FIRING, SUBSCRIBERS = (
    "history",
    "messages",
    "open",
    "waiting",
    "firing",
    "subscribers",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each thing there is."""

    history: int = 200  # ended incidents with all that belongs to them
    messages: int = 100  # in the channel of the incident that is asked about
    open: int = 10  # incidents
    waiting: int = 1_000  # deadlines
    firing: int = 10  # groups of alerts
    subscribers: int = 10

    def grown(self, axis: str, factor: int) -> Size:
        """The same with one of them multiplied."""
        return replace(self, **{axis: getattr(self, axis) * factor})


@dataclass(slots=True)
class Place:
    """Where the databases of one kind are made."""

    kind: str
    folder: Path
    server: CountingPostgreSQL | None = None
    count: int = 0
    on_close: list[Callable[[], None]] = field(default_factory=list)

    def create(self, like: str | None = None) -> str:
        """The URL of a new database; `like`: a copy of that one, which nobody has open."""
        if self.server is not None:
            return self.server.create(like=like)
        self.count += 1
        path = self.folder / f"scale-{self.count}.db"
        if like is not None:
            shutil.copy(like.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Delete a database."""
        if self.server is not None:
            self.server.drop(url)
        else:
            for path in self.folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
                path.unlink()

    def watched_as(self, url: str) -> str:
        """The URL to look at a bot's database with, without being counted."""
        return url if self.server is None else self.server.watched_as(url)

    def bytes(self, url: str) -> int:
        """The size of an SQLite file."""
        return Path(url.removeprefix("sqlite:///")).stat().st_size


async def serve(rig: Rig, url: str, *, counted: bool = True) -> Child:
    """Start a bot with the policy of this benchmark."""
    path = rig.folder / "scale.yml"
    path.write_text(POLICY)
    return await rig.bot(url, counted=counted, TOCSIN_POLICY=str(path), TOCSIN_HOOK_TOKEN=HOOK_TOKEN)


async def make_template(rig: Rig, place: Place) -> tuple[str, str]:
    """Let a bot write what will be copied. Returns the database's URL and the channel of the subject."""
    url = place.create()
    await (await open_database(url)).close()
    bot = await serve(rig, url)
    async with processes.read_database(place.watched_as(url)) as database:
        for title in ("Checkout is down", "Payments are slow", "Parked"):
            await _ask(bot, client.command(f"declare sev3 {title}", user=PERSON))
        await processes.idle(database)
        channels = await channels_of(database, [ENDED, SUBJECT])
        made = await request_builder.open_builder(database, channels[SUBJECT - 1])
        for number, channel in ((ENDED, channels[0]), (SUBJECT, channels[1])):
            await _lead(bot, database, number, channel)
        await _ask(bot, made.command(f"resolve The queue was drained, checkout answers again --in INC-{ENDED}"))
        await _ask(bot, made.api("PATCH", f"/incidents/INC-{ENDED}/actions/1", {"status": "completed"}))
        await _ask(bot, made.command(f"close --in INC-{ENDED}"))
        began = datetime.now(UTC).isoformat()
        for first, name, states in ((1, "Old", ("firing", "resolved")), (101, "Fires", ("firing",))):
            for state in states:
                await _ask(bot, made.alerts(first, 3, status=state, name=name, began_at=began))
        await processes.idle(database)
        await _publish(bot, database, made)
        async with database.transaction() as conn:
            now = datetime.now(UTC)
            reader = Subscriber("reader", SubscriberKind.EMAIL, "reader@example.com", now, confirmed_at=now)
            await stored_subscribers.save(conn, reader)
        await _wait_until_indexed(database)
    await bot.kill()
    await _checkpoint(url)
    return url, channels[1]


async def channels_of(database: Database, numbers: Sequence[int]) -> list[str]:
    """The channels of these incidents, in the same order."""
    async with database.reading() as conn:
        found = await incidents.get_many(conn, numbers)
    return [found[number].channel_id or "" for number in numbers]


async def settle(database: Database) -> None:
    """Wait until the bot has sent, decided and indexed all that is due."""
    await processes.idle(database, 120.0)
    await _wait_until_indexed(database)


async def _wait_until_indexed(database: Database) -> None:
    """Wait until the words of every incident are in the search index."""
    for _ in range(1500):
        async with database.reading() as conn:
            if not await similar.due_for_indexing(conn, 1):
                return
        await asyncio.sleep(0.02)
    raise TimeoutError("the incidents are not indexed")


async def _checkpoint(url: str) -> None:
    """Open and close the database, so that everything is in its one file."""
    await (await open_database(url)).close()


async def _lead(bot: Child, database: Database, number: int, channel: str) -> None:
    """What a responder and a channel say in an incident."""
    verbs = (
        "ack", "status investigating", "note The error rate doubled at nine", "update We look into the queue",
        "status identified", "note The queue of the payments service is full", "status monitoring",
        "impact checkout 20% of customers in Europe", "action Alert on the depth of the queue",
    )  # fmt: skip
    for verb in verbs:
        await _ask(bot, client.command(f"{verb} --in INC-{number}", channel, PERSON))
    for n in range(25):
        text = f"Shard {n} of the orders database answers again after the restart of its pool, {n} connections were cut"
        await _ask(bot, client.message(channel, text, f"{1_700_000_000 + number * 1000 + n}.000100", PERSON))
    await processes.idle(database)


async def _publish(bot: Child, database: Database, made: RequestBuilder) -> None:
    path = "/status-page/publications"
    words = {"title": "Some checkouts fail", "message": "We look into it.", "incident": f"INC-{ENDED}"}
    await _ask(bot, made.api("POST", path, words))
    async with database.reading() as conn:
        (publication,) = await publications.unresolved(conn)
    await _ask(bot, made.api("POST", f"{path}/{publication.id}/resolve", {"message": "All is well again."}))
    await processes.idle(database)


async def _ask(bot: Child, request: bytes) -> bytes:
    (answer,) = await client.request_all(bot.port, [request], 1)
    if not 200 <= answer.status < 300:
        raise RuntimeError(f"answered {answer.status}: {answer.body.decode()[:500]}")
    return answer.body


async def fill(url: str, size: Size, *, groups: int | None = None) -> None:
    """Grow a copy of the template to this size. `groups`: of past alerts, if not as many as go with the history."""
    database = await open_database(url)
    async with database.transaction() as conn:
        if database.dialect == "postgresql":  # copying a year takes longer than any statement of the bot may
            await conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
        last = await incidents.last_number(conn)
        await copying.incidents(conn, ENDED, _past(last, size.history))
        for number in (ENDED,):  # the template is as old as the youngest copy
            await conn.execute(
                sa.text("UPDATE incidents SET ended_at = ended_at - :quiet WHERE number = :n"),
                {"quiet": QUIET // timedelta(microseconds=1), "n": number},
            )
        last += size.history
        await copying.incidents(conn, SUBJECT, Copies(last + 1, last + size.open), channels=False)
        await copying.messages(conn, SUBJECT, size.messages)
        await copying.deadlines(conn, PARKED, size.waiting)
        groups = size.history * ALERT_GROUPS_EACH if groups is None else groups
        await copying.alert_groups(conn, OLD, _past(FIRES, groups))
        await copying.alert_groups(conn, FIRES, Copies(FIRES + groups + 1, FIRES + groups + size.firing))
        published = await conn.scalar(sa.text("SELECT id FROM publications"))
        count = max(1, size.history * PUBLICATIONS_A_HUNDRED // 100)
        await copying.publications(conn, published, _past(0, count))
        await copying.subscribers(conn, "reader", size.subscribers)
    async with database.transaction() as conn:
        await conn.execute(sa.text("UPDATE chains SET indexed_seq = seq"))  # as once the indexer is through
        if database.dialect == "postgresql":
            await conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
        await conn.execute(sa.text("ANALYZE"))
    await database.close()


def _past(after: int, count: int) -> Copies:
    """Copies over the year before `QUIET`."""
    return Copies(after + 1, after + count, YEAR / max(1, count), QUIET)


@asynccontextmanager
async def place_of(kind: str, folder: Path) -> AsyncIterator[Place]:
    """A folder of SQLite files, or a PostgreSQL server."""
    server = CountingPostgreSQL() if kind == "postgresql" else None
    try:
        yield Place(kind, folder, server)
    finally:
        if server is not None:
            server.stop()
