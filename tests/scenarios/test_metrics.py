"""`/incident metrics` in Slack: charts and a table, and words where the workspace has neither."""

from __future__ import annotations

from sandbox.model import Ephemeral
from tests.scenarios.assertions import settle, type_command
from tests.scenarios.running import World

NATIVE = {"data_visualization", "data_table"}


async def figures_answer(world: World, line: str) -> Ephemeral:
    """The answer to a request for figures."""
    await world.tom.command("#general", line)
    await settle(world)
    return world.ws.ephemerals("tom")[-1]


def kinds(message: Ephemeral) -> list[str]:
    return [block["type"] for block in message.blocks or []]


async def test_figures_come_as_charts_and_a_table_and_where_those_are_refused_in_words(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident ack")
    await type_command(world, "maya", channel.name, "/incident resolve Rolled back")
    await world.declare("sev3 Search is slow")
    shown = await figures_answer(world, "/incident metrics 30d")
    assert kinds(shown).count("data_visualization") == 2
    assert kinds(shown).count("data_table") == 1
    assert "2 incidents, 1 resolved, 1 open" in shown.text
    table = next(block for block in shown.blocks or [] if block["type"] == "data_table")
    assert [row[0]["text"] for row in table["rows"]] == ["Severity", "SEV2 Major", "SEV3 Minor"]
    world.ws.state.refused_blocks = set(NATIVE)
    before = len(world.ws.ephemerals("tom"))
    plain = await figures_answer(world, "/incident metrics severity sev2")
    assert len(world.ws.ephemerals("tom")) == before + 1
    assert not NATIVE & set(kinds(plain))
    assert "(severity sev2): 1 incident, 1 resolved" in plain.text
    drawn = str(plain.blocks)
    assert "█ SEV2" in drawn
    assert "SEV2 Major  1     0" in drawn
    mentioned = await world.tom.dm(world.ws.bot.id, "metrics 7d")
    await settle(world)
    answers = [message for message in world.ws.messages(mentioned.channel) if message.bot_id]
    assert "2 incidents" in (answers[-1].text if answers else world.ws.ephemerals("tom")[-1].text)


async def test_the_load_is_told_to_the_person_alone(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident page @tom Please look")
    await settle(world)
    assert "1 page," in await type_command(world, "tom", "#general", "/incident metrics load")
    other = await type_command(world, "maya", "#general", "/incident metrics load")
    assert "not paged" in other
    assert world.tom.id not in other
