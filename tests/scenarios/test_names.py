"""Names instead of IDs, wherever Slack itself does not put them."""

from __future__ import annotations

import asyncio
import re

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.slack.directory import names as directory
from storage import names
from tests.scenarios.assertions import declare, settle, type_command
from tests.scenarios.running import World
from tests.waiting import WITHIN_S

INSIDE = "inc-1-checkout-is-down"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "LOOK_S", 0.05)


async def learnt(world: World, *ids: str) -> dict[str, str]:
    """Wait until the names behind these IDs are known."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                known = await names.get_many(conn, ids)
            if set(known) == set(ids):
                return known
            await asyncio.sleep(0.02)


async def test_a_key_message_tells_names_of_people_channels_and_groups(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    general, group = world.ws.channel("general"), next(iter(world.ws.state.usergroups.values()))
    text = f"<@{world.priya.id}> see <#{general.id}>, <!subteam^{group.id}> knows"
    message = world.ws.posting.post(world.ws.channel(INSIDE), world.tom.id, text)
    await settle(world)
    await world.tom.react(message, "pushpin")
    await settle(world)
    known = await learnt(world, world.priya.id, general.id, group.id, world.tom.id)
    said = await type_command(world, "maya", INSIDE, "/incident timeline")
    assert f"@{known[world.priya.id]} see #general, @{group.handle} knows" in said
    assert not re.search(r"[UCS]0[A-Z0-9]{6,}", re.sub(r"https?://\S+", "", said))


async def test_a_note_by_mention_tells_names_of_channels_and_groups(world: World) -> None:
    """Slack names neither in a message's event."""
    await declare(world)
    general, group = world.ws.channel("general"), next(iter(world.ws.state.usergroups.values()))
    async with world.tocsin.database.transaction() as conn:
        await names.put_many(conn, {general.id: "general", group.id: group.handle}, world.tocsin.context.clock.now())
    text = f"<@{world.ws.bot.id}> note see <#{general.id}>, <!subteam^{group.id}> knows"
    world.ws.posting.post(world.ws.channel(INSIDE), world.maya.id, text)
    await settle(world)
    (note,) = [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "note"]
    assert note == f"see #general, @{group.handle} knows"


async def test_an_app_is_told_by_its_name(world: World) -> None:
    channel = await declare(world)
    named = world.ws.posting.post(
        channel, "", "4512 is out", bot_id="B0DEPLOYS0", username="Deploy bot", subtype="bot_message"
    )
    nameless = world.ws.posting.post(channel, "", "4513 is out", bot_id="B0DEPLOYS0")
    await settle(world)
    for message in (named, nameless):
        await world.maya.react(message, "pushpin")
    await settle(world)
    known = await learnt(world, "B0DEPLOYS0")
    said = await type_command(world, "maya", INSIDE, "/incident timeline")
    assert "Deploy bot: 4512 is out" in said
    assert f"{known['B0DEPLOYS0']}: 4513 is out" in said
    assert "B0DEPLOYS0" not in said


async def test_show_on_a_terminal_tells_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident lead @tom")
    await world.maya.say(INSIDE, "@priya has a look\nsoon \x1b[31mred")
    known = await learnt(world, world.maya.id, world.tom.id, world.priya.id)
    monkeypatch.setenv("DATABASE_URL", world.settings.url)
    shown = await asyncio.to_thread(lambda: CliRunner().invoke(main, ["show", "INC-1"]).output)
    assert f"commander: {known[world.tom.id]}" in shown
    assert f"{known[world.maya.id]:<12} @{known[world.priya.id]} has a look soon [31mred" in shown
    assert world.maya.id not in shown
