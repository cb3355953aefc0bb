"""Playbooks in the workspace: found, opened, worked through by several people, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, of_kind, settle, texts, type_command
from tests.scenarios.playbook_runs import (
    CHECKLIST,
    FAILOVER,
    assign_to,
    ephemeral_texts,
    fill_form,
    open_run,
    playbook_entries,
    policy_file,
    press,
    request,
    run_message,
    run_messages,
    start_incident,
    to_step,
    words,
)
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with running_world(sqlite_url, policy=policy_file(tmp_path)) as running:
        yield running


async def test_the_card_offers_fitting_playbooks_and_opens_one_in_one_press(world: World) -> None:
    channel = await start_incident(world, "sev2 Redis is down, cache connection refused")
    card = world.card(channel)
    assert "Redis cache outage" in words(world, card)
    assert "seems to fit" in words(world, card)
    await press(world, "tom", card, "Open playbook")
    assert "Redis cache outage" in words(world, run_message(world, channel))
    assert "Open playbook" not in buttons(world.card(channel))
    await press(world, "maya", card, "Playbooks")
    answer = (await ephemeral_texts(world, "maya"))[-1]
    assert "Redis cache outage is open" in answer


async def test_an_incident_with_one_vague_symptom_is_suggested_where_to_start(world: World) -> None:
    channel = await start_incident(world, "sev2 Checkout is down")
    await press(world, "maya", world.card(channel), "Playbooks")
    answer = (await ephemeral_texts(world, "maya"))[-1]
    assert "First five minutes" in answer
    assert "Database outage" not in answer


async def test_words_find_playbooks_with_their_reason_and_an_id_opens_one(world: World) -> None:
    channel = await start_incident(world)
    reply = await world.maya.command(channel.name, "/incident playbook the database is slow")
    assert "Database performance" in words(world, reply.message)
    assert "Why:" in words(world, reply.message)
    await press(world, "maya", reply.message, "Open")
    assert len(run_messages(world, channel)) == 1
    answer = await type_command(world, "tom", "#general", f"/incident playbook {CHECKLIST} --in INC-1")
    assert "open in the channel" in answer
    await settle(world)
    assert len(run_messages(world, channel)) == 2


async def test_a_playbook_is_open_only_once(world: World) -> None:
    channel = await start_incident(world)
    await open_run(world, channel)
    answer = await type_command(world, "tom", channel.name, f"/incident playbook {CHECKLIST}")
    assert "is open here already" in answer
    assert "@maya" in answer
    await settle(world)
    assert len(run_messages(world, channel)) == 1


async def test_a_run_from_first_to_last_step_is_one_message(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    who = ["maya", "tom"]
    steps = 0
    while "Done" in buttons(message):
        await press(world, who[steps % 2], message, "Done")
        message = run_message(world, channel)
        steps += 1
    assert (steps, len(run_messages(world, channel))) == (12, 1)
    assert "Finished by @tom" in words(world, message)
    await press(world, "maya", message, "It helped")
    assert "It helped" in words(world, run_message(world, channel))
    said = await playbook_entries(world)
    assert said[0].endswith("opened")
    assert [one for one in said if one.startswith("1.1")] == ["1.1 Acknowledge the alert in the paging system: done"]
    assert said[-2] == "12 of 12 steps done"


async def test_the_second_to_press_is_told_who_was_first(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    old = world.maya.screenshot(message)
    await asyncio.gather(world.maya.press(message, "Done", stale=old), world.tom.press(message, "Done", stale=old))
    await settle(world)
    assert [one for one in await playbook_entries(world) if one.startswith("1.1")] == [
        "1.1 Acknowledge the alert in the paging system: done"
    ]
    second = "tom" if "@maya" in words(world, run_message(world, channel)).partition("1.1 ")[2] else "maya"
    assert "was first: step 1.1" in (await ephemeral_texts(world, second))[-1]


async def test_a_step_can_be_skipped_noted_assigned_and_reopened(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    await press(world, "maya", message, "Skip")
    await fill_form(world, "maya", Why_="No pager here")
    await press(world, "tom", message, "Assign")
    await assign_to(world, "tom", "priya")
    await press(world, "tom", message, "walk_more", "Add a note")
    await fill_form(world, "tom", Note="Bridge 7 is open")
    shown = words(world, run_message(world, channel))
    for part in ("skipped by @maya", "No pager here", "@priya", "Bridge 7 is open", "1.2"):
        assert part in shown, shown
    await press(world, "maya", message, "All steps")
    listed = world.ws.ephemerals("maya")[-1]
    await press(world, "maya", listed, "walk_more", "Open it again")
    assert "# 1.1 Acknowledge" in words(world, run_message(world, channel))
    said = await playbook_entries(world)
    assert said[1:] == [
        "1.1 Acknowledge the alert in the paging system: skipped: No pager here",
        f"1.2 Join the incident channel or the bridge: assigned to <@{world.priya.id}>",
        "1.2 Join the incident channel or the bridge: Bridge 7 is open",
        "1.1 Acknowledge the alert in the paging system: reopened",
    ]


async def test_parallel_steps_are_shown_together(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel, FAILOVER)
    shown = words(world, message)
    assert "# 1.1 Make sure that the primary is lost" in shown
    assert "# 1.2 Look how far the replica is" in shown
    assert buttons(message).count("Done") == 2
    first, second = [b for b in message.blocks or [] if str(b.get("block_id", "")).startswith("step:")]
    assert first["elements"][0]["value"] == "INC-1:1:1.1"
    assert second["elements"][0]["value"] == "INC-1:1:1.2"
    why = await type_command(world, "maya", channel.name, "/incident why")
    assert why.count("playbook") == 1
    assert "Database failover, steps 1.1 and 1.2: given 1 min, then its holder is asked" in why


async def test_what_a_playbook_leaves_blank_is_asked_for_when_it_is_opened(world: World) -> None:
    channel = await start_incident(world)
    await type_command(world, "maya", channel.name, "/incident playbook redis-outage")
    await settle(world)
    message = run_message(world, channel)
    assert "Fill in" in buttons(message)
    assert "{container}" in words(world, message)
    asked = {
        block["block_id"]: block["element"] for block in world.maya.view.body["blocks"] if block["type"] == "input"
    }
    assert "initial_value" not in asked["value:container"]
    assert asked["value:container"]["placeholder"]["text"] == "such as api-gateway"
    await fill_form(
        world, "maya", **{"value:container": "shop-redis", "value:file": "compose.yml", "value:service": "redis"}
    )
    message = run_message(world, channel)
    assert "{container}" not in words(world, message)
    assert "shop-redis" in words(world, message)
    assert "Fill in" not in buttons(message)


async def test_a_step_can_be_undone_only_after_it_was_done(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel, FAILOVER)
    assert not [name for name in buttons(message) if "Roll back" in name]
    message = await to_step(world, channel, "2.1")
    await press(world, "maya", message, "Ask for approval")
    await press(world, "tom", request(world, channel), "Approve")
    message = run_message(world, channel)
    assert not [name for name in buttons(message) if "Roll back" in name]
    await press(world, "maya", message, "Done")
    message = run_message(world, channel)
    assert [name for name in buttons(message) if "Roll back" in name] == ["Roll back step 2.1"]
    await press(world, "maya", message, "Roll back step 2.1")
    await fill_form(world, "maya", Why_="The wrong one")
    assert "Rolled back by @maya" in words(world, run_message(world, channel))


async def test_commands_are_filled_in_and_missing_values_are_asked_for(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel, FAILOVER)
    assert "kubectl get pod postgres-primary-0 -n production -o wide" in words(world, message)
    await press(world, "maya", message, "Change values")
    person = world.maya
    await person.fill(person.view, {"value:namespace": "staging; rm -rf /"})
    assert "must be a name" in str((await person.submit()).errors)
    await person.fill(person.view, {"value:namespace": "staging"})
    assert (await person.submit()).ok
    await settle(world)
    assert "kubectl get pod postgres-primary-0 -n staging -o wide" in words(world, run_message(world, channel))


async def test_a_criterion_escalates_once(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel, FAILOVER)
    await press(world, "tom", message, "Data loss is suspected")
    assert "Paged now" in (await ephemeral_texts(world, "tom"))[-1]
    assert "Data loss is suspected" not in buttons(run_message(world, channel))
    assert "Database failover: Data loss is suspected" in texts(of_kind(await world.show(), "escalated"))


async def test_stopping_asks_for_a_reason_and_ends_the_run(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    await press(world, "maya", message, "Stop")
    await fill_form(world, "maya", Why_="It is a false alarm")
    shown = words(world, run_message(world, channel))
    assert "Stopped by @maya" in shown
    assert "It is a false alarm" in shown
    assert "Done" not in buttons(run_message(world, channel))


async def test_a_run_survives_a_restart(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    await press(world, "maya", message, "Done")
    await world.restart()
    await press(world, "tom", run_message(world, channel), "Done")
    assert "2 of 12" in words(world, run_message(world, channel))
    assert len(run_messages(world, channel)) == 1


async def test_a_change_of_the_file_does_not_change_a_run(sqlite_url: str, tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    text = "id: ours\nname: Ours\ncategory: process\nseverities: any\nphases: [{title: A, steps: [%s]}]\n"
    step = "{title: Look at the %s dashboard, verification: You know, timeout: 5m}"
    (own / "ours.yml").write_text(text % f"{step % 'old'}, {step % 'other'}")
    async with running_world(sqlite_url, policy=policy_file(tmp_path), tocsin_playbooks=str(own)) as world:
        channel = await start_incident(world)
        await open_run(world, channel, "ours")
        (own / "ours.yml").write_text(text % (step % "new"))
        await world.restart()
        await press(world, "maya", run_message(world, channel), "Done")
        shown = words(world, run_message(world, channel))
        assert "Look at the other dashboard" in shown
        assert "1 of 2" in shown
