"""Once the alerts of an incident are over, people are asked whether it is resolved; an alert never resolves it."""

from __future__ import annotations

import pytest

from sandbox import Channel, Message
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import buttons, ephemeral_texts, of_kind, settle, words
from tests.scenarios.running import World

AGAIN = "2026-03-02T10:00:00Z"


@pytest.fixture
def policy_text() -> str:
    return """
preset: sev1-5
announce: "#incidents"
alerts: {wait: 1s, routes: [{do: declare, resolve: propose}]}
"""


async def over(world: World) -> Channel:
    """An incident whose alerts have resolved."""
    await send(world, webhook(alert()))
    channel = await world.incident_channel()
    await settle(world)
    await send(world, webhook(alert(status="resolved")))
    await settle(world)
    return channel


def questions(world: World, channel: Channel) -> list[Message]:
    return [each for each in world.ws.bot_messages(channel.id) if "have resolved. Is it resolved?" in each.text]


async def test_a_person_resolves_the_incident_from_the_question(world: World) -> None:
    channel = await over(world)
    (question,) = questions(world, channel)
    assert buttons(question) == ["Resolve incident", "Keep open"]
    assert (await world.show())["status"] == "detected"
    await world.maya.press(question, "Resolve incident")
    await world.maya.fill(world.maya.view, {"What fixed it?": "It went away"})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert (await world.show())["status"] == "resolved"
    assert buttons(question) == []
    assert "It is resolved" in words(world, question)


async def test_a_person_keeps_the_incident_open(world: World) -> None:
    channel = await over(world)
    (question,) = questions(world, channel)
    kept = question.blocks
    await world.maya.press(question, "Keep open")
    await settle(world)
    assert buttons(question) == []
    assert "@maya keeps it open" in words(world, question)
    assert of_kind(await world.show(), "alert")[-1]["text"] == "Its alerts have resolved; the incident stays open"
    question.blocks = kept
    await world.tom.press(question, "Keep open")
    assert "Somebody keeps INC-1 open already." in (await ephemeral_texts(world, "tom"))[-1]


async def test_alerts_that_fire_again_withdraw_the_question_and_ask_anew_once_they_are_over(world: World) -> None:
    channel = await over(world)
    (question,) = questions(world, channel)
    await send(world, webhook(alert(starts_at=AGAIN)))
    await settle(world)
    assert buttons(question) == []
    assert "fire again" in words(world, question)
    await send(world, webhook(alert(status="resolved", starts_at=AGAIN)))
    await settle(world)
    assert len(questions(world, channel)) == 1
