"""Plays teammates in the demo, who chat and acknowledge late or never, so that reminders and pages appear."""

from __future__ import annotations

import asyncio
import itertools
import random

from sandbox.errors import NotVisible, SlackError
from sandbox.model import Channel, Message
from sandbox.workspace import Workspace

LINES = (
    "looking at the dashboards now",
    "error rate went up right after the last deploy",
    "database looks fine, connections are normal",
    "I see time-outs from the payment provider",
    "shall we roll back?",
    "rolling back, two minutes",
    "customers report that it works again",
)
LATE_S = 25.0
CHAT_S = (6.0, 14.0)


class ScriptedUsers:
    """`tom` acknowledges his page late, `priya` never does; both chat in incident channels. `speed` shortens delays."""

    def __init__(self, ws: Workspace, speed: float = 1.0) -> None:
        self._ws = ws
        self._pace = min(speed, 10.0)
        self._dice = random.Random(7)  # noqa: S311 - for chatter

    async def play(self) -> None:
        """Take part in every incident channel, until cancelled."""
        joined: set[str] = set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for channel in list(self._ws.state.channels.values()):
                    if channel.name.startswith("inc-") and channel.id not in joined:
                        joined.add(channel.id)
                        tasks.create_task(self._take_part(channel))
                await asyncio.sleep(0.5)

    async def _take_part(self, channel: Channel) -> None:
        await asyncio.sleep(LATE_S / self._pace)
        await self._answer_page()
        for line in itertools.islice(itertools.cycle(LINES), 30):
            await asyncio.sleep(self._dice.uniform(*CHAT_S) / self._pace)
            if channel.is_archived:
                return
            await self._say(channel, line)

    async def _answer_page(self) -> None:
        tom = self._ws.person("tom")
        for direct in [c for c in self._ws.state.channels.values() if c.is_im and tom.id in c.members]:
            for page in reversed(self._ws.bot_messages(direct.id)):
                if await self._press(page):
                    return

    async def _press(self, page: Message) -> bool:
        try:
            await self._ws.person("tom").press(page, "I'm on it")
        except (NotVisible, SlackError):
            return False
        return True

    async def _say(self, channel: Channel, line: str) -> None:
        speaker = self._ws.person(self._dice.choice(("tom", "priya")))
        try:
            await speaker.join(channel.id)
            await speaker.say(channel.id, line)
        except (NotVisible, SlackError):
            return
