"""Playbooks in the workspace: found, opened, walked by several people, approved, timed, ended."""

from __future__ import annotations

from sandbox import Channel, Message
from tests.scenarios.looking import buttons, declared, rest, told, typed, words
from tests.scenarios.running import World

PLAYBOOK = "first-five-minutes"


async def opened(here: World, channel: Channel, name: str = PLAYBOOK, by: str = "maya") -> Message:
    await typed(here, by, channel.name, f"/incident playbook {name}")
    await rest(here)
    return walk_message(here, channel)


def walk_message(here: World, channel: Channel, title: str = "of") -> Message:
    return next(
        m for m in reversed(here.ws.bot_messages(channel.name)) if "▱" in words(here, m) or "▰" in words(here, m)
    )


async def test_a_playbook_is_walked_from_its_first_step_to_its_last(here: World) -> None:
    channel = await declared(here)
    message = await opened(here, channel)
    steps = 0
    while "Done" in buttons(message):
        await here.maya.press(message, "Done")
        await rest(here)
        message = walk_message(here, channel)
        steps += 1
    assert "Finished" in words(here, message)
    assert steps == 12
