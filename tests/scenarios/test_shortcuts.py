"""Shortcuts: from anywhere, and from a message."""

from __future__ import annotations

import pytest

from sandbox.forms import choices, find
from tests.scenarios.assertions import declared, direct, of_kind, rest, texts, told, typed, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def test_declare_incident_opens_the_form_from_anywhere(here: World) -> None:
    assert (await here.maya.shortcut("Declare incident")).ok
    await here.maya.fill(here.maya.view, {"Title": "Checkout is down", "Severity": "sev2"})
    assert (await here.maya.submit()).ok
    channel = await here.opened()
    await rest(here)
    direct = here.ws.state.im_between(here.ws.bot.id, here.maya.id)
    assert direct is not None
    assert any(f"#{channel.name}" in words(here, m) for m in here.ws.bot_messages(direct.id))


async def test_declare_from_a_message_fills_the_form_and_keeps_where_it_came_from(here: World) -> None:
    message = await here.tom.say("payments", "Checkout throws 500s <now> & then\nsince 02:47, @maya knows")
    assert (await here.maya.message_shortcut("Declare from message", message)).ok
    values = here.maya.view.values
    assert values["title"]["title"]["value"] == "Checkout throws 500s <now> & then"
    assert "since 02:47" in values["description"]["description"]["value"]
    await here.maya.fill(here.maya.view, {"Severity": "sev2"})
    assert (await here.maya.submit()).ok
    channel = await here.opened()
    await rest(here)
    shown = await here.show()
    assert shown["title"] == "Checkout throws 500s <now> & then"
    (note,) = of_kind(shown, "note")
    assert note["data"]["link"] == here.ws.permalink(message)
    assert here.tom.mention in note["text"]
    assert "since 02:47" in words(here, here.card(channel))


async def test_declare_from_a_message_answers_in_its_thread_and_the_card_links_it(here: World) -> None:
    message = await here.tom.say("payments", "Checkout throws 500s")
    reply = await here.noor.reply(message, "Here too")
    for chosen in (message, reply):
        await here.maya.message_shortcut("Declare from message", chosen)
        await here.maya.fill(here.maya.view, {"Severity": "sev2"})
        assert (await here.maya.submit()).ok
    for number, chosen in ((1, message), (2, reply)):
        channel = await here.opened(number)
        await rest(here)
        (answer,) = [m for m in here.ws.bot_messages("payments") if f"INC-{number}" in words(here, m)]
        assert answer.thread_ts == message.ts
        assert "declared from this message by @maya" in words(here, answer)
        assert f"#{channel.name}" in words(here, answer)
        assert f"<{here.ws.permalink(chosen)}|this message>".replace("&", "&amp;") in str(here.card(channel).blocks)
    assert not here.ws.ephemerals(here.maya.id)


async def test_declare_a_private_incident_from_a_message_tells_nobody_in_its_thread(here: World) -> None:
    message = await here.tom.say("payments", "Somebody reads our mail")
    await here.maya.message_shortcut("Declare from message", message)
    await here.maya.fill(here.maya.view, {"Severity": "sev2", "Private": ["private"]})
    assert (await here.maya.submit()).ok
    await here.opened()
    await rest(here)
    assert not here.ws.bot_messages("payments")
    answers = [words(here, shown) for shown in here.ws.ephemerals(here.maya.id, "payments")]
    answers += [words(here, message) for message in direct(here, here.maya.id)]
    assert any("INC-1" in answer for answer in answers)


async def test_declare_from_a_message_where_the_bot_may_not_write_answers_directly(here: World) -> None:
    await here.tom.create("secret-plans", is_private=True)
    await here.tom.invite("secret-plans", "maya")
    message = await here.tom.say("secret-plans", "Checkout throws 500s")
    await here.maya.message_shortcut("Declare from message", message)
    await here.maya.fill(here.maya.view, {"Severity": "sev2"})
    assert (await here.maya.submit()).ok
    await here.opened()
    await rest(here)
    assert any("INC-1" in words(here, m) for m in direct(here, here.maya.id))


