"""Once the alerts of an incident are over, people are asked whether it is resolved; an alert never resolves it."""

from __future__ import annotations

import pytest

from sandbox import Channel, Message
from tests.alerts.sending import alert, send, webhook
from tests.scenarios.assertions import buttons, of_kind, rest, told, words
from tests.scenarios.running import World

AGAIN = "2026-03-02T10:00:00Z"


@pytest.fixture
def policy_text() -> str:
    return """
preset: sev1-5
announce: "#incidents"
alerts: {wait: 1s, routes: [{do: declare, resolve: propose}]}
"""


async def over(here: World) -> Channel:
    """An incident whose alerts have resolved."""
    await send(here, webhook(alert()))
    channel = await here.opened()
    await rest(here)
    await send(here, webhook(alert(status="resolved")))
    await rest(here)
    return channel


def questions(here: World, channel: Channel) -> list[Message]:
    return [each for each in here.ws.bot_messages(channel.id) if "have resolved. Is it resolved?" in each.text]


async def test_a_person_resolves_the_incident_from_the_question(here: World) -> None:
    channel = await over(here)
    (question,) = questions(here, channel)
    assert buttons(question) == ["Resolve incident", "Keep open"]
    assert (await here.show())["status"] == "detected"
    await here.maya.press(question, "Resolve incident")
    await here.maya.fill(here.maya.view, {"What fixed it?": "It went away"})
    assert (await here.maya.submit()).ok
    await rest(here)
    assert (await here.show())["status"] == "resolved"
    assert buttons(question) == []
    assert "It is resolved" in words(here, question)


async def test_a_person_keeps_the_incident_open(here: World) -> None:
    channel = await over(here)
    (question,) = questions(here, channel)
    kept = question.blocks
    await here.maya.press(question, "Keep open")
    await rest(here)
    assert buttons(question) == []
    assert "@maya keeps it open" in words(here, question)
    assert of_kind(await here.show(), "alert")[-1]["text"] == "Its alerts have resolved; the incident stays open"
    question.blocks = kept
    await here.tom.press(question, "Keep open")
    assert "Somebody keeps INC-1 open already." in (await told(here, "tom"))[-1]


async def test_alerts_that_fire_again_withdraw_the_question_and_ask_anew_once_they_are_over(here: World) -> None:
    channel = await over(here)
    (question,) = questions(here, channel)
    await send(here, webhook(alert(starts_at=AGAIN)))
    await rest(here)
    assert buttons(question) == []
    assert "fire again" in words(here, question)
    await send(here, webhook(alert(status="resolved", starts_at=AGAIN)))
    await rest(here)
    assert len(questions(here, channel)) == 1
