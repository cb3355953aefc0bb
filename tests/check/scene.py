"""An installation that is set up well, and one thing about it that a test sets wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sandbox
from bot.check.run import run
from bot.settings import Settings
from sandbox import Workspace
from storage.open import open_database
from tests.databases import PostgreSQL
from tests.scenarios.running import MANIFEST

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {priya: {name: Priya, slack: priya@example.com}}
schedules: {primary: {members: [priya]}, secondary: {members: [priya]}, manager: {members: [priya]}}
"""


@dataclass(slots=True)
class Scene:
    """A workspace, a folder, and the settings of a bot that would work there."""

    ws: Workspace
    folder: Path
    values: dict[str, Any]
    postgresql: Callable[[], PostgreSQL]
    policy: str = POLICY
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def sqlite_url(self) -> str:
        return str(self.values["database_url"])

    async def served(self) -> None:
        """A database that a bot has served from."""
        await (await open_database(self.sqlite_url)).close()

    async def said(self) -> list[str]:
        """What `tocsin check` says, line by line."""
        path = self.folder / "policy.yml"
        if "tocsin_policy" not in self.values:
            path.write_text(self.policy)
            self.values["tocsin_policy"] = path
        return [finding.line() for finding in await run(Settings(_env_file=None, **self.values), self.now)]


@asynccontextmanager
async def scene(folder: Path, postgresql: Callable[[], PostgreSQL]) -> AsyncIterator[Scene]:
    async with sandbox.running(manifest=MANIFEST) as ws:
        values: dict[str, Any] = {
            "slack_bot_token": ws.settings.bot_token, "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url, "database_url": f"sqlite:///{folder}/tocsin.db", "port": 0,
            "heartbeat_url": "https://monitor.example.com/abc",
        }  # fmt: skip
        yield Scene(ws, folder, values, postgresql)
