"""Runs lines from a prompt or a script as one person in a sandbox workspace, and prints the bot's answers."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from sandbox.errors import NotVisible, SlackError
from sandbox.model import Ephemeral, Message
from sandbox.person import Person
from sandbox.text import message_lines, view_text
from sandbox.workspace import Workspace

HELP = """\
/incident declare sev2 Checkout is down   type a command
hello everyone                            say something
as tom                                    act as another person
in #general        in INC-1               go to a channel
press Acknowledge                         press a button of the newest message that has it
fill Title="Checkout is down" Severity=sev2    fill in the open form; then: submit, or close
show       show #incidents                see a channel as text
wait 5                                    wait 5 seconds
quit
"""
SETTLE_S = 0.6  # the bot has finished when it has called nothing for so long
SETTLE_WITHIN_S = 6.0  # on a busy machine
SCRIPT_PATIENCE_S = 30.0  # a script goes on once what its next line needs is there, as a person would who looks first
RETRY_S = 0.2
REFUSALS = {
    "not_in_channel": "You are not in this channel yet. Join it first: `in general`, then /incident join --in INC-1",
    "is_archived": "This channel is archived: no one can post in it.",
}


Command = Callable[[str], Awaitable[None]]  # of the words after it


class Terminal:
    """Executes lines as one person in one channel, both of which a line can change. `say` prints."""

    def __init__(self, ws: Workspace, say: Callable[[str], None], who: str = "maya", where: str = "general") -> None:
        self._ws = ws
        self._say = say
        self.who = who
        self.where = where
        self._patience_s = 0.0
        self.problems: list[str] = []  # lines that failed, each with why
        self.commands: dict[str, Command] = {
            "as": self._be,
            "in": self._go,
            "press": self._press,
            "fill": self._fill,
            "submit": self._submit,
            "close": self._close,
            "show": self._show,
            "wait": self._wait,
            "help": self._help,
        }
        self._form: tuple[str, str] | None = None  # the view's ID and the text as last shown

    @property
    def prompt(self) -> str:
        """The prompt: person and channel."""
        return f"{self.who} #{self._ws.channel(self.where).name}> "

    @property
    def _me(self) -> Person:
        return self._ws.person(self.who)

    async def run(self, lines: AsyncIterator[str], *, echo: bool) -> None:
        """Execute lines until `quit` or their end. A line that fails prints why, and the next one is executed."""
        self._patience_s = SCRIPT_PATIENCE_S if echo else 0.0
        async for typed in lines:
            line = typed.strip()
            if not line or line.startswith("#!") or line.startswith("# "):
                continue
            if line in ("quit", "exit"):
                return
            if echo:
                caption = line.removeprefix("tell ")
                self._say(f"\n{self.prompt}{line}" if caption == line else f"\n— {caption}")
            try:
                await self._execute(line)
            except SlackError as error:
                self._refuse(line, REFUSALS.get(error.error, error.error))
            except (NotVisible, LookupError, ValueError, TimeoutError) as error:
                self._refuse(line, str(error) or "timed out")

    def _refuse(self, line: str, why: str) -> None:
        self.problems.append(f"{line}: {why}")
        self._say(f"  ! {why}")

    async def _execute(self, line: str) -> None:
        """Execute a line. A script's line is tried again while its channel or button is not there yet."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while True:
            try:
                return await self._line(line)
            except (SlackError, LookupError) as error:
                not_yet = isinstance(error, LookupError) or error.error == "not_in_channel"
                if not not_yet or loop.time() >= until:
                    raise
            await asyncio.sleep(RETRY_S)

    async def _line(self, line: str) -> None:
        word, _, arguments = line.partition(" ")
        if (command := self.commands.get(word)) is not None:
            await command(arguments.strip())
        elif line.startswith("/"):
            before = set(map(id, self._me.ephemerals()))
            reply = await self._me.command(self.where, line)
            if reply.error:
                self._refuse(line, reply.text or reply.error)
            await self._settle()
            self._show_private(before)
        else:
            await self._me.say(self.where, line)
            await self._settle()

    async def _be(self, name: str) -> None:
        self.who = self._ws.user(name).name

    async def _go(self, name: str) -> None:
        if match := re.fullmatch(r"(?i)inc-(\d+)", name):
            channel = self._ws.find_channel(f"inc-{match[1]}-") or self._ws.find_channel(f"inc-{match[1]}")
            if channel is None:
                raise LookupError(f"{name} has no channel yet")
            if self._patience_s and not self._ws.pinned(channel.id):
                raise LookupError(f"the channel of {name} is still being set up")
            name = channel.id
        self.where = self._ws.channel(name).id

    async def _press(self, label: str) -> None:
        before = set(map(id, self._me.ephemerals()))
        message = self._newest_with(label)
        reply = await self._me.press(message, label)
        if reply.error:
            self._refuse(f"press {label}", reply.error)
        await self._settle()
        self._show_private(before)

    def _newest_with(self, label: str) -> Message | Ephemeral:
        where = self._ws.channel(self.where).id
        direct = [c.id for c in self._ws.state.channels.values() if c.is_im and self._me.id in c.members]
        visible: list[Message | Ephemeral] = [*self._me.ephemerals()]  # all were printed, those of a page in a DM too
        for channel in (where, *direct):
            visible += self._ws.messages(channel, threads=True)
        for candidate in sorted(visible, key=lambda message: message.ts, reverse=True):
            if f'"text": {json.dumps(label)}' in json.dumps(candidate.blocks):
                return candidate
        raise LookupError(f"no message here has a button {label!r}")

    async def _fill(self, rest: str) -> None:
        values = dict(part.split("=", 1) for part in shlex.split(rest) if "=" in part)
        if not values:
            raise ValueError('usage: fill Title="Checkout is down" Severity=sev2')
        await self._me.fill(self._me.view, values)

    async def _submit(self, rest: str) -> None:
        reply = await self._me.submit()
        for block, problem in reply.errors.items():
            self._refuse("submit", f"{block}: {problem}")
        if reply.error:
            self._refuse("submit", reply.error)
        await self._settle()

    async def _close(self, rest: str) -> None:
        await self._me.close()

    async def _show(self, rest: str) -> None:
        self._say(self._ws.text(rest or self.where, self.who))

    async def _wait(self, rest: str) -> None:
        await asyncio.sleep(float(rest or 1))

    async def _help(self, rest: str) -> None:
        self._say(HELP)

    async def _settle(self) -> None:
        """Wait for the bot's reaction, so that its answers are shown under the line."""
        await self._ws.settled()
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_WITHIN_S
        calls = -1
        while calls != (calls := self._ws.journal.sequence) and loop.time() < until:  # noqa: ASYNC110 - until it rests
            await asyncio.sleep(SETTLE_S)

    def _show_private(self, before: set[int]) -> None:
        """Print the ephemeral messages that are not in `before`, and a form that opened or changed."""
        for ephemeral in self._me.ephemerals():
            if id(ephemeral) not in before:
                self._say("\n".join(f"  {line}" for line in message_lines(self._ws.state, ephemeral)))
        for view in self._me.open_views()[-1:]:
            form = (view.id, view_text(self._ws.state, view))
            if form != self._form:
                self._say(form[1])
            self._form = form


async def script_lines(path: Path) -> AsyncIterator[str]:
    """Iterate over the lines of a script file."""
    for line in (await asyncio.to_thread(path.read_text, "utf-8")).splitlines():
        yield line


async def typed_lines(prompt: Callable[[], str]) -> AsyncIterator[str]:
    """Iterate over the lines typed at the terminal, until end of input."""
    while True:
        try:
            yield await asyncio.to_thread(input, prompt())
        except (EOFError, KeyboardInterrupt):
            return
