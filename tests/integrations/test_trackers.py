"""Jira and Linear by themselves, against doubles made of their references: create, find, move, read, limits."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.domain.actions.ticket import NewTicket, TicketState
from bot.domain.errors import DeliveryError
from bot.integrations.trackers import hooks
from bot.integrations.trackers.jira import Jira
from bot.integrations.trackers.linear import Linear
from bot.web.hooks.tickets import is_signed
from tests.integrations.doubles import Reply, serving
from tests.integrations.trackers_doubles import EMAIL, KEY, TOKEN, JiraDouble, LinearDouble

NEW = NewTicket("Alert on pool usage (AI-1-1)", "**Owner:** Tom", ("incident", "p1"), None, "k3y")
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.mark.parametrize("cloud", [True, False])
async def test_an_issue_of_jira_is_created_found_moved_and_read(session: aiohttp.ClientSession, cloud: bool) -> None:
    double = JiraDouble(cloud=cloud)
    async with serving(double):
        jira = Jira(session, double.url, TOKEN, EMAIL if cloud else None, "OPS")
        created = await jira.create("OPS", NEW)
        assert (created.external, created.url) == ("OPS-1", f"{double.url}/browse/OPS-1")
        found = await jira.find("OPS", NEW, LONG_AGO)
        assert found is not None
        assert found.external == "OPS-1"
        await jira.move("OPS", "OPS-1", TicketState.DONE, "")
        await jira.move("OPS", "OPS-1", TicketState.DONE, "")
        assert [each.state for each in (await jira.changed_since("OPS", LONG_AGO)).news] == [TicketState.DONE]
        await jira.move("OPS", "OPS-1", TicketState.OPEN, "")
        assert [each.state for each in (await jira.changed_since("OPS", LONG_AGO)).news] == [TicketState.OPEN]
        assert sum(asked.path.endswith("transitions") and asked.method == "POST" for asked in double.asked) == 2


async def test_a_project_of_jira_without_labels_gets_the_issue_and_that_is_told(session: aiohttp.ClientSession) -> None:
    double = JiraDouble(with_labels=False)
    async with serving(double):
        jira = Jira(session, double.url, TOKEN, EMAIL, "OPS")
        assert (await jira.create("OPS", NEW)).labels == ()
        assert await jira.find("OPS", NEW, LONG_AGO) is not None


async def test_an_issue_of_linear_is_created_once_moved_and_read(session: aiohttp.ClientSession) -> None:
    double = LinearDouble()
    async with serving(double):
        linear = Linear(session, double.url, KEY, "ENG")
        assert await linear.find("ENG", NEW, LONG_AGO) is None
        created = await linear.create("ENG", NEW)
        assert created.external == "ENG-1"
        with pytest.raises(DeliveryError, match="conflict"):
            await linear.create("ENG", NEW)
        found = await linear.find("ENG", NEW, LONG_AGO)
        assert found is not None
        assert found.external == "ENG-1"
        for state in (TicketState.DONE, TicketState.NOT_DOING, TicketState.OPEN):
            await linear.move("ENG", "ENG-1", state, "")
            assert [each.state for each in (await linear.changed_since("ENG", LONG_AGO)).news] == [state]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"errors": [{"message": "limit", "extensions": {"code": "RATELIMITED"}}]}, {"Retry-After": "7"}),
        Reply(429, {}, {"Retry-After": "7"}),
    ],
)
async def test_limits_are_told_apart_from_refusals(session: aiohttp.ClientSession, reply: Reply) -> None:
    for double in (LinearDouble(replies=[reply]), JiraDouble(replies=[Reply(429, {}, {"Retry-After": "7"})])):
        async with serving(double):
            tracker: Any = Linear(session, double.url, KEY, "ENG")
            place = "ENG"
            if isinstance(double, JiraDouble):
                tracker, place = Jira(session, double.url, TOKEN, EMAIL, "OPS"), "OPS"
            with pytest.raises(DeliveryError) as raised:
                await tracker.create(place, NEW)
            assert not raised.value.permanent
            assert 7 <= (raised.value.wait_s or 0) < 9


async def test_a_wrong_token_is_said_and_not_shown(session: aiohttp.ClientSession) -> None:
    for double in (LinearDouble(), JiraDouble()):
        async with serving(double):
            tracker: Any = Linear(session, double.url, "wrong-key-123", "ENG")
            place = "ENG"
            if isinstance(double, JiraDouble):
                tracker, place = Jira(session, double.url, "wrong-key-123", EMAIL, "OPS"), "OPS"
            with pytest.raises(DeliveryError) as raised:
                await tracker.create(place, NEW)
            assert raised.value.permanent
            assert "check " in str(raised.value)
            assert "wrong-key-123" not in str(raised.value)


def test_a_webhook_of_jira_tells_the_state_and_who() -> None:
    fields = {"status": {"statusCategory": {"key": "done"}}, "resolution": {"name": "Won't Do"}}
    content = {
        "webhookEvent": "jira:issue_updated",
        "issue": {"key": "OPS-12", "fields": fields},
        "user": {"displayName": "Tom Baker"},
    }
    news = hooks.jira({}, content)
    assert news is not None
    assert (news.project, news.external, news.state, news.who) == ("OPS", "OPS-12", TicketState.NOT_DOING, "Tom Baker")
    assert hooks.jira({}, content | {"webhookEvent": "comment_created"}) is None
    gone = hooks.jira({}, content | {"webhookEvent": "jira:issue_deleted"})
    assert gone is not None
    assert gone.state is TicketState.GONE


def test_a_webhook_of_linear_is_fresh_or_refused() -> None:
    now = datetime.now(UTC).timestamp() * 1000
    content = {
        "type": "Issue",
        "action": "update",
        "webhookTimestamp": now,
        "data": {"identifier": "ENG-4", "state": {"type": "completed"}},
        "actor": {"name": "Tom"},
    }
    news = hooks.linear({}, content)
    assert news is not None
    assert (news.project, news.external, news.state) == ("ENG", "ENG-4", TicketState.DONE)
    assert hooks.linear({}, content | {"webhookTimestamp": now - 3_600_000}) is None


@pytest.mark.parametrize(
    "content", [{}, {"issue": 3}, {"action": "closed", "issue": {"number": "x"}, "repository": []}]
)
def test_what_is_no_webhook_of_theirs_is_ignored(content: dict[str, Any]) -> None:
    assert hooks.github({"x-github-event": "issues"}, content) is None
    assert hooks.jira({}, content) is None
    assert hooks.linear({}, content | {"webhookTimestamp": datetime.now(UTC).timestamp() * 1000}) is None


def test_a_signature_belongs_to_its_body() -> None:
    digest = hmac.new(b"s", b"body", hashlib.sha256).hexdigest()
    assert is_signed("s", b"body", f"sha256={digest}", "sha256=")
    assert is_signed("s", b"body", digest, "")
    for header in ("", digest, f"sha256={digest[:-1]}0", "sha256=é"):
        assert not is_signed("s", b"body", header, "sha256=")
