"""The bot as a child process: started, killed, started again. The sandbox knows of it no more than its command line."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.settings import Settings

STOP_WITHIN_S = 12.0
OWN_SETTINGS = ("SLACK_", "TOCSIN_", "DATABASE_")  # a real workspace's must not reach the demo
KEPT = ("TOCSIN_PLAYBOOKS",)


@dataclass
class BotProcess:
    """`command` runs the bot; `env` tells it where its Slack is. Its output goes to `log`."""

    command: list[str]
    env: dict[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        if self.running:
            return
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=self.env, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL
            )

    async def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None and self.running:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """Politely; not for ever."""
        if self.process is None or not self.running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            await self.kill()

    def last_words(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def bot_of(
    settings: Settings, api_url: str, folder: Path, *, policy: Path | None, speed: float, port: int
) -> BotProcess:
    """The bot of this installation, on a SQLite file in `folder`, over Socket Mode. Of the settings around it only
    the folder of own playbooks is taken, so that they can be tried."""
    env = {
        **{name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(OWN_SETTINGS)},
        "SLACK_BOT_TOKEN": settings.bot_token,
        "SLACK_APP_TOKEN": settings.app_token,
        "SLACK_API_URL": api_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'tocsin.db'}",
        "TOCSIN_SPEED": str(speed),
        "PORT": str(port),
        "LOG_FORMAT": "json",
        "TOCSIN_DEMO": "1",
    }
    if policy is not None:
        env["TOCSIN_POLICY"] = str(policy)
    return BotProcess([sys.executable, "-m", "bot", "serve"], env, folder / "bot.log")
