"""Actions of people after incidents: they create and settle action items, and hold reviews.

They press on messages as they stand before them: on the direct messages about their items, and on the review's message.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox import Message
from tests.torture.acts import ACCEPTED, UNKNOWN, Act, pick
from tests.torture.schedule import PEOPLE, Step

if TYPE_CHECKING:
    from tests.torture.people import People

DUES = (
    "by today", "by tomorrow", "by tomorrow", "by in 2 business days", "by in 3 days", "by in 3 business days",
    "by friday", "by monday", "by in 1 week", "by in 10 days", "",
)  # fmt: skip
DUE_DAYS = (0, 1, 2, 3, 5, 8)
_ITEM = re.compile(r"action:(AI-(\d+)-\d+)(?:@|$)")


class Afterwards:
    """Everybody's acts after the incidents. Methods have the names of steps."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def action(self, step: Step) -> None:
        """Type an item, for somebody or nobody, with or without a day."""
        owners = ("", f"@{step.who}", *(f"@{who}" for who in self._others(step)))
        owner = step.more.get("owner", owners[int(step.pick * 1009 % 7)])
        due = step.more.get("due", DUES[int(step.pick * 1013 % len(DUES))])
        await self._people.command(step, " ".join(f"action {step.token} alert on it {owner} {due} P1".split()))

    async def action_form(self, step: Step) -> None:
        await self._people.form(step, "action", "action_create", self._values(step))

    async def action_check(self, step: Step) -> None:
        """Say something, and make an item of it by a reaction. It has no token of its own: the message's text has."""
        channel = await self._people.channel(step)
        said = await self._people.said(step, channel, f"{step.token} should be alerted on")
        await self._people.ws.person(step.who).react(said, "ballot_box_with_check")

    async def action_shortcut(self, step: Step) -> None:
        channel = await self._people.channel(step)
        said = await self._people.said(step, channel, f"{step.token} was found by hand")
        person = self._people.ws.person(step.who)
        async with self._people.form_locks[step.who]:
            await person.message_shortcut("create_action", said)
            if person.view.callback_id == "action_create":
                await person.fill(person.view, self._values(step))
                await self._people.submit(step, None)

    async def action_done(self, step: Step) -> None:
        await self._on_item(step, "done")

    async def action_reopen(self, step: Step) -> None:
        """The answer to the person who settled an item has that button."""
        blocks = [
            (ephemeral, block)
            for ephemeral in self._people.ws.ephemerals(step.who)
            for block in ephemeral.blocks or []
            if "action_reopen" in str(block)
        ]
        ephemeral, block = pick(blocks, step.pick)
        await self._people.ws.person(step.who).press(ephemeral, f"{block['block_id']}/action_reopen")

    async def action_later(self, step: Step) -> None:
        await self._on_item(step, "later", {"New due date": self._day(step)})

    async def action_not_doing(self, step: Step) -> None:
        await self._on_item(step, "not_doing", {"Why not?": f"{step.token} is gone"})

    async def action_give(self, step: Step) -> None:
        """Give an item to somebody else, or change its words, or its day, or all of that."""
        values: dict[str, Any] = {}
        if step.pick * 1019 % 1 < 0.7:
            values["Owner"] = self._others(step)[int(step.pick * 1021 % 5)]
        if step.pick * 1031 % 1 < 0.3:
            values["Due"] = self._day(step)
        if not values or step.pick * 1033 % 1 < 0.3:
            values["Title"] = f"{step.token} in other words"
        await self._on_item(step, "edit", values)

    async def checklists(self, step: Step) -> None:
        await self._people.command(step, "actions checklists")

    async def review(self, step: Step) -> None:
        """Open it, or look at it."""
        await self._people.command(step, "review")

    async def review_schedule(self, step: Step) -> None:
        values = {"When": step.more["at"]} if step.more.get("at") else {}
        await self._on_review(step, "Schedule", values)

    async def review_ask(self, step: Step) -> None:
        await self._on_review(step, "Ask participants")

    async def review_complete(self, step: Step) -> None:
        await self._on_review(step, "Complete")

    async def review_publish(self, step: Step) -> None:
        await self._on_review(step, "Publish")

    async def _on_item(self, step: Step, what: str, values: dict[str, Any] | None = None) -> None:
        """Press a button of an item in a direct message about it, and fill in the form, if it opens one."""
        ws = self._people.ws
        shown = [
            (message, block["block_id"], owner)
            for channel in ws.state.channels.values()
            if channel.is_im and ws.bot.id in channel.members
            for owner in [member for member in channel.members if member != ws.bot.id]
            for message in ws.bot_messages(channel.id)
            for block in message.blocks or []
            if _ITEM.match(str(block.get("block_id"))) and f"action_{what}" in str(block)
        ]
        message, block_id, owner = pick(shown, step.pick * 7 % 1)
        found = _ITEM.match(block_id)
        assert found is not None
        person = ws.person(owner)
        async with self._people.form_locks[person.user.name]:
            reply = await person.press(message, f"{block_id}/action_{what}")
            if values is None:
                outcome = ACCEPTED if reply.ok else UNKNOWN
                self._people.settled.append(Act(what, owner, found[1], int(found[2]), outcome))
            elif person.view.callback_id.startswith("action_"):
                await person.fill(person.view, values)
                await self._people.submit(step, int(found[2]), who=owner)

    async def _on_review(self, step: Step, label: str, values: dict[str, Any] | None = None) -> None:
        """Press a button of the review's message, and fill in the form, if it opens one."""
        messages: list[Message] = [
            message
            for channel in self._people.channels()
            for message in self._people.ws.bot_messages(channel.id, threads=False)
            if any(
                str(block.get("block_id")).partition("@")[0] == "review" and label in str(block)
                for block in message.blocks or []
            )
        ]
        message = pick(messages, step.pick * 7 % 1)
        person = self._people.ws.person(step.who)
        await person.join(message.channel)
        async with self._people.form_locks[step.who]:
            await person.press(message, label)
            if values is not None and person.view.callback_id == "review_schedule":
                await person.fill(person.view, values)
                await self._people.submit(step, None)

    def _values(self, step: Step) -> dict[str, Any]:
        values = {"Title": f"{step.token} is to be alerted on", "Owner": self._others(step)[int(step.pick * 1009 % 5)]}
        return values | ({"Due": self._day(step)} if step.pick * 1013 % 1 < 0.8 else {})

    def _day(self, step: Step) -> str:
        days = timedelta(days=DUE_DAYS[int(step.pick * 1039 % len(DUE_DAYS))])
        return str((self._people.clock() + days).date())

    def _others(self, step: Step) -> list[str]:
        return [who for who in PEOPLE if who != step.who]
