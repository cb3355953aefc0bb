"""Every verb, in and outside an incident channel, with good arguments and bad ones."""

from __future__ import annotations

from bot.slack.commands.verbs import VERBS
from tests.scenarios.assertions import (
    buttons,
    declare,
    ephemeral_texts,
    example_of,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def test_the_bare_command_outside_opens_the_form(world: World) -> None:
    assert await type_command(world, "maya", "#general", "/incident") == ""
    assert world.maya.view.title == "Declare incident"


async def test_the_bare_command_inside_offers_what_can_be_done_now_each_a_button(world: World) -> None:
    await declare(world)
    reply = await world.maya.command(INSIDE, "/incident")
    assert buttons(reply.message) == [
        "Acknowledge", "Lead", "Update status", "Change severity", "Assign roles", "Escalate", "Playbooks", "Resolve",
        "Impact", "Hand over", "Add a note", "Create action item", "False alarm", "Catch up", "Timeline",
        "Why this reminder?",
    ]  # fmt: skip
    assert reply.message is not None
    await world.maya.press(reply.message, "Lead")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.maya.id}
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back")
    reply = await world.maya.command(INSIDE, "/incident")
    ended = ["Reopen", "Close", "Add a note", "Create action item", "Catch up", "Timeline", "Why this reminder?"]
    assert buttons(reply.message) == ended


async def test_every_button_of_the_menu_does_something(world: World) -> None:
    await declare(world)
    for name in buttons((await world.maya.command(INSIDE, "/incident")).message):
        if name == "Resolve":
            continue
        before = (len(world.ws.ephemerals("maya")), len(await world.kinds()), world.maya.open_views())
        menu = (await world.maya.command(INSIDE, "/incident")).message
        assert menu is not None
        assert (await world.maya.press(menu, name)).ok, name
        await settle(world)
        after = (len(world.ws.ephemerals("maya")) - 1, len(await world.kinds()), world.maya.open_views())
        assert after != before, name


async def test_ack_is_responding_and_offers_lead_in_one_press(world: World) -> None:
    channel = await declare(world)
    reply = await world.tom.command("#general", "/incident ack --in INC-1")
    assert "You are responding to INC-1" in words(world, reply.message)
    assert buttons(reply.message) == ["Lead"]
    await settle(world)
    shown = await world.show()
    assert (shown["status"], shown["responders"]) == ("acknowledged", [world.tom.id])
    assert shown["acknowledged_at"]
    assert world.tom.id in channel.members
    assert reply.message is not None
    await world.tom.press(reply.message, "Lead")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.tom.id}
    assert "You lead INC-1." in await ephemeral_texts(world, "tom")


async def test_ack_by_a_second_person_says_kindly_who_was_first(world: World) -> None:
    await declare(world)
    await type_command(world, "tom", "#general", "/incident ack --in INC-1")
    answer = await type_command(world, "maya", INSIDE, "/incident ack")
    assert "@tom was first to acknowledge INC-1" in answer
    assert [e["actor"] for e in of_kind(await world.show(), "acknowledged")] == [world.tom.id]
    assert set((await world.show())["responders"]) == {world.tom.id, world.maya.id}


async def test_where_nobody_leads_everybody_who_acknowledges_is_offered_to(world: World) -> None:
    await declare(world)
    await type_command(world, "tom", "#general", "/incident ack --in INC-1")
    second = (await world.maya.command(INSIDE, "/incident ack")).message
    assert second is not None
    assert "@tom was first to acknowledge INC-1" in words(world, second)
    await world.maya.press(second, "Lead")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.maya.id}
    assert buttons((await world.tom.command(INSIDE, "/incident ack")).message) == []


async def test_a_guest_is_not_offered_what_they_may_not_do(world: World) -> None:
    await declare(world)
    await world.maya.invite(INSIDE, "gail")
    assert "You are a guest here" in await type_command(world, "gail", INSIDE, "/incident lead")
    reply = await world.gail.command(INSIDE, "/incident ack")
    assert "You are responding to INC-1" in words(world, reply.message)
    assert buttons(reply.message) == []


async def test_a_second_person_is_told_who_was_first_and_when(world: World) -> None:
    await declare(world)
    await type_command(world, "tom", "#general", "/incident join --in INC-1")
    for line, answer in (
        ("severity sev1 All customers", "It is already sev1 (Critical). @maya was first, "),
        ("status identified Bad deploy", "It is already identified: the cause is known. @maya was first, "),
        ("resolve Rolled back", "It is already resolved. @maya was first, "),
        ("close", "It is already closed. @maya was first, "),
        ("reopen Errors are back", "It is still open: investigating. @maya was first, "),
        ("status investigating", "It is already investigating: looking for the cause. @maya was first, "),
        ("cancel False alarm", "It is already cancelled. @maya was first, "),
    ):
        if line != "status investigating":
            await type_command(world, "maya", INSIDE, f"/incident {line}")
        assert (await type_command(world, "tom", INSIDE, f"/incident {line}")).startswith(answer), line
    assert "It is already cancelled. You did that, " in await type_command(world, "maya", INSIDE, "/incident cancel")


