"""Finding incidents by their words, in Slack and on the command line."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from storage import similar
from tests.scenarios.assertions import ephemeral_texts, settle, type_command
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def wait_until_indexed(world: World) -> None:
    """Until the search index has caught up with every timeline."""
    await settle(world)
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with world.tocsin.database.reading() as conn:
                if not await similar.due_for_indexing(conn, 1):
                    return
            await asyncio.sleep(0.02)


async def declare_incident(world: World, text: str, number: int) -> str:
    await world.maya.command("#general", f"/incident declare {text}")
    channel = await world.incident_channel(number)
    await settle(world)
    return channel.name


async def test_past_incidents_are_found_by_title_notes_fix_and_cause(world: World) -> None:
    channel = await declare_incident(world, "sev2 Checkout is down", 1)
    await type_command(world, "maya", channel, "/incident note Deploy 4512 went out at 02:47")
    await type_command(world, "maya", channel, "/incident update Taxcalculator throws NullPointerException")
    await type_command(world, "maya", channel, "/incident resolve Rolled back the release")
    await declare_incident(world, "sev3 Search is slow", 2)
    await wait_until_indexed(world)
    for words in ("checkout", "deploy 4512", "nullpointerexception", "rollback release", "Checkout “down”"):
        answer = await type_command(world, "tom", "#general", f"/incident search {words}")
        assert "INC-1" in answer, words
        assert "INC-2" not in answer, words
        assert "Rolled back the release" in answer
    assert "INC-2" in await type_command(world, "maya", channel, "/incident find slow search")
    reply = await world.tom.command("#general", "/incident search checkout")
    assert reply.message is not None
    await world.tom.press(reply.message, "Show")
    assert "Checkout is down" in (await ephemeral_texts(world, "tom"))[-1]


async def test_chatter_is_not_indexed_but_what_was_pinned_is(world: World) -> None:
    name = await declare_incident(world, "sev2 Odd things", 1)
    await world.maya.say(name, "zeppelin over the datacenter")
    pinned = await world.maya.say(name, "it was the flux capacitor")
    await world.maya.react(pinned, "pushpin")
    await settle(world)
    await type_command(world, "maya", name, "/incident resolve Replaced it")
    await wait_until_indexed(world)
    assert "INC-1" in await type_command(world, "tom", "#general", "/incident search capacitor")
    assert "No incident matches" in await type_command(world, "tom", "#general", "/incident search zeppelin")


async def test_search_finds_private_incidents_only_for_people_in_them_and_no_drills(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Keys leaked", "Severity": "sev1", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await type_command(world, "maya", "#general", "/incident drill sev2 Keys leaked")
    await settle(world)
    assert "No incident matches" in await type_command(world, "tom", "#general", "/incident search keys leaked")
    answer = await type_command(world, "maya", "#general", "/incident search keys leaked")
    assert "INC-1" in answer
    assert "INC-2" not in answer


@pytest.mark.parametrize("words", ['"', "' OR 1=1 --", "NEAR(", "title: *", "%", "&", "!!!", "a" * 3000, "\\", "@@"])
async def test_a_search_for_any_text_is_answered(world: World, words: str) -> None:
    assert "No incident matches" in await type_command(world, "tom", "#general", f"/incident search {words}")


async def test_a_search_without_words_shows_an_example(world: World) -> None:
    assert "/incident search connection pool exhausted" in await type_command(
        world, "tom", "#general", "/incident search"
    )


async def test_the_command_line_finds_the_same_incidents(world: World) -> None:
    channel = await declare_incident(world, "sev2 Hikari pool exhausted", 1)
    await type_command(world, "maya", channel, "/incident resolve Raised maximumPoolSize")
    await settle(world)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "search", "pool", "exhausted", "--json",
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "DATABASE_URL": world.settings.url},
    )  # fmt: skip
    out, _ = await process.communicate()
    (match,) = json.loads(out)
    assert (match["id"], match["fixed"], match["fix"]) == ("INC-1", "Raised maximumPoolSize", None)
    assert match["title"] == "Hikari pool exhausted"
