"""Coming back to an incident: recent events, the commander, the next steps."""

from __future__ import annotations

from tests.scenarios.assertions import declare, settle, type_command
from tests.scenarios.running import World


async def test_a_catchup_says_that_nobody_has_acknowledged(world: World) -> None:
    channel = await declare(world, "sev2 Checkout is down")
    assert "nobody has acknowledged it yet" in await type_command(world, "maya", channel.name, "/incident catchup")


async def test_the_first_catchup_tells_everything_that_matters(world: World) -> None:
    channel = await declare(world, "sev2 Checkout is down")
    await world.maya.invite(channel.id, "tom")
    await world.maya.say(channel.id, "looking")
    await type_command(world, "maya", channel.name, "/incident lead @maya")
    await type_command(world, "maya", channel.name, "/incident update Rolling back deploy 4512")
    await settle(world)
    answer = await type_command(world, "tom", channel.name, "/incident catchup")
    assert "led by @maya" in answer
    assert "Update #1:* Rolling back deploy 4512" in answer
    assert "Since it was declared" in answer
    assert "Rolling back deploy 4512" in answer
    assert "1 message in the channel" in answer
    assert "still needed: Technical lead" in answer
    assert "status update is due" in answer
    assert "nobody has acknowledged it yet" not in answer


async def test_the_second_catchup_tells_only_news(world: World) -> None:
    channel = await declare(world, "sev2 Checkout is down")
    await world.maya.invite(channel.id, "tom")
    await settle(world)
    await type_command(world, "tom", channel.name, "/incident catchup")
    again = await type_command(world, "tom", channel.name, "/incident catchup")
    assert "Since you were last here" in again
    assert "Nothing of note." in again
    await type_command(world, "maya", channel.name, "/incident note The index is gone")
    await settle(world)
    new = await type_command(world, "tom", channel.name, "/incident catchup")
    assert "The index is gone" in new
    assert "declared" not in new.partition("Since you were")[2]
    await world.restart()
    assert "Nothing of note." in await type_command(world, "tom", "#general", "/incident catchup --in INC-1")


async def test_taking_part_counts_as_reading(world: World) -> None:
    channel = await declare(world, "sev2 Checkout is down")
    await world.maya.invite(channel.id, "tom")
    await type_command(world, "maya", channel.name, "/incident note The index is gone")
    await world.tom.say(channel.id, "on it")
    await settle(world)
    answer = await type_command(world, "tom", channel.name, "/incident catchup")
    assert "The index is gone" not in answer
    assert "Nothing of note." in answer


async def test_catchup_on_an_ended_incident_says_what_fixed_it(world: World) -> None:
    channel = await declare(world, "sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident resolve Rolled back")
    answer = await type_command(world, "maya", channel.name, "/incident catchup")
    assert "What fixed it:* Rolled back" in answer
    assert "Next" not in answer


async def test_catchup_on_a_private_incident_tells_outsiders_nothing(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Keys leaked", "Severity": "sev1", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    assert "There is no incident INC-1" in await type_command(world, "tom", "#general", "/incident catchup --in INC-1")


async def test_what_is_next_names_each_thing_once_and_in_words(world: World) -> None:
    channel = await declare(world, "sev2 Redis is full")
    await type_command(world, "maya", channel.name, "/incident playbook redis-outage")
    await settle(world)
    answer = await type_command(world, "maya", channel.name, "/incident catchup")
    (walked,) = [line for line in answer.splitlines() if "playbook" in line and "steps are done" in line]
    assert "0 of 10 steps are done; steps 1.1, 1.2, 1.3, 1.4, 1.5 are due" in walked
    assert "playbook is due" not in answer
    assert "empty role is due" not in answer
    assert "schedule:" not in await type_command(world, "maya", channel.name, "/incident why")
