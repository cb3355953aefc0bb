"""Actions of people and the answers they get; the oracle compares both with the database."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox import Channel, Ephemeral, Message, NotVisible, Reply, SlackError, Workspace
from tests.torture.acts import ACCEPTED, REFUSED, UNKNOWN, Act, pick
from tests.torture.afterwards import Afterwards
from tests.torture.schedule import Step

NOT_RECORDED = "not recorded"
SUCCESS = re.compile(
    r"is declared|Noted on the timeline|Update #\d+ of|is now |is resolved\.|is closed\.|is open again|Reminders for|"
    r"is promised in|is paged|Paged now|could be paged|Everybody on the ladder is responding|You are responding|"
    r"first to acknowledge|You acknowledged|"
    r"Are you responding|: <@|nobody now|You're in|is being opened|Inviting|\*AI-\d+-\d+\*"
)
ESCALATE_AGAIN = re.compile(r"Page rung \d+ as well: .*\?")  # somebody escalated just before: the bot asks first
# The kind of timeline entry that an act creates.
ENTRY_KINDS = {
    "note": "note", "update": "update", "update_form": "update", "status": "status", "severity": "severity",
    "escalate": "escalated", "resolve": "resolved", "resolve_form": "resolved", "reopen": "reopened",
    "mention": "note", "action": "action", "action_form": "action", "action_shortcut": "action",
    "action_not_doing": "action",
}  # fmt: skip


@dataclass(slots=True)
class SentMessage:
    """A message of a person in an incident channel, with its later texts and its deletion."""

    message: Message
    channel: str
    texts: list[str]
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """A person whom somebody removed from a private incident's channel."""

    channel: str
    user: str
    at: float


