"""Every verb, in and outside an incident channel, with good arguments and bad ones."""

from __future__ import annotations

import pytest

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

CHANGING = [
    ("ack", "acknowledged"),
    ("update Rolled back", "update"),
    ("status identified Bad deploy", "status"),
    ("severity sev1 Worse", "severity"),
    ("role scribe @tom", "role"),
    ("lead @tom", "role"),
    ("escalate Help", "escalated"),
    ("note Deploy went out", "note"),
    ("snooze 30m", "snoozed"),
    ("next 1h", "snoozed"),
    ("resolve Fixed", "resolved"),
    ("close", "closed"),
    ("cancel False alarm", "cancelled"),
]


@pytest.mark.parametrize(("line", "kind"), CHANGING)
async def test_outside_a_verb_asks_which_incident_and_the_button_carries_it_out(
    world: World, line: str, kind: str
) -> None:
    await declare(world)
    before = len(of_kind(await world.show(), kind))
    reply = await world.tom.command("#general", f"/incident {line}")
    assert "Which incident do you mean?" in words(world, reply.message)
    assert reply.message is not None
    assert (await world.tom.press(reply.message, "This one")).ok
    await settle(world)
    assert len(of_kind(await world.show(), kind)) == before + 1
    assert len(world.ws.ephemerals("tom")) >= 2


@pytest.mark.parametrize(("line", "kind"), CHANGING)
async def test_outside_a_channel_in_names_the_incident(world: World, line: str, kind: str) -> None:
    await declare(world)
    before = len(of_kind(await world.show(), kind))
    answer = await type_command(world, "tom", "#general", f"/incident {line} --in INC-1")
    assert "INC-1" in answer
    assert len(of_kind(await world.show(), kind)) == before + 1


