"""Action items: typed, listed, and on the timeline."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.values.dates import business_days_after, required_day
from bot.usecases.actions.changes import complete_action, reopen_action
from bot.usecases.actions.remind import remind_owners
from tests.scenarios.assertions import (
    answer_to,
    buttons,
    declare,
    direct_messages,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World
from tests.scenarios.test_search import wait_until_indexed

INSIDE = "inc-1-checkout-is-down"


async def test_an_action_item_is_typed_told_and_listed(world: World) -> None:
    channel = await declare(world)
    answer = await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @tom by friday P1")
    friday = required_day("friday").resolve(datetime.now(UTC).date())
    assert "*AI-1-1* Alert on pool usage" in answer
    await settle(world)
    told = f"AI-1-1 Alert on pool usage (<@U0TOM00000>, due {friday:%-d %b %Y}, P1)"
    assert texts(of_kind(await world.show(), "action")) == [told]
    assert any("AI-1-1 Alert on pool usage" in words(world, m) for m in world.ws.bot_messages(channel.id))
    listed = await answer_to(world, "maya", INSIDE, "/incident actions")
    assert "Action items of INC-1: 1" in listed
    assert "*AI-1-1* Alert on pool usage" in listed
    assert "No action items of yours" in await answer_to(world, "maya", "#general", "/incident actions")
    assert "AI-1-1" in await answer_to(world, "tom", "#general", "/incident actions mine")
    assert "No action items overdue" in await answer_to(world, "maya", "#general", "/incident actions overdue")
    await world.pass_time(days=8)
    assert ", overdue" in await answer_to(world, "maya", "#general", "/incident actions overdue")


async def test_items_of_a_private_incident_are_listed_for_its_people_alone(world: World) -> None:
    await declare(world, "sev2 Leak --private")
    await type_command(world, "maya", "inc-1-leak", "/incident action Rotate the keys by tomorrow")
    assert "AI-1-1 | Rotate the keys" in await answer_to(world, "maya", "#general", "/incident actions all")
    assert "AI-1" not in await answer_to(world, "tom", "#general", "/incident actions all")
    assert "AI-1" not in await type_command(world, "tom", "#general", "/incident actions --in INC-1")


async def test_an_item_can_be_added_after_the_end(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    assert "AI-1-1" in await type_command(world, "maya", INSIDE, "/incident action Write the runbook")


async def test_an_item_is_made_by_form_given_to_its_owner_and_settled_by_button(world: World) -> None:
    channel = await declare(world)
    await world.maya.command(channel.name, "/incident action")
    values = {"Title": "Alert on pool usage", "Owner": "tom", "Priority": "P1", "Due": "2030-05-06"}
    await world.maya.fill(world.maya.view, values)
    assert (await world.maya.submit()).ok
    await settle(world)
    (message,) = direct_messages(world, "U0TOM00000", "gave you an action item")
    assert buttons(message) == ["Done", "Later…", "Not doing…", "Edit"]
    await world.tom.press(message, "Later…")
    await world.tom.fill(world.tom.view, {"New due date": "2031-01-02"})
    assert (await world.tom.submit()).ok
    await world.tom.press(message, "Not doing…")
    await world.tom.fill(world.tom.view, {"Why not?": "The pool is gone"})
    assert (await world.tom.submit()).ok
    await settle(world)
    for label in ("Reopen", "Done"):
        (message,) = direct_messages(world, "U0TOM00000", "action item")
        await world.tom.press(message, label)
        await settle(world)
    assert [entry["data"]["event"] for entry in of_kind(await world.show(), "action")] == [
        "created", "postponed", "deferred", "reopened", "completed",
    ]  # fmt: skip
    assert len(direct_messages(world, "U0TOM00000", "action item")) == 1


async def test_the_message_to_the_owner_follows_its_item_also_when_others_change_it(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident action Alert on pool usage @tom by tomorrow P1")
    await settle(world)
    (message,) = direct_messages(world, "U0TOM00000", "action item")
    await world.tom.press(message, "Done")
    await settle(world)
    (message,) = direct_messages(world, "U0TOM00000", "action item")
    assert (buttons(message), "done" in words(world, message)) == (["Reopen"], True)
    assert "I remind you" not in words(world, message)
    await reopen_action(world.tocsin.context, 1, 1, "U0MAYA0000")
    await settle(world)
    (message,) = direct_messages(world, "U0TOM00000", "action item")
    assert buttons(message)[0] == "Done"


async def test_a_check_mark_makes_an_item_of_a_message_once(world: World) -> None:
    channel = await declare(world)
    await world.maya.invite(channel.id, "tom")
    said = await world.tom.say(channel.name, "We should alert on the pool")
    await world.maya.react(said, "ballot_box_with_check")
    await world.tom.react(said, "ballot_box_with_check")
    await settle(world)
    (entry,) = of_kind(await world.show(), "action")
    assert "We should alert on the pool" in entry["text"]
    assert any("no due date" in answer for answer in await ephemeral_texts(world, "maya"))


async def test_a_message_becomes_an_item_by_its_shortcut(world: World) -> None:
    channel = await declare(world)
    await world.maya.invite(channel.id, "tom")
    said = await world.tom.say(channel.name, "We should alert on the pool")
    await world.maya.message_shortcut("create_action", said)
    await world.maya.fill(world.maya.view, {"Owner": "tom"})
    assert (await world.maya.submit()).ok
    await settle(world)
    (entry,) = of_kind(await world.show(), "action")
    assert "We should alert on the pool (<@U0TOM00000>" in entry["text"]


async def test_the_owner_is_reminded_of_all_items_in_one_message(world: World) -> None:
    await declare(world)
    for title in ("Alert on pool usage", "Write the runbook"):
        await type_command(world, "maya", INSIDE, f"/incident action {title} @tom by in 30 days")
    planned = [row for row in (await world.show())["reminders"] if row["kind"] == "action"]
    assert [(row["state"], row["rung"], row["sent_at"]) for row in planned] == [("waiting", None, None)] * 2
    assert "action item" in await type_command(world, "maya", INSIDE, "/incident why")
    due = datetime.now(UTC).date() + timedelta(days=30)
    morning = datetime.combine(business_days_after(due, -2), time(10), ZoneInfo(world.ws.user("tom").tz))
    await world.pass_time(seconds=(morning - datetime.now(UTC)).total_seconds())
    for _ in range(2):
        await remind_owners(world.tocsin.context)
    await settle(world)
    (message,) = direct_messages(world, "U0TOM00000", "You have 2 action items to do")
    assert "Alert on pool usage" in words(world, message)
    assert "Write the runbook" in words(world, message)
    assert buttons(message).count("Done") == 2
    await complete_action(world.tocsin.context, 1, 1, "U0MAYA0000")
    await settle(world)
    assert buttons(message) == ["Reopen", "Done", "Later…", "Not doing…", "Edit"]
    assert "You have 1 action item to do" in words(world, message)
    assert "~Alert on pool usage~" in words(world, message)
    await world.tom.open_home()
    await settle(world)
    view = world.tom.home()
    assert view is not None
    assert "My action items" in str(view.body["blocks"])


async def test_checklists_are_added_once_after_resolve(world: World) -> None:
    await declare(world)
    assert "not resolved yet" in await answer_to(world, "maya", INSIDE, "/incident actions checklists")
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    for _ in range(2):
        assert "Action items of INC-1: 13" in await answer_to(world, "maya", INSIDE, "/incident actions checklists")
    assert len(of_kind(await world.show(), "action")) == 1


async def test_triage_says_which_earlier_item_was_to_prevent_this(world: World) -> None:
    await declare(world, "sev2 Connection pool exhausted in payments")
    inside = "inc-1-connection-pool-exhausted-in-payments"
    await type_command(world, "maya", inside, "/incident action Alert on pool usage @tom by in 30 days")
    await type_command(world, "maya", inside, "/incident resolve Raised the pool size")
    await wait_until_indexed(world)
    await world.maya.command("#general", "/incident declare sev2 Connection pool exhausted in payments again")
    channel = await world.incident_channel(2)
    await settle(world)
    helps = [words(world, m) for m in world.ws.bot_messages(channel.id) if "What may help" in words(world, m)]
    assert any("AI-1-1" in text and "to prevent this, still open" in text for text in helps), helps


async def test_a_long_list_has_buttons_for_the_first_items_and_a_menu_of_the_others(world: World) -> None:
    await declare(world)
    for number in range(1, 6):
        await type_command(world, "maya", INSIDE, f"/incident action Item {number} @tom")
    listed = await answer_to(world, "tom", "#general", "/incident actions")
    assert "Item 5" in listed
    shown = world.ws.ephemerals("tom")[-1]
    await world.tom.press(shown, "action_choose", "AI-1-5 Item 5")
    await settle(world)
    await world.tom.press(world.ws.ephemerals("tom")[-1], "Done")
    await settle(world)
    answer = world.ws.ephemerals("tom")[-1]
    assert "AI-1-5 is done" in answer.text
    await world.tom.press(answer, "Reopen")
    await settle(world)
    again = world.ws.ephemerals("tom")[-1]
    assert again.text == "AI-1-5 is open again"
    assert "Item 5" in await answer_to(world, "tom", "#general", "/incident actions")
    await world.tom.press(again, "Done")
    await settle(world)
    assert "Item 5" not in await answer_to(world, "tom", "#general", "/incident actions")
