"""Playbooks in the workspace: found, opened, walked by several people, approved, timed, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.usecases.playbooks import review
from sandbox import Channel, Message
from tests.scenarios import assertions
from tests.scenarios.assertions import buttons, declared, of_kind, rest, texts, typed
from tests.scenarios.running import World, world

CHECKLIST, FAILOVER = "first-five-minutes", "database-failover"
SCALE = "kubectl scale statefulset/postgres-primary -n production --replicas=0"
QUIET = "respond_within: null, update_every: null, escalate_after: null, roles: []"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {{{QUIET}, ladder: [{{after: 9h, notify: ["user:U0PRIYA000"], by: [slack]}}]}}
"""


@pytest.fixture
async def here(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with world(sqlite_url, policy=written(tmp_path)) as running:
        yield running


def written(folder: Path, more: str = "") -> Path:
    policy = folder / "policy.yml"
    policy.write_text(POLICY + more)
    return policy


def words(here: World, message: Any) -> str:
    """As read, without what makes it bold."""
    return assertions.words(here, message).replace("*", "").replace("_", "")


async def told(here: World, name: str) -> list[str]:
    return [text.replace("*", "") for text in await assertions.told(here, name)]


async def started(here: World, text: str = "sev2 Checkout is down") -> Channel:
    channel = await declared(here, text)
    await typed(here, "maya", channel.name, "/incident invite @tom @priya")
    await rest(here)
    return channel


async def opened(here: World, channel: Channel, name: str = CHECKLIST, by: str = "maya") -> Message:
    await typed(here, by, channel.name, f"/incident playbook {name}")
    await rest(here)
    return walk_message(here, channel)


def walk_messages(here: World, channel: Channel) -> list[Message]:
    return [m for m in here.ws.bot_messages(channel.name) if set("▱▰") & set(words(here, m))]


def walk_message(here: World, channel: Channel) -> Message:
    return walk_messages(here, channel)[-1]


async def press(here: World, who: str, shown: Any, name: str, option: str | None = None) -> None:
    await here.ws.person(who).press(shown, name, option)
    await rest(here)


async def filled(here: World, who: str, **values: str) -> None:
    person = here.ws.person(who)
    labels = {
        one["label"]["text"].replace(" ", "_").replace("?", "_"): one["block_id"]
        for one in person.view.body["blocks"]
        if one["type"] == "input"
    }
    await person.fill(person.view, {labels.get(name, name): value for name, value in values.items()})
    reply = await person.submit()
    assert reply.ok, reply
    await rest(here)


async def to_step(here: World, channel: Channel, key: str, by: str = "maya") -> Message:
    """Press on until it is the turn of this step."""
    message = walk_message(here, channel)
    while f"# {key} " not in words(here, message):
        await press(here, by, message, "Done")
        message = walk_message(here, channel)
    return message


def direct(here: World, name: str, about: str = "asks for approval") -> list[Message]:
    rooms = [c for c in here.ws.state.channels.values() if c.is_im and here.ws.user(name).id in c.members]
    return [m for room in rooms for m in here.ws.bot_messages(room.id) if about in words(here, m)]


def request(here: World, channel: Channel, about: str = "asks for approval") -> Message:
    return next(m for m in reversed(here.ws.bot_messages(channel.name)) if about in words(here, m))


async def acts(here: World, number: int = 1) -> list[str]:
    """The texts of the timeline's entries about playbooks, without the playbook's name."""
    return [text.partition(", ")[2] or text for text in texts(of_kind(await here.show(number), "playbook"))]


async def failover_asked(here: World, by: str = "maya") -> tuple[Channel, Message]:
    channel = await started(here)
    await typed(here, "tom", channel.name, "/incident lead me")
    await opened(here, channel, FAILOVER)
    await press(here, by, await to_step(here, channel, "2.1"), "Ask for approval")
    return channel, request(here, channel)


# --- finding and opening ---------------------------------------------------------------------------------------------


async def test_the_card_offers_what_fits_and_opens_it_in_one_press(here: World) -> None:
    channel = await started(here, "sev2 Redis is down, cache connection refused")
    card = here.card(channel)
    assert "Redis cache outage" in words(here, card)
    assert "seems to fit" in words(here, card)
    await press(here, "tom", card, "Open playbook")
    assert "Redis cache outage" in words(here, walk_message(here, channel))
    assert "Open playbook" not in buttons(here.card(channel))
    await press(here, "maya", card, "Playbooks")
    answer = (await told(here, "maya"))[-1]
    assert "Redis cache outage is open" in answer


async def test_words_find_playbooks_with_their_reason_and_an_id_opens_one(here: World) -> None:
    channel = await started(here)
    reply = await here.maya.command(channel.name, "/incident playbook the database is slow")
    assert "Database performance" in words(here, reply.message)
    assert "Why:" in words(here, reply.message)
    await press(here, "maya", reply.message, "Open")
    assert len(walk_messages(here, channel)) == 1
    answer = await typed(here, "tom", "#general", f"/incident playbook {CHECKLIST} --in INC-1")
    assert "open in the channel" in answer
    await rest(here)
    assert len(walk_messages(here, channel)) == 2


async def test_the_same_playbook_is_open_once(here: World) -> None:
    channel = await started(here)
    await opened(here, channel)
    answer = await typed(here, "tom", channel.name, f"/incident playbook {CHECKLIST}")
    assert "is open here already" in answer
    assert "@maya" in answer
    await rest(here)
    assert len(walk_messages(here, channel)) == 1


# --- walking ---------------------------------------------------------------------------------------------------------


async def test_a_playbook_is_walked_from_its_first_step_to_its_last_in_one_message(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    who = ["maya", "tom"]
    steps = 0
    while "Done" in buttons(message):
        await press(here, who[steps % 2], message, "Done")
        message = walk_message(here, channel)
        steps += 1
    assert (steps, len(walk_messages(here, channel))) == (12, 1)
    assert "Finished by @tom" in words(here, message)
    await press(here, "maya", message, "It helped")
    assert "It helped" in words(here, walk_message(here, channel))
    said = await acts(here)
    assert said[0].endswith("opened")
    assert [one for one in said if one.startswith("1.1")] == ["1.1 Acknowledge the alert in the paging system: done"]
    assert said[-2] == "12 of 12 steps done"


async def test_whoever_presses_second_is_told_who_was_first(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    old = here.maya.screenshot(message)
    await asyncio.gather(here.maya.press(message, "Done", stale=old), here.tom.press(message, "Done", stale=old))
    await rest(here)
    assert [one for one in await acts(here) if one.startswith("1.1")] == [
        "1.1 Acknowledge the alert in the paging system: done"
    ]
    second = "tom" if "@maya" in words(here, walk_message(here, channel)).partition("1.1 ")[2] else "maya"
    assert "was first: step 1.1" in (await told(here, second))[-1]


async def test_skip_note_assign_and_open_again(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    await press(here, "maya", message, "Skip")
    await filled(here, "maya", Why_="No pager here")
    await press(here, "tom", message, "Assign")
    await _assigned(here, "tom", "priya")
    await press(here, "tom", message, "walk_more", "Add a note")
    await filled(here, "tom", Note="Bridge 7 is open")
    shown = words(here, walk_message(here, channel))
    for part in ("skipped by @maya", "No pager here", "@priya", "Bridge 7 is open", "1.2"):
        assert part in shown, shown
    await press(here, "maya", message, "All steps")
    listed = here.ws.ephemerals("maya")[-1]
    await press(here, "maya", listed, "walk_more", "Open it again")
    assert "# 1.1 Acknowledge" in words(here, walk_message(here, channel))
    said = await acts(here)
    assert said[1:] == [
        "1.1 Acknowledge the alert in the paging system: skipped: No pager here",
        f"1.2 Join the incident channel or the bridge: assigned to <@{here.priya.id}>",
        "1.2 Join the incident channel or the bridge: Bridge 7 is open",
        "1.1 Acknowledge the alert in the paging system: reopened",
    ]


async def _assigned(here: World, who: str, to: str) -> None:
    person = here.ws.person(who)
    await person.fill(person.view, {"Who does it?": to})
    await person.submit()
    await rest(here)


async def test_parallel_steps_stand_beside_each_other(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel, FAILOVER)
    shown = words(here, message)
    assert "# 1.1 Make sure that the primary is lost" in shown
    assert "# 1.2 Look how far the replica is" in shown
    assert buttons(message).count("Done") == 2
    first, second = [b for b in message.blocks or [] if str(b.get("block_id", "")).startswith("step:")]
    assert first["elements"][0]["value"] == "INC-1:1:1.1"
    assert second["elements"][0]["value"] == "INC-1:1:1.2"
    why = await typed(here, "maya", channel.name, "/incident why")
    assert why.count("playbook") == 1
    assert "Database failover, steps 1.1 and 1.2: given 1 min, then its holder is asked" in why


async def test_commands_are_filled_in_and_missing_values_are_asked_for(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel, FAILOVER)
    assert "kubectl get pod postgres-primary-0 -n production -o wide" in words(here, message)
    await press(here, "maya", message, "Change values")
    person = here.maya
    await person.fill(person.view, {"value:namespace": "staging; rm -rf /"})
    assert "must be a name" in str((await person.submit()).errors)
    await person.fill(person.view, {"value:namespace": "staging"})
    assert (await person.submit()).ok
    await rest(here)
    assert "kubectl get pod postgres-primary-0 -n staging -o wide" in words(here, walk_message(here, channel))


async def test_a_criterion_escalates_once(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel, FAILOVER)
    await press(here, "tom", message, "Data loss is suspected")
    assert "Paged now" in (await told(here, "tom"))[-1]
    assert "Data loss is suspected" not in buttons(walk_message(here, channel))
    assert "Database failover: Data loss is suspected" in texts(of_kind(await here.show(), "escalated"))


async def test_stopping_asks_why_and_ends_it(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    await press(here, "maya", message, "Stop")
    await filled(here, "maya", Why_="It is a false alarm")
    shown = words(here, walk_message(here, channel))
    assert "Stopped by @maya" in shown
    assert "It is a false alarm" in shown
    assert "Done" not in buttons(walk_message(here, channel))


async def test_a_walk_stands_where_it_stood_after_a_restart(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    await press(here, "maya", message, "Done")
    await here.restarted()
    await press(here, "tom", walk_message(here, channel), "Done")
    assert "2 of 12" in words(here, walk_message(here, channel))
    assert len(walk_messages(here, channel)) == 1


async def test_a_change_of_the_file_does_not_change_a_walk(sqlite_url: str, tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    text = "id: ours\nname: Ours\ncategory: process\nseverities: any\nphases: [{title: A, steps: [%s]}]\n"
    step = "{title: Look at the %s dashboard, verification: You know, timeout: 5m}"
    (own / "ours.yml").write_text(text % f"{step % 'old'}, {step % 'other'}")
    async with world(sqlite_url, policy=written(tmp_path), tocsin_playbooks=str(own)) as here:
        channel = await started(here)
        await opened(here, channel, "ours")
        (own / "ours.yml").write_text(text % (step % "new"))
        await here.restarted()
        await press(here, "maya", walk_message(here, channel), "Done")
        shown = words(here, walk_message(here, channel))
        assert "Look at the other dashboard" in shown
        assert "1 of 2" in shown


# --- approving -------------------------------------------------------------------------------------------------------


async def test_whoever_asks_never_approves_and_another_does(here: World) -> None:
    channel, asked = await failover_asked(here)
    assert "Done" not in buttons(walk_message(here, channel))
    assert SCALE in words(here, asked)
    assert buttons(asked) == ["Approve", "Refuse", "Break glass"]
    await press(here, "maya", asked, "Approve")
    assert (await told(here, "maya"))[-1] == "You asked for this approval, so somebody else has to give it."
    (to_tom,) = direct(here, "tom")
    assert SCALE in words(here, to_tom)
    assert direct(here, "maya") == []
    await press(here, "tom", to_tom, "Approve")
    message = walk_message(here, channel)
    assert "Approved by @tom" in words(here, message)
    assert "Done" in buttons(message)
    for settled in (request(here, channel, "asked to do"), *direct(here, "tom", "asked to do")):
        assert buttons(settled) == []
        assert "approved by @tom" in words(here, settled)
    await press(here, "maya", message, "Done")
    assert "# 2.2 Promote the replica" in words(here, walk_message(here, channel))


async def test_a_refusal_says_why_and_the_step_stays_open(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "tom", asked, "Refuse")
    await filled(here, "tom", Why_="Not before the backup")
    message = walk_message(here, channel)
    assert "refused by @tom: Not before the backup" in words(here, message)
    assert "Ask for approval" in buttons(message)
    await press(here, "maya", message, "Ask for approval")
    assert (await acts(here))[-1].endswith("asks for approval")


async def test_skipping_what_waits_for_approval_ends_the_request_and_says_so(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "priya", walk_message(here, channel), "Skip")
    assert "<@U0MAYA0000> asked for approval of this step. Skipping it withdraws the request." in str(
        here.priya.view.body
    )
    await filled(here, "priya", Why_="It is gone already.")
    for settled in (here.ws.state.message(asked.channel, asked.ts), *direct(here, "tom", "asked to do")):
        assert buttons(settled) == []
        assert words(here, settled).endswith("no longer needed: @priya skipped the step, It is gone already.")
    assert "2.1 Keep the old primary away — skipped by @priya" in words(here, walk_message(here, channel))


async def test_alone_one_may_break_the_glass_with_a_reason_and_everybody_sees_it(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "maya", asked, "Break glass")
    reply = await here.maya.submit()
    assert "required" in str(reply.errors)
    await filled(here, "maya", Why_can_it_not_wait_="Nobody else is awake")
    loud = request(here, channel, "broke the glass")
    assert "without anybody's approval" in words(here, loud)
    assert SCALE in words(here, loud)
    assert "Done" in buttons(walk_message(here, channel))
    (said,) = [e for e in of_kind(await here.show(), "playbook") if "BROKE THE GLASS" in e["text"]]
    assert said["key"]
    assert "Nobody else is awake" in said["text"]


async def test_a_policy_may_forbid_it_and_name_who_approves(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {break_glass: false, approvers: ["contact:dba"], approval_expires: 10m}\n'
    rules += "contacts: {dba: {slack: priya@example.com}}\n"
    async with world(sqlite_url, policy=written(tmp_path, rules)) as here:
        channel, asked = await failover_asked(here)
        assert buttons(asked) == ["Approve", "Refuse"]
        assert "One of the policy's approvers other than @maya approves" in words(here, asked)
        await press(here, "tom", asked, "Approve")
        assert "The policy names who may approve" in (await told(here, "tom"))[-1]
        assert direct(here, "tom") == []
        (to_priya,) = direct(here, "priya")
        await press(here, "priya", to_priya, "Approve")
        assert "Approved by @priya" in words(here, walk_message(here, channel))


async def test_a_request_expires_and_can_be_made_again(here: World) -> None:
    channel, asked = await failover_asked(here)
    await here.pass_time(minutes=31)
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []
    message = walk_message(here, channel)
    assert "expired" in words(here, message)
    await press(here, "maya", message, "Ask for approval")
    assert len(direct(here, "tom")) == 1
    ledger = [r for r in (await here.show())["reminders"] if r["kind"] == "playbook"]
    assert any(r["state"] == "skipped" and "expired unanswered" in r["reason"] for r in ledger)


async def test_what_changes_after_it_was_shown_is_approved_no_more(here: World) -> None:
    channel, asked = await failover_asked(here)
    await press(here, "tom", asked, "Approve")
    await press(here, "maya", walk_message(here, channel), "Change values")
    await filled(here, "maya", **{"value:namespace": "staging"})
    message = walk_message(here, channel)
    assert "Done" not in buttons(message)
    assert "Approval void: the commands have changed" in words(here, message)
    assert "Roll back" not in buttons(message)  # nobody was let do it


async def test_an_approver_outside_a_private_incident_is_told_its_id_alone(sqlite_url: str, tmp_path: Path) -> None:
    rules = 'playbooks: {approvers: ["user:U0PRIYA000"]}\n'
    async with world(sqlite_url, policy=written(tmp_path, rules)) as here:
        await here.maya.command("#general", "/incident declare")
        person = here.maya
        await person.fill(person.view, {"Title": "Payroll leaked", "Severity": "sev2", "private": "private"})
        await person.submit()
        channel = await here.opened(1)
        await rest(here)
        await opened(here, channel, FAILOVER)
        await press(here, "maya", await to_step(here, channel, "2.1"), "Ask for approval")
        (to_priya,) = direct(here, "priya", "for your approval")
        assert "INC-1" in words(here, to_priya)
        assert buttons(to_priya) == []
        for secret in ("Payroll", "failover", "kubectl"):
            assert secret not in words(here, to_priya)


# --- time ------------------------------------------------------------------------------------------------------------


async def test_a_step_that_takes_long_nudges_its_holder_then_the_commander_then_nobody(here: World) -> None:
    channel = await started(here)
    await typed(here, "tom", channel.name, "/incident lead me")
    message = await opened(here, channel)
    await press(here, "maya", message, "Assign")
    await _assigned(here, "maya", "priya")
    await here.pass_time(minutes=1, seconds=2)
    (first,) = here.ws.replies(message)
    assert "@priya, how is 1.1" in words(here, first)
    await here.pass_time(minutes=6)
    first, second = here.ws.replies(message)
    assert "@tom, how is 1.1" in words(here, second)
    assert "Superseded by a newer reminder" in words(here, first)
    await here.pass_time(hours=2)
    assert len(here.ws.replies(message)) == 2
    await press(here, "priya", message, "Done")
    assert "done by @priya" in words(here, here.ws.replies(message)[1])
    why = await typed(here, "maya", channel.name, "/incident why")
    assert "playbook" in why
    assert "step 1.1: not settled" in why


async def test_a_step_done_in_time_nudges_nobody_and_nothing_comes_after_resolve(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    await press(here, "maya", message, "Done")
    await here.pass_time(seconds=70)
    await rest(here)
    assert [words(here, m).count("1.1") for m in here.ws.replies(message)] == [0]
    await typed(here, "maya", channel.name, "/incident resolve fixed")
    await here.pass_time(hours=5)
    assert len(here.ws.replies(message)) == 1
    waiting = [r for r in (await here.show())["reminders"] if r["kind"] == "playbook" and r["state"] == "waiting"]
    assert waiting == []


async def test_once_it_is_over_nobody_is_asked_how_long_a_step_takes(here: World) -> None:
    channel = await started(here)
    await opened(here, channel)
    before = words(here, walk_message(here, channel))
    assert "to be done by" in before
    await typed(here, "maya", channel.name, "/incident resolve fixed")
    await rest(here)
    assert "to be done by" not in words(here, walk_message(here, channel))
    await typed(here, "maya", channel.name, "/incident reopen it is back")
    await rest(here)
    assert "to be done by" in words(here, walk_message(here, channel))


async def test_requests_end_with_the_incident(here: World) -> None:
    channel, asked = await failover_asked(here)
    await typed(here, "tom", channel.name, "/incident resolve it came back")
    await rest(here)
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []
    assert buttons(direct(here, "tom", "asked to do")[0]) == []
    assert "Approval no longer needed: INC-1 is resolved" in words(here, walk_message(here, channel))


async def test_requests_stand_again_when_the_incident_does(here: World) -> None:
    channel, asked = await failover_asked(here)
    await typed(here, "tom", channel.name, "/incident resolve it came back")
    await rest(here)
    await typed(here, "tom", channel.name, "/incident reopen it is down again")
    await rest(here)
    assert "asked for approval to do it" in words(here, walk_message(here, channel))
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == ["Approve", "Refuse", "Break glass"]
    (to_tom,) = direct(here, "tom")
    await press(here, "tom", to_tom, "Approve")
    assert "Approved by @tom" in words(here, walk_message(here, channel))
    assert buttons(here.ws.state.message(asked.channel, asked.ts)) == []


# --- how they fare ---------------------------------------------------------------------------------------------------


OWNERS = """
id: ours
name: Ours
category: process
severities: any
owner: Database
last_reviewed: 2025-01-02
phases: [{title: A, steps: [{title: Look, verification: You know, timeout: 5m}]}]
"""


async def test_an_owner_hears_once_of_a_review_and_of_a_step_that_is_skipped(sqlite_url: str, tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "ours.yml").write_text(OWNERS)
    rules = "contacts: {dba: {name: Database, slack: priya@example.com}}\nplaybooks: {skipped: 2, review_every: 400d}\n"
    async with world(sqlite_url, policy=written(tmp_path, rules), tocsin_playbooks=str(own)) as here:
        for number in (1, 2):
            await here.maya.command("#general", "/incident declare sev2 Again")
            channel = await here.opened(number)
            await rest(here)
            message = await opened(here, channel, "ours")
            await press(here, "maya", message, "Skip")
            await filled(here, "maya", Why_="Not needed")
        assert "Used 2 times before, last" in words(here, await opened(here, channel, "ours"))
        await _at(here, weekday=1, hour=3)
        assert await review.remind_owners(here.tocsin.context) == 0  # not at night
        await _at(here, weekday=1, hour=10)
        assert await review.remind_owners(here.tocsin.context) == 1
        assert await review.remind_owners(here.tocsin.context) == 0
        await rest(here)
        (to_priya,) = direct(here, "priya", "your playbooks")
        assert "reviewed on 2025-01-02" in words(here, to_priya)
        assert "was skipped 2 times" in words(here, to_priya)
        await here.restarted()
        await _at(here, weekday=2, hour=10)
        assert await review.remind_owners(here.tocsin.context) == 0


async def _at(here: World, weekday: int, hour: int) -> None:
    """Move the bot's clock to the next such hour."""
    now = here.tocsin.context.clock.now()
    then = now.replace(hour=hour, minute=0) + timedelta(days=(weekday - now.weekday()) % 7 + 7)
    await here.pass_time(seconds=(then - now).total_seconds())
