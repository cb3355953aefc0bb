"""What the laboratory found, each as small as it can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.running import World, world
from tests.torture.people import has_block

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev1:
    update_every: 15m
    roles: []
    respond_within: null
    escalate_after: null
    ladder: [{after: 0s, notify: ["user:U0TOM00000", "channel:#payments"], by: [slack]}]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


def keys(here: World, channel: str) -> list[str]:
    return [str(message.metadata) for message in here.ws.bot_messages(channel)]


async def test_a_page_that_arrived_unheard_is_settled_all_the_same(sqlite_url: str, policy: Path) -> None:
    """It counted as dropped once the incident was over, and went on asking for ever."""
    async with world(sqlite_url, policy=policy) as here:
        direct = here.ws.membership.open_im(here.ws.bot.id, here.tom.id)
        here.ws.faults.add("chat.postMessage", channel=direct.id, status=500, after=True)
        await here.declared("sev1 Payments are down")
        await here.ws.until(lambda: here.ws.bot_messages(direct.id))
        await here.maya.command("#general", "/incident resolve rolled back --in INC-1")
        await here.delivered()
        (page,) = here.ws.bot_messages(direct.id)
        assert not has_block(page, "page")
        assert all(row["state"] != "due" for row in (await here.show())["reminders"])


async def test_a_reminder_that_arrived_unheard_is_settled_all_the_same(sqlite_url: str, policy: Path) -> None:
    async with world(sqlite_url, policy=policy) as here:
        channel = await here.declared("sev1 Payments are down")
        await here.delivered()
        before = len(here.ws.bot_messages(channel.id))
        await here.maya.command(channel.id, "/incident next 1s")
        await here.ws.until(lambda: len(here.ws.bot_messages(channel.id)) > before)  # it is told first
        here.ws.faults.add("chat.postMessage", channel=channel.id, status=500, after=True)
        await here.ws.until(lambda: [m for m in here.ws.bot_messages(channel.id) if has_block(m, "nudge")])
        await here.maya.command(channel.id, "/incident update rolling back")
        await here.delivered()
        assert not [m for m in here.ws.bot_messages(channel.id) if has_block(m, "nudge")]


async def test_a_page_to_a_channel_is_looked_for_there_before_it_is_repeated(sqlite_url: str, policy: Path) -> None:
    """The bot may post in a public channel without being in it, and could not read whether it had."""
    async with world(sqlite_url, policy=policy) as here:
        payments = here.ws.channel("payments")
        here.ws.faults.add("chat.postMessage", channel=payments.id, status=500, after=True)
        await here.declared("sev1 Payments are down")
        await here.delivered()
        assert len(keys(here, "payments")) == 1
