"""Who is outside and tries all the same: people removed from private incidents, and guests."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from sandbox import Channel, Reply
from tests.torture.acts import UNKNOWN, Act, pick
from tests.torture.people import Removal, number_of
from tests.torture.schedule import PEOPLE, Step

if TYPE_CHECKING:
    from tests.torture.world import World

GUEST = "gail"
COMMON_CHANNEL = "#payments"  # where members and the guest are
WAIT_S = 4.0
PROBE = "from outside"
ASKED_ABOUT = 2  # private incidents, so that a night stays short


async def remove(world: World, step: Step) -> None:
    """Remove a person of any role from a private incident's channel; some are invited again later."""
    with contextlib.suppress(TimeoutError):  # so that it happens on a slow machine, too
        await world.ws.until(lambda: any(people_in(world, channel) for channel in private_channels(world)), WAIT_S)
    channel = pick([channel for channel in private_channels(world) if people_in(world, channel)], step.pick)
    inside = people_in(world, channel)
    if len(inside) == 1:
        await world.ws.person(inside[0]).invite(channel.id, PEOPLE[int(step.pick * 97) % len(PEOPLE)])
        await asyncio.sleep(0.2)
        inside = people_in(world, channel)
    if not inside:
        raise LookupError("everybody has left meanwhile")
    place = int(step.pick * 97) % len(inside)
    user, by = inside[place], inside[place - 1]
    await world.ws.person(by).kick(channel.id, user)
    world.people.removals.append(Removal(channel.id, user, world.ws.clock.now()))
    if step.more["for_s"] is not None:
        await asyncio.sleep(step.more["for_s"])
        await world.ws.person(by).invite(channel.id, user)


async def act_as_guest(world: World, step: Step) -> None:
    """A guest tries what guests may not do: on the card of a public incident, or on any incident from outside."""
    what, gail = step.more["what"], world.ws.person(GUEST)
    known = _known(world, gail.id)
    if what in CARD_BUTTONS:
        channel = pick([channel for channel in world.people.channels() if channel.is_public], step.pick)
        await gail.join(channel.id)
        reply = await gail.press(world.ws.pinned(channel.id)[0], what)
    else:
        channel = pick(world.people.channels(), step.pick)
        words = f"{what.format(token=step.token)} --in INC-{number_of(channel)}"
        reply = await gail.command(COMMON_CHANNEL, f"/incident {words}")
    _answered(world, gail.id, what, channel, reply)
    if not known:
        world.people.acted_unknown.add(number_of(channel))
    while world.ws.modals.stack(gail.id):
        await gail.close()


def _known(world: World, user: str) -> bool:
    """Whether Slack ever told the bot who the person is. Whom it could not ask about counts as a member."""
    calls = world.ws.journal.calls
    return any(call.ok and call.method == "users.info" and call.args.get("user") == user for call in calls)


async def ask_from_outside(world: World) -> None:
    """Everybody who is outside one of the private incidents asks about it, and tries to write into it."""
    for channel in private_channels(world)[:ASKED_ABOUT]:
        removed = {removal.user for removal in world.people.removals if removal.channel == channel.id}
        for user in sorted({world.ws.user(GUEST).id, *removed} - set(channel.members)):
            incident = f"INC-{number_of(channel)}"
            for words in (f"show {incident}", f"note {PROBE} --in {incident}", "list all"):
                reply = await world.ws.person(user).command(COMMON_CHANNEL, f"/incident {words}")
                _answered(world, user, words, channel, reply)


def _answered(world: World, user: str, what: str, channel: Channel, reply: Reply) -> None:
    words = f"{reply.text} {reply.message.blocks if reply.message else ''}"
    world.people.answers_outside.append(Act(what, user, "", number_of(channel), UNKNOWN, words))


def private_channels(world: World) -> list[Channel]:
    """The channels of private incidents."""
    return [channel for channel in world.people.channels() if not channel.is_public]


def people_in(world: World, channel: Channel) -> list[str]:
    """The IDs of the people in a channel."""
    return [user for user in channel.members if not world.ws.state.users[user].is_bot]


CARD_BUTTONS = ("Escalate", "Resolve", "Change severity", "Assign roles")
