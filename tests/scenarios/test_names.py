"""Names instead of IDs, wherever Slack itself does not put them."""

from __future__ import annotations

import asyncio
import re

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.slack.directory import names as directory
from storage import names
from tests.scenarios.assertions import declared, rest, typed
from tests.scenarios.running import World
from tests.waiting import WITHIN_S

INSIDE = "inc-1-checkout-is-down"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "LOOK_S", 0.05)


async def learnt(here: World, *ids: str) -> dict[str, str]:
    """Wait until the names behind these IDs are known."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with here.tocsin.database.reading() as conn:
                known = await names.get_many(conn, ids)
            if set(known) == set(ids):
                return known
            await asyncio.sleep(0.02)


async def test_a_key_message_tells_names_of_people_channels_and_groups(here: World) -> None:
    await declared(here)
    await here.tom.join(INSIDE)
    general, group = here.ws.channel("general"), next(iter(here.ws.state.usergroups.values()))
    text = f"<@{here.priya.id}> see <#{general.id}>, <!subteam^{group.id}> knows"
    message = here.ws.posting.post(here.ws.channel(INSIDE), here.tom.id, text)
    await rest(here)
    await here.tom.react(message, "pushpin")
    await rest(here)
    known = await learnt(here, here.priya.id, general.id, group.id, here.tom.id)
    said = await typed(here, "maya", INSIDE, "/incident timeline")
    assert f"@{known[here.priya.id]} see #general, @{group.handle} knows" in said
    assert not re.search(r"[UCS]0[A-Z0-9]{6,}", re.sub(r"https?://\S+", "", said))


async def test_a_note_by_mention_tells_names_of_channels_and_groups(here: World) -> None:
    """Slack names neither in a message's event."""
    await declared(here)
    general, group = here.ws.channel("general"), next(iter(here.ws.state.usergroups.values()))
    async with here.tocsin.database.transaction() as conn:
        await names.put_many(conn, {general.id: "general", group.id: group.handle}, here.tocsin.context.clock.now())
    text = f"<@{here.ws.bot.id}> note see <#{general.id}>, <!subteam^{group.id}> knows"
    here.ws.posting.post(here.ws.channel(INSIDE), here.maya.id, text)
    await rest(here)
    (note,) = [entry["text"] for entry in (await here.show())["timeline"] if entry["kind"] == "note"]
    assert note == f"see #general, @{group.handle} knows"


async def test_an_app_is_told_by_its_name(here: World) -> None:
    channel = await declared(here)
    named = here.ws.posting.post(
        channel, "", "4512 is out", bot_id="B0DEPLOYS0", username="Deploy bot", subtype="bot_message"
    )
    nameless = here.ws.posting.post(channel, "", "4513 is out", bot_id="B0DEPLOYS0")
    await rest(here)
    for message in (named, nameless):
        await here.maya.react(message, "pushpin")
    await rest(here)
    known = await learnt(here, "B0DEPLOYS0")
    said = await typed(here, "maya", INSIDE, "/incident timeline")
    assert "Deploy bot: 4512 is out" in said
    assert f"{known['B0DEPLOYS0']}: 4513 is out" in said
    assert "B0DEPLOYS0" not in said


async def test_show_on_a_terminal_tells_names(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await declared(here)
    await typed(here, "maya", INSIDE, "/incident lead @tom")
    await here.maya.say(INSIDE, "@priya has a look\nsoon \x1b[31mred")
    known = await learnt(here, here.maya.id, here.tom.id, here.priya.id)
    monkeypatch.setenv("DATABASE_URL", here.settings.url)
    shown = await asyncio.to_thread(lambda: CliRunner().invoke(main, ["show", "INC-1"]).output)
    assert f"commander: {known[here.tom.id]}" in shown
    assert f"{known[here.maya.id]:<12} @{known[here.priya.id]} has a look soon [31mred" in shown
    assert here.maya.id not in shown