@pytest.mark.parametrize("text", ["x" * 2900, "🔥" * 1200, "<" * 2900, " ", "\n\n"], ids=len)
async def test_declare_from_any_message_opens_a_form_that_slack_takes(here: World, text: str) -> None:
    message = await here.tom.say("payments", text, files=["graph.png"])
    assert (await here.maya.message_shortcut("Declare from message", message)).ok
    assert here.maya.view.title == "Declare incident"
    await here.maya.fill(here.maya.view, {"Title": "Checkout is down", "Severity": "sev2"})
    assert (await here.maya.submit()).ok
    await here.opened()


async def test_declare_from_a_bots_message_works_as_well(here: World) -> None:
    alert = here.ws.posting.post(
        here.ws.channel("payments"), "U0DEPLOYS0", "", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0",
        blocks=[{"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "*CPU* at 97 %"}}],
    )  # fmt: skip
    assert (await here.maya.message_shortcut("Declare from message", alert)).ok
    assert "CPU" in here.maya.view.values["title"]["title"]["value"]


async def test_add_to_timeline_inside_keys_the_message_once(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "Deploy 4512 went out")
    await here.tom.join(INSIDE)
    assert (await here.tom.message_shortcut("Add to timeline", message)).ok
    assert any("key entry of the timeline now" in line for line in await told(here, "tom"))
    (entry,) = of_kind(await here.show(), "message")
    assert entry["key"] is True
    await here.tom.message_shortcut("Add to timeline", message)
    assert any("already" in line for line in await told(here, "tom"))
    assert len(of_kind(await here.show(), "keyed")) == 1
    assert "Deploy 4512" in await typed(here, "maya", INSIDE, "/incident timeline")


async def test_add_to_timeline_outside_asks_which_incident_and_notes_it_with_its_link(here: World) -> None:
    await declared(here)
    await here.tom.command("#general", "/incident declare sev4 Typo on the page")
    await here.opened(2)
    message = await here.noor.say("payments", "Customers write in since 02:40 <!channel>")
    assert (await here.tom.message_shortcut("Add to timeline", message)).ok
    view = here.tom.view
    assert view.title == "Add to timeline"
    labels = [option["text"]["text"] for option in choices(find(view.body["blocks"], "Incident").element)]
    assert sorted(labels) == ["INC-1 · Checkout is down", "INC-2 · Typo on the page"]
    await here.tom.fill(view, {"Incident": "INC-1"})
    assert (await here.tom.submit()).ok
    await rest(here)
    (note,) = of_kind(await here.show(), "note")
    assert "Customers write in since 02:40" in note["text"]
    assert note["data"]["link"] == here.ws.permalink(message)
    assert note["actor"] == here.tom.id
    assert of_kind(await here.show(2), "note") == []


async def test_add_to_timeline_with_nothing_open_says_so(here: World) -> None:
    message = await here.noor.say("payments", "Customers write in")
    assert (await here.tom.message_shortcut("Add to timeline", message)).ok
    await rest(here)
    assert any("no open incident" in line for line in await told(here, "tom"))


async def test_add_to_timeline_of_the_bots_own_message_does_not_record_it_as_chatter(here: World) -> None:
    channel = await declared(here)
    assert (await here.maya.message_shortcut("Add to timeline", here.card(channel))).ok
    await rest(here)
    assert texts(of_kind(await here.show(), "message")) == []


async def test_add_to_timeline_after_the_end_completes_the_history(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "It was the index")
    await typed(here, "maya", INSIDE, "/incident resolve Done")
    assert (await here.maya.message_shortcut("Add to timeline", message)).ok
    await rest(here)
    assert [e["key"] for e in of_kind(await here.show(), "message")] == [True]
