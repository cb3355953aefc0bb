"""`/incident metrics` in Slack: charts and a table, and words where the workspace has neither."""

from __future__ import annotations

from sandbox.model import Ephemeral
from tests.scenarios.assertions import rest, typed
from tests.scenarios.running import World

NATIVE = {"data_visualization", "data_table"}


async def asked(here: World, line: str) -> Ephemeral:
    """What was answered to whoever asked for figures."""
    await here.tom.command("#general", line)
    await rest(here)
    return here.ws.ephemerals("tom")[-1]


def kinds(message: Ephemeral) -> list[str]:
    return [block["type"] for block in message.blocks or []]


async def test_figures_come_as_charts_and_a_table_and_where_those_are_refused_in_words(here: World) -> None:
    channel = await here.declared("sev2 Checkout is down")
    await typed(here, "maya", channel.name, "/incident ack")
    await typed(here, "maya", channel.name, "/incident resolve Rolled back")
    await here.declared("sev3 Search is slow")
    shown = await asked(here, "/incident metrics 30d")
    assert kinds(shown).count("data_visualization") == 2
    assert kinds(shown).count("data_table") == 1
    assert "2 incidents, 1 resolved, 1 open" in shown.text
    table = next(block for block in shown.blocks or [] if block["type"] == "data_table")
    assert [row[0]["text"] for row in table["rows"]] == ["Severity", "SEV2 Major", "SEV3 Minor"]
    here.ws.state.refused_blocks = set(NATIVE)
    before = len(here.ws.ephemerals("tom"))
    plain = await asked(here, "/incident metrics severity sev2")
    assert len(here.ws.ephemerals("tom")) == before + 1
    assert not NATIVE & set(kinds(plain))
    assert "(severity sev2): 1 incident, 1 resolved" in plain.text
    drawn = str(plain.blocks)
    assert "█ SEV2" in drawn
    assert "SEV2 Major  1     0" in drawn
    mentioned = await here.tom.dm(here.ws.bot.id, "metrics 7d")
    await rest(here)
    answers = [message for message in here.ws.messages(mentioned.channel) if message.bot_id]
    assert "2 incidents" in (answers[-1].text if answers else here.ws.ephemerals("tom")[-1].text)


async def test_the_load_is_told_to_the_person_alone(here: World) -> None:
    channel = await here.declared("sev2 Checkout is down")
    await typed(here, "maya", channel.name, "/incident page @tom Please look")
    await rest(here)
    assert "1 page," in await typed(here, "tom", "#general", "/incident metrics load")
    other = await typed(here, "maya", "#general", "/incident metrics load")
    assert "not paged" in other
    assert here.tom.id not in other
