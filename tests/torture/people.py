"""What people do, and what they were answered: the ledger that the oracle holds against the database."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox import Channel, Ephemeral, Message, NoSuchThing, Reply, SlackError, Workspace
from tests.torture.schedule import Step

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"
NOT_RECORDED = "not recorded"
SUCCESS = re.compile(
    r"is declared|Noted on the timeline|Update #\d+ of|is now |is resolved\.|is closed\.|is open again|Reminders of|"
    r"is promised in|is paged|Paged now|could be paged|You are responding|first to acknowledge|You acknowledged|"
    r"Are you responding|: <@|nobody now|You're in|is being opened|Inviting"
)
# The kind of entry that carries the words.
KINDS = {
    "note": "note", "update": "update", "update_form": "update", "status": "status", "severity": "severity",
    "escalate": "escalated", "resolve": "resolved", "resolve_form": "resolved", "reopen": "reopened",
    "mention": "note",
}  # fmt: skip


@dataclass(slots=True)
class Act:
    """Something that somebody asked for. `who` is their ID. `token` stands in its words, where it has any."""

    what: str
    who: str
    token: str
    number: int | None
    outcome: str
    words: str = ""


@dataclass(slots=True)
class Said:
    """A message of a person in an incident channel, with all that became of it."""

    message: Message
    channel: str
    texts: list[str]
    deleted_at: float | None = None


@dataclass(slots=True)
class People:
    """Everybody at their keyboards."""

    ws: Workspace
    acts: list[Act] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    pressed: list[Act] = field(default_factory=list)
    _at_a_form: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def do(self, step: Step) -> None:
        """One step. What is not there yet, or Slack would not let them do, is left."""
        try:
            if step.what.endswith("_form"):
                async with self._at_a_form[step.who]:  # one form at a time has somebody's attention
                    await getattr(self, f"_{step.what}")(step)
            else:
                await getattr(self, f"_{step.what}")(step)
        except (SlackError, NoSuchThing, LookupError):
            return

    # — where

    def channels(self) -> list[Channel]:
        return [channel for channel in self.ws.state.channels.values() if number_of(channel) is not None]

    async def _channel(self, step: Step) -> Channel:
        """An incident channel that the person is in, now at the latest."""
        channel: Channel = _picked(self.channels(), step.pick)
        await self.ws.person(step.who).join(channel.id)
        return channel

    # — saying

    async def _say(self, step: Step) -> None:
        channel = await self._channel(step)
        text = f"{step.token} said"
        self.said.append(Said(await self.ws.person(step.who).say(channel.id, text), channel.id, [text]))

    async def _chat(self, step: Step) -> None:
        """Several lines in one breath."""
        channel = await self._channel(step)
        for number in range(4):
            text = f"{step.token} line {number}"
            self.said.append(Said(await self.ws.person(step.who).say(channel.id, text), channel.id, [text]))

    async def _reply(self, step: Step) -> None:
        to = _picked([said for said in self.said if said.deleted_at is None], step.pick)
        await self.ws.person(step.who).join(to.channel)
        text = f"{step.token} replied"
        message = await self.ws.person(step.who).reply(to.message, text, broadcast=step.pick * 7 % 1 < 0.3)
        self.said.append(Said(message, to.channel, [text]))

    async def _edit(self, step: Step) -> None:
        said = _picked([said for said in self.said if said.deleted_at is None], step.pick)
        text = f"{said.texts[0]}, {step.token} edited"
        said.texts.append(text)
        await self.ws.person(said.message.user).edit(said.message, text)

    async def _delete(self, step: Step) -> None:
        said = _picked([said for said in self.said if said.deleted_at is None], step.pick)
        said.deleted_at = self.ws.clock.now()
        await self.ws.person(said.message.user).delete(said.message)

    async def _pushpin(self, step: Step) -> None:
        said = _picked([said for said in self.said if said.deleted_at is None], step.pick)
        await self.ws.person(step.who).join(said.channel)
        await self.ws.person(step.who).react(said.message, "pushpin")

    # — verbs

    async def _declare(self, step: Step) -> None:
        severity = ("sev1", "sev2", "sev3")[int(step.pick * 3)]
        await self._command(step, f"{severity} Case {step.token} is broken", None)

    async def _declare_form(self, step: Step) -> None:
        person = self.ws.person(step.who)
        await person.command("#general", f"/incident declare Case {step.token} is broken")
        view = person.view
        if view.callback_id == "declare":
            severity = ("sev1", "sev2", "sev3")[int(step.pick * 3)]
            await person.fill(view, {"Severity": severity})
            await self._submit(step, None)

    async def begin(self, step: Step) -> None:
        """Somebody declares, and tries again until it is acknowledged: there is an incident before the night begins."""
        for attempt in range(20):
            await self._declare(replace(step, token=f"{step.token}-{attempt}"))
            if self.acts[-1].outcome == ACCEPTED:
                return

    async def _note(self, step: Step) -> None:
        await self._command(step, f"note {step.token} noted")

    async def _update(self, step: Step) -> None:
        await self._command(step, f"update {step.token} updated")

    async def _ack(self, step: Step) -> None:
        await self._command(step, "ack")

    async def _severity(self, step: Step) -> None:
        await self._command(step, f"severity {('sev1', 'sev2', 'sev3')[int(step.pick * 97 % 3)]} {step.token} worse")

    async def _status(self, step: Step) -> None:
        status = ("investigating", "identified", "mitigating", "monitoring")[int(step.pick * 97 % 4)]
        await self._command(step, f"status {status} {step.token} moved")

    async def _role(self, step: Step) -> None:
        await self._command(step, f"role {('commander', 'scribe')[int(step.pick * 97 % 2)]} @{step.who}")

    async def _snooze(self, step: Step) -> None:
        await self._command(step, "snooze 30s")

    async def _next(self, step: Step) -> None:
        await self._command(step, f"next {5 + int(step.pick * 97 % 40)}s")

    async def _escalate(self, step: Step) -> None:
        await self._command(step, f"escalate {step.token} more people")

    async def _resolve(self, step: Step) -> None:
        await self._command(step, f"resolve {step.token} rolled back")

    async def _close(self, step: Step) -> None:
        await self._command(step, "close")

    async def _reopen(self, step: Step) -> None:
        await self._command(step, f"reopen {step.token} is back")

    async def _join(self, step: Step) -> None:
        await self._command(step, "join")

    async def _invite(self, step: Step) -> None:
        await self._command(step, "invite @noor")

    async def _mention(self, step: Step) -> None:
        channel = await self._channel(step)
        text = f"@tocsin note {step.token} mentioned"
        message = await self.ws.person(step.who).say(channel.id, text)
        self.said.append(Said(message, channel.id, [message.text]))
        self.acts.append(Act("mention", self.ws.user(step.who).id, step.token, number_of(channel), UNKNOWN))

    async def _command(self, step: Step, words: str, number: int | None = -1, *, again: bool = False) -> None:
        """In the incident's channel, or from elsewhere naming it."""
        where = "#general"
        if number is not None and not again:
            channel = _picked(self.channels(), step.pick)
            number = number_of(channel)
            if step.pick * 1000 % 1 < 0.5:
                await self.ws.person(step.who).join(channel.id)
                where = channel.id
            words += f" --in INC-{number}"
        reply = await self.ws.person(step.who).command(where, f"/incident {words}")
        self.acts.append(Act(step.what, self.ws.user(step.who).id, step.token, number, _answered(reply), reply.text))
        if not reply.ok and not again:  # people try again, and say which time it is
            await asyncio.sleep(0.4)
            words = words.replace(step.token, f"{step.token}b")
            await self._command(replace(step, token=f"{step.token}b"), words, number, again=True)

    # — forms

    async def _update_form(self, step: Step) -> None:
        await self._form(step, "update", "update", {"What changed?": f"{step.token} changed"})

    async def _resolve_form(self, step: Step) -> None:
        channel = await self._channel(step)
        person = self.ws.person(step.who)
        await person.press(self.ws.pinned(channel.id)[0], "Resolve")
        if person.view.callback_id == "resolve":
            await person.fill(person.view, {"What fixed it?": f"{step.token} fixed"})
            await self._submit(step, number_of(channel))

    async def _form(self, step: Step, words: str, callback: str, values: dict[str, Any]) -> None:
        channel = await self._channel(step)
        person = self.ws.person(step.who)
        await person.command(channel.id, f"/incident {words}")
        if person.view.callback_id == callback:
            await person.fill(person.view, values)
            await self._submit(step, number_of(channel))

    async def _submit(self, step: Step, number: int | None) -> None:
        """A person tries again what the form says was not recorded."""
        person = self.ws.person(step.who)
        reply = await person.submit()
        outcome = _submitted(reply)
        self.acts.append(
            Act(step.what, self.ws.user(step.who).id, step.token, number, outcome, f"{reply.error} {reply.errors}")
        )
        while self.ws.modals.stack(person.id):
            await person.close()

    # — buttons

    async def _press_card(self, step: Step) -> None:
        channel = await self._channel(step)
        await self._press(step, self.ws.pinned(channel.id)[0], ("Acknowledge", "Escalate"))

    async def _press_announcement(self, step: Step) -> None:
        found = [m for m in self.ws.bot_messages("incidents", threads=False) if m.blocks]
        await self.ws.person(step.who).join("incidents")
        await self._press(step, _picked(found, step.pick), ("Join", "Acknowledge"))

    async def _press_page(self, step: Step) -> None:
        ims = [c for c in self.ws.state.channels.values() if c.is_im and self.ws.bot.id in c.members]
        found = [m for c in ims for m in self.ws.bot_messages(c.id) if has_block(m, "page")]
        message = _picked(found, step.pick)
        whose = next(m for m in self.ws.state.channels[message.channel].members if m != self.ws.bot.id)
        await self._press(step, message, ("I'm on it", "Can't"), whose)

    async def _press_nudge(self, step: Step) -> None:
        channel = await self._channel(step)
        found = [m for m in self.ws.bot_messages(channel.id) if has_block(m, "nudge")]
        await self._press(step, _picked(found, step.pick), ("Snooze 15m", "Snooze 1h"))

    async def _press_answer(self, step: Step) -> None:
        """Whatever stands in what only this person sees."""
        found: list[tuple[Ephemeral, str]] = [
            (shown, element["text"]["text"])
            for shown in self.ws.ephemerals(step.who)
            for block in shown.blocks or []
            for element in block.get("elements", [])
            if element.get("type") == "button" and element["text"]["text"] in _ANSWERS
        ]
        shown, label = _picked(found, step.pick)
        await self._press(step, shown, (label,))

    async def _press(
        self, step: Step, shown: Message | Ephemeral, labels: tuple[str, ...], whose: str | None = None
    ) -> None:
        label = labels[int(step.pick * 97 % len(labels))]
        who = whose or step.who
        reply = await self.ws.person(who).press(shown, label)
        channel = self.ws.state.channels[shown.channel]
        outcome = ACCEPTED if reply.ok else UNKNOWN
        self.pressed.append(Act(label, self.ws.user(who).id, step.token, number_of(channel), outcome))


_ANSWERS = {"Lead", "I'm responding", "Just watching"}


def number_of(channel: Channel) -> int | None:
    found = re.match(r"inc-(\d+)-", channel.name)
    return int(found.group(1)) if found else None


def has_block(message: Message, block_id: str) -> bool:
    return any(block.get("block_id") == block_id for block in message.blocks or [])


def _picked(things: list[Any], pick: float) -> Any:
    if not things:
        raise LookupError("nothing is there yet")
    return things[int(pick * len(things))]


def _answered(reply: Reply) -> str:
    if not reply.ok or NOT_RECORDED in reply.text:
        return UNKNOWN
    if not reply.text:  # it says nothing twice: an earlier delivery of the same was recorded
        return ACCEPTED
    return ACCEPTED if SUCCESS.search(reply.text) and "This works:" not in reply.text else REFUSED


def _submitted(reply: Reply) -> str:
    if reply.ok:
        return REFUSED if isinstance(reply.answer, dict) and reply.answer.get("response_action") else ACCEPTED
    return UNKNOWN
