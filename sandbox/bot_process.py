"""Starts, kills and restarts the bot as a child process of the demo.

The sandbox does not import the bot: it knows only its command line and environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.settings import Settings

STOP_WITHIN_S = 12.0
BOT_SETTINGS = ("SLACK_", "TOCSIN_", "DATABASE_")  # those of a real workspace must not reach the demo
PASSED_ON = ("TOCSIN_PLAYBOOKS",)


@dataclass
class BotProcess:
    """A bot that can be started, killed and started again. Its output is appended to the file `log`."""

    command: list[str]
    env: dict[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start the process; does nothing if it runs already."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=self.env, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL
            )

    async def kill(self) -> None:
        """Kill the process with SIGKILL, as a power cut would."""
        if self.process is not None and self.running:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """Ask the process to stop, and kill it if it takes too long."""
        if self.process is None or not self.running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            await self.kill()

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def demo_bot(
    settings: Settings, api_url: str, folder: Path, *, policy: Path | None, speed: float, port: int
) -> BotProcess:
    """Return the bot of this installation, on a SQLite file in `folder`, connected by Socket Mode.

    Of the bot's settings in this environment only `TOCSIN_PLAYBOOKS` is passed on, so that own playbooks can be tried.
    """
    env = {
        **{name: value for name, value in os.environ.items() if name in PASSED_ON or not name.startswith(BOT_SETTINGS)},
        "SLACK_BOT_TOKEN": settings.bot_token,
        "SLACK_APP_TOKEN": settings.app_token,
        "SLACK_API_URL": api_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'tocsin.db'}",
        "TOCSIN_SPEED": str(speed),
        "PORT": str(port),
        "LOG_FORMAT": "json",
        "TOCSIN_DEMO": "1",
        "TOCSIN_HOOK_TOKEN": "demo",
        "SLACK_CLIENT_ID": settings.client_id,
        "SLACK_CLIENT_SECRET": settings.client_secret,
        **({"TOCSIN_URL": f"http://127.0.0.1:{port}"} if port else {}),
    }
    if policy is not None:
        env["TOCSIN_POLICY"] = str(policy)
    return BotProcess([sys.executable, "-m", "bot", "serve"], env, folder / "bot.log")
