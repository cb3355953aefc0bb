"""Starts the services of a running bot in order, and stops them in reverse within ten seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import structlog

from bot.slack.directory.token_watch import TokenWatch
from bot.slack.directory.usergroups import UserGroups
from bot.slack.inbound.socket_mode import SocketPool
from bot.usecases.context import Context
from bot.web.server import HttpServer
from bot.workers.base import Service
from bot.workers.job_runner import JobRunner
from bot.workers.policy_watcher import PolicyWatcher
from bot.workers.scheduler import Scheduler
from bot.workers.secret_rotation import SecretRotation
from bot.workers.timer import Timer
from storage.database import Database

log = structlog.get_logger()

CUT_SHORT_AFTER_S = 1.0  # beyond what a service was given


@dataclass(frozen=True, slots=True)
class Stage:
    """Services that start one after another and stop side by side, each within `stop_within_s` seconds."""

    services: tuple[Service, ...]
    stop_within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A running bot, with the parts that the command line and tests use by name.

    `resources` closes what all of them use (session, database, instance lock) after they have stopped.
    """

    context: Context
    session: aiohttp.ClientSession
    stages: Sequence[Stage]
    resources: AsyncExitStack
    http: HttpServer
    status_http: HttpServer | None  # serves the status page alone
    scheduler: Scheduler
    job_runner: JobRunner
    timer: Timer
    policy_watcher: PolicyWatcher
    usergroups: UserGroups
    token_watch: TokenWatch
    secret_rotation: SecretRotation
    sockets: SocketPool | None

    @property
    def port(self) -> int:
        """The port that HTTP listens on; 0 before the start."""
        return self.http.port

    @property
    def database(self) -> Database:
        """The database that every use case of this process works with."""
        return self.context.database

    async def start(self) -> None:
        """Start every service, in order."""
        for stage in self.stages:
            for service in stage.services:
                await service.start()
        log.info(
            "started", port=self.port, host=self.http.host, socket_mode=self.sockets is not None,
            policy=self.context.policy.name, database=self.database.dialect,
        )  # fmt: skip

    async def stop(self) -> None:
        """Stop the stages in reverse, then close what they used. Unfinished work stays in the database."""
        log.info("stopping")
        for stage in reversed(self.stages):
            await asyncio.gather(*(_stop(service, stage.stop_within_s) for service in stage.services))
        await self.resources.aclose()
        log.info("stopped")


async def _stop(service: Service, within_s: float) -> None:
    """Stop one service. One that fails or takes too long does not keep the others from stopping."""
    try:
        await asyncio.wait_for(service.stop(within_s), within_s + CUT_SHORT_AFTER_S)
    except TimeoutError:
        log.warning(
            "stop.cut_short", service=service.name, hint="nothing to do: unfinished work resumes at the next start"
        )
    except Exception:
        log.exception("stop.failed", service=service.name, hint="unfinished work resumes at the next start")