async def test_which_incident_lists_the_open_ones_and_opens_forms_too(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    await settle(world)
    reply = await world.noor.command("#general", "/incident update")
    assert buttons(reply.message) == ["This one", "This one"]
    assert reply.message is not None
    await world.noor.press(reply.message, "This one")
    assert world.noor.view.title == "Update status"


async def test_with_no_open_incident_the_answer_says_so_and_offers_to_declare(world: World) -> None:
    reply = await world.maya.command("#general", "/incident ack")
    assert "no open incident" in words(world, reply.message)
    assert reply.message is not None
    await world.maya.press(reply.message, "Declare incident")
    assert world.maya.view.title == "Declare incident"


async def test_an_incident_that_does_not_exist_is_reported(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", "#general", "/incident ack --in INC-99")
    assert "There is no incident INC-99" in answer
    assert "INC-1" in await type_command(world, "maya", "#general", example_of(answer))


async def test_in_takes_precedence_over_the_channel(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    await type_command(world, "maya", INSIDE, "/incident note for the other one --in INC-2")
    assert texts(of_kind(await world.show(2), "note")) == ["for the other one"]
    assert of_kind(await world.show(1), "note") == []


@pytest.mark.parametrize("flag", ["--in INC-1,", "“--in INC-1”,", "—in INC-1:", "--in #inc-1-checkout-is-down"])
async def test_in_with_punctuation_ends_the_incident_it_names_not_the_channels_own(world: World, flag: str) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await world.incident_channel(2)
    answer = await type_command(world, "tom", second.name, f"/incident resolve ok {flag} rolled back")
    assert "INC-1 is resolved" in answer
    assert (await world.show(1))["status"] == "resolved"
    assert (await world.show(2))["status"] == "detected"


async def test_an_in_that_names_nothing_changes_nothing(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await world.incident_channel(2)
    before = (await world.show(1))["timeline"], (await world.show(2))["timeline"]
    for flag in ("--in #general", "--in nonsense", "-- in INC-1", "--in"):
        answer = await type_command(world, "tom", second.name, f"/incident resolve ok {flag} rolled back")
        assert "--in INC-42" in answer, answer
    assert ((await world.show(1))["timeline"], (await world.show(2))["timeline"]) == before


# — bad arguments

WRONG = [
    "status fixed", "status detected", "severity sev9", "role wizard @tom",
    "role commander", "role commander @nobody-here", "lead @nobody-here", "invite", "invite everybody",
    "snooze forever", "snooze -5m", "next", "next soon", "next 0m", "timeline yesterday",
    "list nonsense", "show nothing", "help me", "status merged", "ack --in",
]  # fmt: skip


async def test_a_bad_argument_is_answered_with_an_example_that_works(world: World) -> None:
    await declare(world)
    for line in WRONG:
        answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
        example = example_of(answer)
        assert example.startswith("/incident "), (line, answer)
        again = await type_command(world, "maya", INSIDE, example)
        assert "This works:" not in again, (line, example, again)
        for undo in ("reopen Once more", "status investigating", "severity sev2"):
            await type_command(world, "maya", INSIDE, f"/incident {undo}")


async def test_a_bad_argument_with_in_keeps_it_in_the_example(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "tom", "#general", "/incident status fixed --in INC-1")
    assert "INC-1 is now" in await type_command(world, "tom", "#general", example_of(answer))


@pytest.mark.parametrize("written", ["--in INC-1", "--in inc1", "--in 1", "--in=#1", "—in INC-1"])
async def test_in_is_understood_however_it_is_typed(world: World, written: str) -> None:
    await declare(world)
    assert "Noted" in await type_command(world, "tom", "#general", f"/incident note {written} Deploy went out")
    assert texts(of_kind(await world.show(), "note")) == ["Deploy went out"]


@pytest.mark.parametrize("line", ["reopen Errors are back", "status resolved", "severity sev2"])
async def test_a_refusal_outside_the_channel_shows_an_example_that_works_there(world: World, line: str) -> None:
    await declare(world)
    if line == "status resolved":
        await type_command(world, "maya", INSIDE, "/incident resolve Done")
    answer = await type_command(world, "tom", "#general", f"/incident {line} --in INC-1")
    again = await type_command(world, "tom", "#general", example_of(answer))
    assert "This works:" not in again, again
    assert "Which incident" not in again, again
    assert "no open incident" not in again, again


@pytest.mark.parametrize(
    ("line", "near"),
    [("akc", "ack"), ("statsu identified", "status"), ("resovle it", "resolve"), ("decalre", "declare")],
)
async def test_an_unknown_verb_names_the_nearest(world: World, line: str, near: str) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
    assert near in answer
    again = await type_command(world, "maya", INSIDE, example_of(answer))
    assert "I don't know" not in again


async def test_an_unrecognisable_verb_points_to_help(world: World) -> None:
    answer = await type_command(world, "maya", "#general", "/incident xyzzy <!channel>")
    assert example_of(answer) == "/incident help"
    assert "<!" not in world.ws.ephemerals("maya")[-1].text


@pytest.mark.parametrize("line", ["ack", "update More", "status identified", "severity sev1", "lead @tom", "snooze 1h"])
async def test_after_the_end_a_verb_says_that_it_is_over_and_how_to_reopen(world: World, line: str) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    before = await world.show()
    answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
    assert "resolved" in answer
    after = await world.show()
    assert (after["status"], after["severity"], after["roles"]) == ("resolved", "sev2", before["roles"])
    await type_command(world, "maya", INSIDE, example_of(answer))
    assert (await world.show())["status"] == "investigating"


# — by mentioning the bot


async def test_a_mention_in_the_channel_understands_the_verbs(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    await world.tom.say(INSIDE, "@tocsin ack")
    assert any("You are responding to INC-1" in line for line in await ephemeral_texts(world, "tom"))
    await world.tom.say(INSIDE, "@tocsin: note Deploy 4512 went out")
    await world.tom.say(INSIDE, "@tocsin, lead @priya")
    answers = await ephemeral_texts(world, "tom")
    await world.tom.say(INSIDE, "thank you @tocsin!")
    assert await ephemeral_texts(world, "tom") == answers
    shown = await world.show()
    assert shown["status"] == "acknowledged"
    assert shown["roles"] == {"commander": world.priya.id}
    assert texts(of_kind(shown, "note")) == ["Deploy 4512 went out"]


async def test_a_mention_delivered_three_times_is_answered_once(world: World) -> None:
    await declare(world)
    world.ws.delivery.faults.copies = 3
    await world.maya.say(INSIDE, "@tocsin note Deploy 4512 went out")
    await world.maya.say(INSIDE, "@tocsin roles")
    await world.maya.say(INSIDE, "@tocsin xyzzy")
    answers = await ephemeral_texts(world, "maya")
    assert texts(of_kind(await world.show(), "note")) == ["Deploy 4512 went out"]
    assert sum("Noted on the timeline" in line for line in answers) == 1
    assert sum("Roles of INC-1" in line for line in answers) == 1
    assert sum("I don't know" in line for line in answers) == 1


async def test_a_mention_that_needs_a_form_is_answered_with_a_command(world: World) -> None:
    await declare(world)
    await world.maya.say(INSIDE, "@tocsin update")
    assert any("/incident update" in line for line in await ephemeral_texts(world, "maya"))
    await world.maya.say(INSIDE, "@tocsin")
    await settle(world)
    assert any("Acknowledge" in buttons(shown) for shown in world.ws.ephemerals("maya"))


async def test_a_mention_elsewhere_can_declare(world: World) -> None:
    await world.sam.invite("payments", "tocsin")
    await world.tom.say("payments", "@tocsin sev2 Checkout is down")
    channel = await world.incident_channel()
    assert any(f"#{channel.name}" in line for line in await ephemeral_texts(world, "tom"))
    assert world.tom.id in channel.members


async def test_another_bots_mention_is_not_obeyed(world: World) -> None:
    await declare(world)
    event = {
        "type": "app_mention", "user": "U0DEPLOYS0", "bot_id": "B0DEPLOYS0", "channel": world.ws.channel(INSIDE).id,
        "text": f"<@{world.ws.bot.id}> resolve", "ts": "1700000000.000100", "event_ts": "1700000000.000100",
    }  # fmt: skip
    world.ws.publish(event)
    await settle(world)
    assert (await world.show())["status"] == "detected"
