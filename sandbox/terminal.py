"""A workspace driven by typed lines: from a prompt, or from a script whose lines are shown with what they did."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from sandbox.errors import NoSuchThing, SlackError
from sandbox.model import Ephemeral, Message
from sandbox.person import Person
from sandbox.text import message_lines, view_text
from sandbox.workspace import Workspace

HELP = """\
/incident declare sev2 Checkout is down   type a command
hello everybody                           say something
as tom                                    be somebody else
in #general        in INC-1               go to a channel
press Acknowledge                         press a button of the newest message that has it
fill Title="Checkout is down" Severity=sev2    fill in the open form; then: submit, or close
show       show #incidents                see a channel as text
wait 5                                    let so many seconds pass
quit
"""
SETTLE_S = 0.6
REFUSALS = {
    "not_in_channel": "You are not in this channel yet. Go in: `in general`, then /incident join --in INC-1",
    "is_archived": "This channel is archived: nobody can write in it.",
}


class Terminal:
    """Who I am, where I am, and what each line does. `say` prints."""

    def __init__(self, ws: Workspace, say: Callable[[str], None], who: str = "maya", where: str = "general") -> None:
        self._ws = ws
        self._say = say
        self.who = who
        self.where = where
        self._form: tuple[str, str] | None = None  # the form as it was last shown

    @property
    def prompt(self) -> str:
        return f"{self.who} #{self._ws.channel(self.where).name}> "

    @property
    def _me(self) -> Person:
        return self._ws.person(self.who)

    async def run(self, lines: AsyncIterator[str], *, echo: bool) -> None:
        """Until `quit` or the end of the lines. A line that cannot be carried out says why and changes nothing."""
        async for line in lines:
            line = line.strip()
            if not line or line.startswith("#!") or line.startswith("# "):
                continue
            if line in ("quit", "exit"):
                return
            if echo:
                self._say(f"\n{self.prompt}{line}")
            try:
                await self._line(line)
            except SlackError as error:
                self._say(f"  ! {REFUSALS.get(error.error, error.error)}")
            except (NoSuchThing, LookupError, ValueError, TimeoutError) as error:
                self._say(f"  ! {error or 'it did not happen in time'}")

    async def _line(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        act = {
            "as": self._be,
            "in": self._go,
            "press": self._press,
            "fill": self._fill,
            "submit": self._submit,
            "close": self._close,
            "show": self._show,
            "wait": self._wait,
            "help": self._help,
        }.get(word)
        if act is not None:
            await act(rest.strip())
        elif line.startswith("/"):
            before = set(map(id, self._me.ephemerals()))
            reply = await self._me.command(self.where, line)
            if reply.error:
                self._say(f"  ! {reply.text or reply.error}")
            await self._settle()
            self._private(before)
        else:
            await self._me.say(self.where, line)
            await self._settle()

    async def _be(self, name: str) -> None:
        self.who = self._ws.user(name).name

    async def _go(self, name: str) -> None:
        if match := re.fullmatch(r"(?i)inc-(\d+)", name):
            found = self._ws.find_channel(f"inc-{match[1]}-") or self._ws.find_channel(f"inc-{match[1]}")
            if found is None:
                raise LookupError(f"there is no channel of {name} yet")
            name = found.id
        self.where = self._ws.channel(name).id

    async def _press(self, label: str) -> None:
        before = set(map(id, self._me.ephemerals()))
        shown = self._newest_with(label)
        reply = await self._me.press(shown, label)
        if reply.error:
            self._say(f"  ! {reply.error}")
        await self._settle()
        self._private(before)

    def _newest_with(self, label: str) -> Message | Ephemeral:
        where = self._ws.channel(self.where).id
        direct = [c.id for c in self._ws.state.channels.values() if c.is_im and self._me.id in c.members]
        seen: list[Message | Ephemeral] = [*self._me.ephemerals(where)]
        for channel in (where, *direct):
            seen += self._ws.messages(channel, threads=True)
        for shown in sorted(seen, key=lambda message: message.ts, reverse=True):
            if f'"text": "{label}"' in str(shown.blocks).replace("'", '"'):
                return shown
        raise LookupError(f"no message here has a button {label!r}")

    async def _fill(self, rest: str) -> None:
        values = dict(part.split("=", 1) for part in shlex.split(rest) if "=" in part)
        if not values:
            raise ValueError('write it so: fill Title="Checkout is down" Severity=sev2')
        await self._me.fill(self._me.view, values)

    async def _submit(self, rest: str) -> None:
        reply = await self._me.submit()
        for block, wrong in reply.errors.items():
            self._say(f"  ! {block}: {wrong}")
        if reply.error:
            self._say(f"  ! {reply.error}")
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
        """Whoever types sees what came of it at once."""
        await self._ws.settled()
        await asyncio.sleep(SETTLE_S)

    def _private(self, before: set[int]) -> None:
        """What only this person sees of it: answers, and a form that opened."""
        for shown in self._me.ephemerals():
            if id(shown) not in before:
                self._say("\n".join(f"  {line}" for line in message_lines(self._ws.state, shown)))
        for view in self._me.open_views()[-1:]:
            form = (view.id, view_text(self._ws.state, view))
            if form != self._form:
                self._say(form[1])
            self._form = form


async def script_lines(path: Path) -> AsyncIterator[str]:
    for line in (await asyncio.to_thread(path.read_text, "utf-8")).splitlines():
        yield line


async def typed_lines(prompt: Callable[[], str]) -> AsyncIterator[str]:
    """What a person types, until end of input."""
    while True:
        try:
            yield await asyncio.to_thread(input, prompt())
        except (EOFError, KeyboardInterrupt):
            return
