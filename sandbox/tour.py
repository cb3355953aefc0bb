"""Plays the demo's tour: an incident from its alert to its review, typed and explained line by line."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox.bot_process import BotProcess
from sandbox.demo_alerts import BY_NAME, DemoAlerts
from sandbox.model import Message
from sandbox.terminal import Terminal, script_lines
from sandbox.workspace import Workspace

SCRIPT = Path(__file__).resolve().parent / "tour.txt"
READ_S = 2.5  # a caption is shown for so long, and longer by its length
LETTERS_A_SECOND = 22
COMES_WITHIN_S = 120.0  # on a busy machine
ANSWERED_WITHIN_S = 60.0
TYPED_S = 2.0  # a line of the command line is shown for so long before it runs
PAGE = "You are paged"  # so begins the text of a page


class Tour:
    """A script of the terminal's lines with more words. `pace` 1 lets people read, 0 does not wait.

    - `tell WORDS` explains what happens, in the terminal and at the top of the workspace's page, which shows what the
      person who types sees.
    - `fire SAMPLE` sends an alert; `slack down` and `slack back` take Slack away.
    - `tocsin …` runs the command line, where `--as me` is the person who types. The page shows the line.
    - `as paged` acts as the person whom the newest page went to.
    - `until WORDS` waits until a channel's name or one of the newest messages here has the words.
    """

    def __init__(
        self, ws: Workspace, bot: BotProcess, alerts: DemoAlerts, say: Callable[[str], None], pace: float = 1.0
    ) -> None:
        self._ws = ws
        self._bot = bot
        self._alerts = alerts
        self._say = say
        self._pace = pace
        self._caption = ""
        self._terminal = Terminal(ws, say)
        self._terminal.commands |= {
            "as": self._be,
            "tell": self._tell,
            "fire": self._fire,
            "slack": self._slack,
            "tocsin": self._tocsin,
            "until": self._until,
        }

    async def play(self, script: Path = SCRIPT) -> list[str]:
        """Play the script. Returns the lines that failed, each with why."""
        await self._terminal.run(script_lines(script), echo=True)
        self._show("")
        return self._terminal.problems

    async def _be(self, name: str) -> None:
        if name == "paged":
            await self._ws.until(self._pages, COMES_WITHIN_S)
            newest = max(self._pages(), key=lambda message: message.ts)
            people = [self._ws.user(member) for member in self._ws.channel(newest.channel).members]
            name = next(user.name for user in people if not user.is_bot)
        self._terminal.who = self._ws.user(name).name

    def _pages(self) -> list[Message]:
        direct = [channel for channel in self._ws.state.channels.values() if channel.is_im]
        return [message for channel in direct for message in self._ws.bot_messages(channel.id) if PAGE in message.text]

    async def _tell(self, words: str) -> None:
        self._caption = words
        self._show(words)
        await asyncio.sleep(self._pace * (READ_S + len(words) / LETTERS_A_SECOND))

    def _show(self, words: str, typed: str = "") -> None:
        """Show a caption at the top of the page, and below it a typed line.

        The page goes to the conversation that the tour is in, as the person who types.
        """
        who, channel = self._ws.user(self._terminal.who), self._ws.channel(self._terminal.where)
        self._ws.journal.change("tour", {"text": words, "typed": typed, "channel": channel.id, "who": who.id})

    async def _fire(self, name: str) -> None:
        await self._alerts.fire(BY_NAME[name])

    async def _slack(self, word: str) -> None:
        if word == "down":
            await self._ws.go_down()
            return
        await self._ws.come_back()
        await self._ws.until(lambda: self._ws.sockets.connections, COMES_WITHIN_S)  # the bot connects again by itself

    async def _tocsin(self, words: str) -> None:
        """Run `tocsin` with these arguments on the demo's database."""
        self._show(self._caption, f"tocsin {words.removesuffix(' --as me')}")
        await asyncio.sleep(self._pace * TYPED_S)  # people read the line before it runs
        arguments = shlex.split(words)
        if arguments[-2:] == ["--as", "me"]:
            arguments[-1] = self._ws.user(self._terminal.who).id
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, env=self._bot.env,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            output, _ = await program.communicate()
        text = output.decode(errors="replace").rstrip()
        if program.returncode:
            raise ValueError(text)
        self._say("\n".join(f"  {line}" for line in text.splitlines()))

    async def _until(self, words: str) -> None:
        await self._ws.until(lambda: self._has_appeared(words), COMES_WITHIN_S)

    def _has_appeared(self, words: str) -> bool:
        channel = self._ws.find_channel(words)
        if channel is not None:
            return bool(self._ws.pinned(channel.id))
        newest = self._ws.messages(self._terminal.where, threads=True)[-3:]
        return any(words in f"{message.text} {message.blocks}" for message in newest)
