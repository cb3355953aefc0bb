"""After a downtime a project has more changes than one poll reads: none is lost, and none is read twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.domain.actions.ticket import Ticket, TicketNews, TicketState, TrackerKind
from bot.domain.errors import DeliveryError
from bot.integrations.trackers.github import GitHub
from bot.integrations.trackers.jira import Jira
from bot.integrations.trackers.linear import Linear, issue_id
from bot.integrations.trackers.protocol import Changes
from bot.usecases.incidents.declare import Declaration, declare
from bot.workers import ticket_poller
from storage import tickets
from storage.key_value import ticket_cursor
from tests.integrations.doubles import serving
from tests.integrations.github_double import REPOSITORY, GitHubDouble
from tests.integrations.github_double import TOKEN as GITHUB_TOKEN
from tests.integrations.trackers_doubles import (
    EMAIL,
    KEY,
    TOKEN,
    JiraDouble,
    LinearDouble,
    jira_time,
    linear_time,
    status,
)
from tests.usecases.conftest import MakeContext, clock, make_context

__all__ = ["clock", "make_context"]  # fixtures

NOW = datetime.now(UTC).replace(microsecond=0)
DAY_AGO = NOW - timedelta(days=1)
BUSY = 1_000  # changes of a day: one each minute, and then 300 in the same second
CHANGED = [DAY_AGO + timedelta(minutes=number) for number in range(1, 701)] + [DAY_AGO + timedelta(minutes=701)] * 300


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def _all(tracker: Any, place: str) -> set[str]:
    """Read on until there is nothing more, as the poller does."""
    names: set[str] = set()
    since, looks = DAY_AGO, 0
    while True:
        changes = await tracker.changed_since(place, since)
        names |= {news.external for news in changes.news}
        looks += 1
        if changes.read_to is None:
            assert looks > 1
            return names
        assert changes.read_to > since
        since = changes.read_to


async def test_every_change_of_a_busy_repository_is_read(session: aiohttp.ClientSession) -> None:
    double = GitHubDouble()
    double.issues[REPOSITORY] = [
        {"number": number, "state": "closed", "updated_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        for number, at in enumerate(CHANGED, start=1)
    ]
    async with serving(double):
        names = await _all(GitHub(session, double.url, GITHUB_TOKEN, REPOSITORY), REPOSITORY)
    assert names == {str(number) for number in range(1, BUSY + 1)}


@pytest.mark.parametrize("cloud", [True, False])
async def test_every_change_of_a_busy_project_of_jira_is_read(session: aiohttp.ClientSession, cloud: bool) -> None:
    double = JiraDouble(cloud=cloud)
    double.issues = [
        {"key": f"OPS-{number}", "fields": {"status": status("done"), "updated": jira_time(at)}}
        for number, at in enumerate(CHANGED, start=1)
    ]
    async with serving(double):
        names = await _all(Jira(session, double.url, TOKEN, EMAIL if cloud else None, "OPS"), "OPS")
    assert names == {f"OPS-{number}" for number in range(1, BUSY + 1)}


async def test_every_change_of_a_busy_team_of_linear_is_read(session: aiohttp.ClientSession) -> None:
    double = LinearDouble()
    double.issues = {
        issue_id(str(number)): {
            "identifier": f"ENG-{number}",
            "state": {"type": "completed"},
            "updatedAt": linear_time(at),
        }
        for number, at in enumerate(CHANGED, start=1)
    }
    async with serving(double):
        names = await _all(Linear(session, double.url, KEY, "ENG"), "ENG")
    assert names == {f"ENG-{number}" for number in range(1, BUSY + 1)}


@dataclass(slots=True)
class Busy:
    """A tracker that tells one change at a time, and fails when it is asked `fails_after` times."""

    changes: list[tuple[datetime, TicketNews]]
    fails_after: int
    asked: list[datetime] = field(default_factory=list)
    kind: TrackerKind = TrackerKind.GITHUB
    place: str = "acme/app"

    async def changed_since(self, place: str, since: datetime) -> Changes:
        self.asked.append(since)
        if len(self.asked) > self.fails_after:
            raise DeliveryError("GitHub is asked too often", wait_s=60.0)
        later = [(at, news) for at, news in self.changes if at > since]
        return Changes(tuple(news for _, news in later[:1]), later[0][0] if len(later) > 1 else None)


async def test_the_cursor_moves_to_the_last_change_that_was_read(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5")
    now = context.clock.now()
    began = now - timedelta(hours=8)
    closed = [
        (began + timedelta(hours=number), TicketNews(TrackerKind.GITHUB, "acme/app", str(number), TicketState.DONE, ""))
        for number in range(1, 6)
    ]
    ticket = Ticket(1, 1, TrackerKind.GITHUB, "acme/app", "999", "https://x.test", TicketState.OPEN, began)
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    cursor = ticket_cursor("github", "acme/app")
    async with context.database.transaction() as conn:
        await tickets.put(conn, ticket, began)
        await cursor.put(conn, began.isoformat())
    tracker: Any = Busy(closed, fails_after=3)
    await ticket_poller.ticket_poller(context, lambda: {TrackerKind.GITHUB: tracker}).work()
    async with context.database.reading() as conn:
        assert await cursor.get(conn) == closed[2][0].isoformat()
    tracker.fails_after = 99
    await ticket_poller.ticket_poller(context, lambda: {TrackerKind.GITHUB: tracker}).work()
    assert tracker.asked[4] == closed[2][0]
    async with context.database.reading() as conn:
        assert await cursor.get(conn) == (now - ticket_poller.OVERLAP).isoformat()