async def test_the_example_after_a_refusal_works(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, "/incident reopen It is failing again")
    assert "It is still open: detected.\n" in answer
    assert "Update #1" in await type_command(world, "maya", INSIDE, example_of(answer))
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    answer = await type_command(world, "maya", INSIDE, "/incident resolve")
    assert "is closed" in await type_command(world, "maya", INSIDE, example_of(answer))


async def test_update_with_words_is_numbered_and_posted(world: World) -> None:
    channel = await declare(world)
    assert "Update #1" in await type_command(world, "maya", INSIDE, "/incident update Rolled back, errors falling")
    assert "Update #2" in await type_command(world, "maya", INSIDE, "/incident update Still falling")
    await settle(world)
    updates = [words(world, m) for m in world.ws.bot_messages(channel.id) if "Update #" in words(world, m)]
    assert [("Update #1" in line, "Update #2" in line) for line in updates[-2:]] == [(True, False), (False, True)]
    assert (await world.show())["updates"] == 2


async def test_update_without_words_opens_the_form(world: World) -> None:
    await declare(world)
    assert await type_command(world, "maya", INSIDE, "/incident update") == ""
    assert world.maya.view.title == "Update status"


async def test_status_moves_along_with_a_note_and_stamps_once(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident status identified Bad deploy at 02:47")
    first = await world.show()
    assert (first["status"], bool(first["identified_at"]), first["mitigated_at"]) == ("identified", True, None)
    await type_command(world, "maya", INSIDE, "/incident status mitigating")
    assert (await world.show())["mitigated_at"] is None
    await type_command(world, "maya", INSIDE, "/incident status monitoring")
    await type_command(world, "maya", INSIDE, "/incident status identified")
    last = await world.show()
    assert last["identified_at"] == first["identified_at"]
    assert last["mitigated_at"]
    assert "Bad deploy at 02:47" in texts(of_kind(last, "status"))[0]


async def test_severity_changes_with_its_reason(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", INSIDE, "/incident severity sev1 All customers are affected")
    await settle(world)
    (entry,) = of_kind(await world.show(), "severity")
    assert entry["data"] == {
        "before": "sev2", "after": "sev1", "raised": True, "reason": "All customers are affected",
    }  # fmt: skip
    assert "sev1" in words(world, world.card(channel))


async def test_roles_are_given_moved_cleared_and_shown(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "maya", INSIDE, "/incident role commander @tom")
    await type_command(world, "maya", INSIDE, "/incident lead @priya")
    await type_command(world, "maya", INSIDE, "/incident role scribe me")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.priya.id, "scribe": world.maya.id}
    assert {world.tom.id, world.priya.id} <= set(channel.members)
    answer = await type_command(world, "maya", INSIDE, "/incident roles")
    assert "Incident commander: @priya" in answer.replace("*", "")
    assert "•" in answer
    await type_command(world, "maya", INSIDE, "/incident role scribe none")
    assert (await world.show())["roles"] == {"commander": world.priya.id}


async def test_a_new_holder_of_a_role_gets_its_duties_in_a_direct_message(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident lead @tom")
    await settle(world)
    direct = world.ws.state.im_between(world.ws.bot.id, world.tom.id)
    assert direct is not None
    (duties,) = world.ws.bot_messages(direct.id)
    assert "You are *Incident commander*" in words(world, duties)


async def test_join_and_invite_bring_people_in(world: World) -> None:
    channel = await declare(world)
    await type_command(world, "noor", "#general", "/incident join --in INC-1")
    await type_command(world, "maya", INSIDE, "/incident invite @tom @lena")
    await settle(world)
    assert {world.noor.id, world.tom.id, world.lena.id} <= set(channel.members)
    await world.tom.leave(INSIDE)
    await type_command(world, "maya", INSIDE, "/incident invite @tom")
    await settle(world)
    assert world.tom.id in channel.members


async def test_escalate_without_anybody_on_call_says_so_loudly(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, "/incident escalate We need the database people")
    assert "Nobody could be paged" in answer
    assert "We need the database people" in texts(of_kind(await world.show(), "escalated"))


async def test_a_note_is_a_key_entry_and_timeline_shows_keys_or_all(world: World) -> None:
    await declare(world)
    await world.maya.say(INSIDE, "just chatter")
    await type_command(world, "maya", INSIDE, "/incident note Deploy 4512 went out at 02:47")
    await settle(world)
    keys = await type_command(world, "maya", INSIDE, "/incident timeline")
    everything = await type_command(world, "maya", INSIDE, "/incident timeline all")
    assert "Deploy 4512" in keys
    assert "just chatter" not in keys
    assert "just chatter" in everything
    (note,) = of_kind(await world.show(), "note")
    assert note["key"] is True


async def test_why_shows_the_ledger_with_reasons(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, "/incident why")
    assert "15 minutes" in answer or "15m" in answer
    assert "no schedule primary" in answer


async def test_snooze_and_next_move_the_reminder(world: World) -> None:
    channel = await declare(world)
    before = {r["kind"]: r["due_at"] for r in (await world.show())["reminders"] if r["rung"] is None}
    assert "Reminders for INC-1 are snoozed for 2h, until" in await type_command(
        world, "maya", INSIDE, "/incident snooze 2h"
    )
    await settle(world)
    assert "snoozed" in words(world, world.card(channel)).lower()
    after = {r["kind"]: r["due_at"] for r in (await world.show())["reminders"] if r["rung"] is None}
    assert after["update"] > before["update"]
    assert after["acknowledge"] == before["acknowledge"]
    await type_command(world, "maya", INSIDE, "/incident next 5m")
    promised = {r["kind"]: r["due_at"] for r in (await world.show())["reminders"] if r["state"] == "waiting"}
    assert promised["update"] < before["update"]


async def test_a_snooze_over_four_hours_or_four_cadences_is_asked_about_and_shown_on_the_card(world: World) -> None:
    channel = await declare(world)
    reply = await world.maya.command(INSIDE, "/incident snooze 30d")
    assert "Quiet the reminders of INC-1 for 30d? That is longer than usual." in words(world, reply.message)
    assert buttons(reply.message) == ["Snooze 4h", "Snooze 30d"]
    assert "snoozed" not in [entry["kind"] for entry in (await world.show())["timeline"]]
    assert reply.message is not None
    await world.maya.press(reply.message, "Snooze 30d")
    await settle(world)
    snoozed = [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "snoozed"]
    assert snoozed == ["reminders quiet for 30d"]
    card = words(world, world.card(channel))
    assert "Reminders snoozed" in card
    assert "by @maya until" in card


async def test_a_next_update_beyond_four_hours_or_four_cadences_is_asked_about(world: World) -> None:
    await declare(world)
    reply = await world.maya.command(INSIDE, "/incident next 30d")
    assert "Promise the next update of INC-1 in 30d? That is later than usual." in words(world, reply.message)
    assert buttons(reply.message) == ["In 4h", "In 30d"]
    assert "snoozed" not in [entry["kind"] for entry in (await world.show())["timeline"]]
    assert reply.message is not None
    await world.maya.press(reply.message, "In 4h")
    await settle(world)
    promised = [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "snoozed"]
    assert promised == ["next update promised in 4h"]


async def test_close_of_an_open_incident_asks_once_and_nothing_ends_without_the_answer(world: World) -> None:
    channel = await declare(world)
    reply = await world.maya.command(INSIDE, "/incident close")
    assert "reminders and pages stop" in reply.text
    assert reply.message is not None
    assert buttons(reply.message) == ["Resolve and close", "Resolve…"]
    assert (await world.show())["status"] == "detected"
    await world.maya.press(reply.message, "Resolve and close")
    await settle(world)
    closed = await world.show()
    assert (closed["status"], bool(closed["resolved_at"])) == ("closed", True)
    assert "waiting" not in {r["state"] for r in closed["reminders"] if r["kind"] != "review"}
    await type_command(world, "maya", channel.name, "/incident reopen It is back")
    await world.maya.press(reply.message, "Resolve and close")
    await settle(world)
    assert (await world.show())["status"] == "investigating"


async def test_resolve_close_and_reopen_are_possible_in_their_order(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back deploy 4512")
    resolved = await world.show()
    assert (resolved["status"], resolved["summary"]) == ("resolved", "Rolled back deploy 4512")
    assert resolved["resolved_at"]
    assert resolved["mitigated_at"]
    assert {r["state"] for r in resolved["reminders"]} <= {"cancelled", "skipped", "sent"}
    await type_command(world, "maya", INSIDE, "/incident close")
    assert (await world.show())["status"] == "closed"
    await type_command(world, "maya", INSIDE, "/incident reopen Errors are back")
    again = await world.show()
    assert (again["status"], again["resolved_at"], again["episode"]) == ("investigating", None, 2)
    assert "waiting" in {r["state"] for r in again["reminders"]}


async def test_cancel_ends_it_as_a_false_alarm(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident cancel The probe was misconfigured")
    shown = await world.show()
    assert (shown["status"], shown["resolved_at"]) == ("cancelled", None)


async def test_list_narrows_by_state_and_severity_and_show_shows_one(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    assert "INC-1" not in await type_command(world, "maya", "#general", "/incident list")
    assert "INC-2" in await type_command(world, "maya", "#general", "/incident list")
    everything = await type_command(world, "maya", "#general", "/incident list all")
    assert "INC-1" in everything
    assert "INC-2" in everything
    assert "INC-2" not in await type_command(world, "maya", "#general", "/incident list all sev2")
    assert "Checkout is down" in await type_command(world, "tom", "#general", "/incident show INC-1")
    assert "Typo on the page" in await type_command(world, "tom", "#general", "/incident show 2")


async def test_help_knows_every_verb_and_each_verb_by_itself(world: World) -> None:
    whole = await type_command(world, "maya", "#general", "/incident help")
    for verb in VERBS:
        assert verb.name in whole
        answer = await type_command(world, "maya", "#general", f"/incident help {verb.name}")
        assert f"/incident {verb.name}" in answer


# — outside an incident channel


# — bad arguments


# — by mentioning the bot
