"""The process is killed while it posts digests after an outage of Slack: nothing is lost or doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.usecases import outage as outages
from bot.usecases.context import Context, Policies
from bot.usecases.incidents import declare, note, post_update
from bot.usecases.outage import Outage
from sandbox import Channel, Workspace
from sandbox.text import message_lines
from storage.open import open_database
from tests.databases import PostgreSQL
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import MovableClock, policy_file
from tests.scenarios.test_kill import (
    POLICY,
    STEP,
    deaths,
    declare_and_kill,
    doubled_counts,
    run_again,
    settings,
    wait_until_dead_or_quiet,
    wait_until_quiet,
    workspace,
)

UPDATES = 9  # more than stand by themselves under the announcement
MAYA = "U0MAYA0000"
FEW = [Death("commit", 9, before=False), Death("call", 9, before=True)]  # `make torture` dies everywhere


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def slack_was_down(url: str, policy: Path) -> None:
    """What people did elsewhere, in an incident that had its channel and in one that was declared meanwhile."""
    loaded = policy_reader.read(policy)
    policies = Policies(loaded.policy, loaded.document, policy_reader.from_document)
    database = await open_database(url, migrate=False)
    try:
        context = Context(database, policies, MovableClock())
        async with database.transaction() as conn:
            await outages.start(conn, Outage(context.clock.now(), "cli", "a test"), timedelta(seconds=1))
        await declare.declare(context, declare.Declaration("Payments are down", "sev2", MAYA))
        for incident in (1, 2):
            for number in range(UPDATES):
                await post_update.post_update(context, incident, f"Finding {number} of {incident}.", MAYA)
            await note.note(context, incident, f"The note of {incident}.", MAYA)
        async with database.transaction() as conn:
            await outages.stop(conn, datetime.now(UTC), [level.key for level in context.policy.severities])
    finally:
        await database.close()


def digest_text(ws: Workspace, channel: Channel) -> str:
    """What the digest of a channel says, with its thread."""
    texts = ["\n".join(message_lines(ws.state, message)) for message in ws.bot_messages(channel.id)]
    return "\n".join(text for text in texts if "While Slack was down" in text)


def assert_told_once(ws: Workspace) -> None:
    """Both channels read every update and the note once, and no message stands twice anywhere."""
    assert doubled_counts(ws) == {}
    for incident in (1, 2):
        channel = ws.find_channel(f"inc-{incident}-")
        assert channel is not None
        digest = digest_text(ws, channel)
        for number in range(UPDATES):
            assert digest.count(f"Finding {number} of {incident}.") == 1
        assert digest.count(f"The note of {incident}.") == 1


DEATHS = deaths(24, 16, 1) if STEP == 1 else FEW


@pytest.mark.parametrize("death", DEATHS, ids=str)
async def test_a_digest_survives_being_killed_anywhere(database_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        await declare_and_kill(ws, database_url, policy, "sev2 Checkout is down")
        await slack_was_down(database_url, policy)
        bot = await processes.start(settings(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await wait_until_dead_or_quiet(bot, ws, database_url)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await wait_until_quiet(ws, database_url)
            assert_told_once(ws)
        finally:
            await bot.kill()


@pytest.mark.parametrize("death", DEATHS if STEP == 1 else FEW[:1], ids=str)
async def test_a_digest_that_two_replicas_share_survives_the_death_of_one(
    postgresql: PostgreSQL, policy: Path, death: Death
) -> None:
    """The other replica goes on with what the dead one had begun."""
    url = postgresql.create()
    async with workspace() as ws:
        await declare_and_kill(ws, url, policy, "sev2 Checkout is down")
        await slack_was_down(url, policy)
        given = settings(ws, url, policy)
        mortal, other = processes.launch(given, death), processes.launch(given)
        try:
            assert await other.ready()
            ws.request_url = f"http://127.0.0.1:{other.port}/slack/events"
            await mortal.ready()
            await wait_until_quiet(ws, url)
            assert_told_once(ws)
        finally:
            await mortal.kill()
            await other.kill()
            postgresql.give_back(url)