@dataclass(slots=True)
class People:
    """All people, and everything they did."""

    ws: Workspace
    acts: list[Act] = field(default_factory=list)
    messages: list[SentMessage] = field(default_factory=list)
    pressed: list[Act] = field(default_factory=list)
    settled: list[Act] = field(default_factory=list)  # presses of Done; the token is the item's ID
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # the bot's
    archived: int = 0  # channels that somebody archived
    kicked: list[str] = field(default_factory=list)  # channels from which somebody removed the bot
    outages: int = 0  # of the token
    erased: set[str] = field(default_factory=set)  # the keys of the bot's messages that somebody deleted
    removals: list[Removal] = field(default_factory=list)
    acted_unknown: set[int | None] = field(default_factory=set)  # of guests before Slack told who they are
    answers_outside: list[Act] = field(default_factory=list)  # what guests and removed people were answered
    form_locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    afterwards: Afterwards = field(init=False)

    def __post_init__(self) -> None:
        self.afterwards = Afterwards(self)

    async def do(self, step: Step) -> None:
        """Do one step. Skip it if its object does not exist yet, or if Slack does not allow it."""
        act = self._act(step)
        try:
            if step.what.endswith("_form"):
                async with self.form_locks[step.who]:  # a person fills in one form at a time
                    await act(step)
            else:
                await act(step)
        except (SlackError, NotVisible, LookupError):
            return

    def _act(self, step: Step) -> Callable[[Step], Awaitable[None]]:
        act: Callable[[Step], Awaitable[None]] = getattr(self, f"_{step.what}", None) or getattr(
            self.afterwards, step.what
        )
        return act

    # — where

    def channels(self) -> list[Channel]:
        return [channel for channel in self.ws.state.channels.values() if number_of(channel) is not None]

    async def channel(self, step: Step) -> Channel:
        """Pick an incident channel, and join it if needed."""
        channel: Channel = pick(self.channels(), step.pick)
        await self.ws.person(step.who).join(channel.id)
        return channel

    # — messages

    async def _say(self, step: Step) -> None:
        await self.said(step, await self.channel(step), f"{step.token} said")

    async def said(self, step: Step, channel: Channel, text: str) -> Message:
        message = await self.ws.person(step.who).say(channel.id, text)
        self.messages.append(SentMessage(message, channel.id, [text]))
        return message

    async def _chat(self, step: Step) -> None:
        """Several messages in a row."""
        channel = await self.channel(step)
        for number in range(4):
            text = f"{step.token} line {number}"
            self.messages.append(SentMessage(await self.ws.person(step.who).say(channel.id, text), channel.id, [text]))

    async def _reply(self, step: Step) -> None:
        to = pick([m for m in self.messages if m.deleted_at is None], step.pick)
        await self.ws.person(step.who).join(to.channel)
        text = f"{step.token} replied"
        message = await self.ws.person(step.who).reply(to.message, text, broadcast=step.pick * 7 % 1 < 0.3)
        self.messages.append(SentMessage(message, to.channel, [text]))

    async def _edit(self, step: Step) -> None:
        sent = pick(self._editable(), step.pick)
        text = f"{sent.texts[0]}, {step.token} edited"
        sent.texts.append(text)
        await self.ws.person(sent.message.user).edit(sent.message, text)

    async def _delete(self, step: Step) -> None:
        sent = pick(self._editable(), step.pick)
        sent.deleted_at = self.ws.clock.now()
        await self.ws.person(sent.message.user).delete(sent.message)

    def _editable(self) -> list[SentMessage]:
        standing = [sent for sent in self.messages if sent.deleted_at is None]
        return [sent for sent in standing if not self.ws.state.channels[sent.channel].is_archived]

    async def _pushpin(self, step: Step) -> None:
        sent = pick(self._editable(), step.pick)
        await self.ws.person(step.who).join(sent.channel)
        await self.ws.person(step.who).react(sent.message, "pushpin")

    # — verbs

    async def _declare(self, step: Step) -> None:
        severity = ("sev1", "sev2", "sev3")[int(step.pick * 3)]
        await self.command(step, f"{severity} Case {step.token} is broken", None)

    async def _declare_private(self, step: Step) -> None:
        severity = ("sev1", "sev2", "sev3")[int(step.pick * 3)]
        await self.command(step, f"declare --private {severity} Case {step.token} is broken", None)

    async def _declare_form(self, step: Step) -> None:
        person = self.ws.person(step.who)
        await person.command("#general", f"/incident declare Case {step.token} is broken")
        view = person.view
        if view.callback_id == "declare":
            severity = ("sev1", "sev2", "sev3")[int(step.pick * 3)]
            await person.fill(view, {"Severity": severity})
            await self.submit(step, None)

    async def begin(self, step: Step) -> None:
        """Do it until it is acknowledged: there is an incident, say, before the night begins."""
        act = self._act(step)
        for attempt in range(20):
            await act(replace(step, token=f"{step.token}-{attempt}"))
            if self.acts[-1].outcome == ACCEPTED:
                return

    async def _note(self, step: Step) -> None:
        await self.command(step, f"note {step.token} noted")

    async def _update(self, step: Step) -> None:
        await self.command(step, f"update {step.token} updated")

    async def _ack(self, step: Step) -> None:
        await self.command(step, "ack")

    async def _severity(self, step: Step) -> None:
        await self.command(step, f"severity {('sev1', 'sev2', 'sev3')[int(step.pick * 97 % 3)]} {step.token} worse")

    async def _status(self, step: Step) -> None:
        status = ("investigating", "identified", "mitigating", "monitoring")[int(step.pick * 97 % 4)]
        await self.command(step, f"status {status} {step.token} moved")

    async def _role(self, step: Step) -> None:
        await self.command(step, f"role {('commander', 'scribe')[int(step.pick * 97 % 2)]} @{step.who}")

    async def _snooze(self, step: Step) -> None:
        await self.command(step, "snooze 30s")

    async def _next(self, step: Step) -> None:
        await self.command(step, f"next {5 + int(step.pick * 97 % 40)}s")

    async def _escalate(self, step: Step) -> None:
        await self.command(step, f"escalate {step.token} more people")

    async def _resolve(self, step: Step) -> None:
        await self.command(step, f"resolve {step.token} rolled back")

    async def _close(self, step: Step) -> None:
        await self.command(step, "close")

    async def _reopen(self, step: Step) -> None:
        await self.command(step, f"reopen {step.token} is back")

    async def _join(self, step: Step) -> None:
        await self.command(step, "join")

    async def _invite(self, step: Step) -> None:
        await self.command(step, "invite @noor")

    async def _mention(self, step: Step) -> None:
        channel = await self.channel(step)
        text = f"@tocsin note {step.token} mentioned"
        message = await self.ws.person(step.who).say(channel.id, text)
        self.messages.append(SentMessage(message, channel.id, [message.text]))
        self.acts.append(Act("mention", self.ws.user(step.who).id, step.token, number_of(channel), UNKNOWN))

    async def command(self, step: Step, words: str, number: int | None = -1, *, again: bool = False) -> None:
        """Type a command in the incident's channel, or elsewhere with `--in`."""
        where = "#general"
        if number is not None and not again:
            channel = pick(self.channels(), step.pick)
            number = number_of(channel)
            if step.pick * 1000 % 1 < 0.5:
                await self.ws.person(step.who).join(channel.id)
                where = channel.id
            words += f" --in INC-{number}"
        reply = await self.ws.person(step.who).command(where, f"/incident {words}")
        self.acts.append(
            Act(step.what, self.ws.user(step.who).id, step.token, number, _command_outcome(reply), reply.text)
        )
        if not reply.ok and not again:  # people try again, with a new token
            await asyncio.sleep(0.4)
            words = words.replace(step.token, f"{step.token}b")
            await self.command(replace(step, token=f"{step.token}b"), words, number, again=True)

    # — forms

    async def _update_form(self, step: Step) -> None:
        await self.form(step, "update", "update", {"What changed?": f"{step.token} changed"})

    async def _resolve_form(self, step: Step) -> None:
        channel = await self.channel(step)
        person = self.ws.person(step.who)
        await person.press(self.ws.pinned(channel.id)[0], "Resolve")
        if person.view.callback_id == "resolve":
            await person.fill(person.view, {"What fixed it?": f"{step.token} fixed"})
            await self.submit(step, number_of(channel))

    async def form(self, step: Step, words: str, callback: str, values: dict[str, Any]) -> None:
        channel = await self.channel(step)
        person = self.ws.person(step.who)
        await person.command(channel.id, f"/incident {words}")
        if person.view.callback_id == callback:
            await person.fill(person.view, values)
            await self.submit(step, number_of(channel))

    async def submit(self, step: Step, number: int | None, who: str | None = None) -> None:
        """Submit the open form, and record the outcome."""
        person = self.ws.person(who or step.who)
        reply = await person.submit()
        outcome = _form_outcome(reply)
        self.acts.append(Act(step.what, person.id, step.token, number, outcome, f"{reply.error} {reply.errors}"))
        while self.ws.modals.stack(person.id):
            await person.close()

    # — buttons

    async def _press_card(self, step: Step) -> None:
        channel = await self.channel(step)
        await self._press(step, self.ws.pinned(channel.id)[0], ("Acknowledge", "Escalate"))

    async def _press_announcement(self, step: Step) -> None:
        messages = [m for m in self.ws.bot_messages("incidents", threads=False) if m.blocks]
        await self.ws.person(step.who).join("incidents")
        await self._press(step, pick(messages, step.pick), ("Join", "Acknowledge"))

    async def _press_page(self, step: Step) -> None:
        ims = [c for c in self.ws.state.channels.values() if c.is_im and self.ws.bot.id in c.members]
        messages = [m for c in ims for m in self.ws.bot_messages(c.id) if has_block(m, "page")]
        message = pick(messages, step.pick)
        owner = next(m for m in self.ws.state.channels[message.channel].members if m != self.ws.bot.id)
        await self._press(step, message, ("I'm on it", "Can't"), owner)

    async def _press_nudge(self, step: Step) -> None:
        channel = await self.channel(step)
        messages = [m for m in self.ws.bot_messages(channel.id) if has_block(m, "nudge")]
        await self._press(step, pick(messages, step.pick), ("Snooze 15m", "Snooze 1h"))

    async def _press_answer(self, step: Step) -> None:
        """Press a button of an ephemeral message."""
        buttons: list[tuple[Ephemeral, str]] = [
            (ephemeral, element["text"]["text"])
            for ephemeral in self.ws.ephemerals(step.who)
            for block in ephemeral.blocks or []
            for element in block.get("elements", [])
            if element.get("type") == "button" and element["text"]["text"] in _ANSWER_BUTTONS
        ]
        ephemeral, label = pick(buttons, step.pick)
        await self._press(step, ephemeral, (label,))

    async def _press(
        self, step: Step, message: Message | Ephemeral, labels: tuple[str, ...], owner: str | None = None
    ) -> None:
        label = labels[int(step.pick * 97 % len(labels))]
        who = owner or step.who
        reply = await self.ws.person(who).press(message, label)
        channel = self.ws.state.channels[message.channel]
        outcome = ACCEPTED if reply.ok else UNKNOWN
        self.pressed.append(Act(label, self.ws.user(who).id, step.token, number_of(channel), outcome))


_ANSWER_BUTTONS = {"Lead", "Page them", "Acknowledge"}


def number_of(channel: Channel) -> int | None:
    match = re.match(r"inc-(\d+)-", channel.name)
    return int(match.group(1)) if match else None


def has_block(message: Message, block_id: str) -> bool:
    return any(str(block.get("block_id")).partition("@")[0] == block_id for block in message.blocks or [])


def metadata_key(message: Message) -> str:
    """The key of a message of the bot's; empty if it has none."""
    return str((message.metadata or {}).get("event_payload", {}).get("key", ""))


def _command_outcome(reply: Reply) -> str:
    if not reply.ok or NOT_RECORDED in reply.text:
        return UNKNOWN
    if not reply.text:  # the answer to a repeated command: the first delivery was taken or refused, and its answer lost
        return UNKNOWN
    asked = ESCALATE_AGAIN.search(reply.text) or "This works:" in reply.text
    return ACCEPTED if SUCCESS.search(reply.text) and not asked else REFUSED


def _form_outcome(reply: Reply) -> str:
    if reply.ok:
        return REFUSED if isinstance(reply.answer, dict) and reply.answer.get("response_action") else ACCEPTED
    return UNKNOWN
