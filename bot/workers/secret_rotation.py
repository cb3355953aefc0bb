"""Reads the settings again when the operator asks (SIGHUP), and puts changed secrets in use without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from bot.domain.errors import TocsinError
from bot.live_settings import LiveSettings, Rotation
from bot.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SecretHolder:
    """A part of the bot that holds secrets of its own. `renew` gives it those of the new settings."""

    secrets: frozenset[str]  # fields of the settings
    renew: Callable[[Settings], Awaitable[None]]


class SecretRotation:
    """Puts changed secrets in use, one reading at a time. `mask` keeps them, old and new, out of the logs."""

    def __init__(
        self,
        live: LiveSettings,
        load: Callable[[], Settings],
        uses: Sequence[SecretHolder],
        mask: Callable[[Iterable[str]], None],
    ) -> None:
        self._live = live
        self.load = load
        self._uses = uses
        self._mask = mask
        self._turn = asyncio.Lock()

    async def read(self) -> Rotation | None:
        """Read the settings and put changed secrets in use. None, and nothing changes, if they cannot be used."""
        async with self._turn:
            try:
                settings = await asyncio.to_thread(self.load)
            except TocsinError as error:
                log.error("secrets.not_read", error=str(error), hint="the previous secrets stay in use")
                return None
            self._mask([*self._live.secrets(), *settings.secrets()])  # before anything can log them
            rotation = self._live.replace(settings)
            for use in self._uses:
                if use.secrets.intersection(rotation.secrets):
                    await use.renew(self._live.current)
            if rotation.secrets:
                log.info("secrets.in_use", changed=[name.upper() for name in rotation.secrets])
            if rotation.restart:
                log.warning(
                    "settings.need_restart", changed=[name.upper() for name in rotation.restart],
                    hint="only secrets that were set before change while the bot runs; restart it for the others",
                )  # fmt: skip
            return rotation
