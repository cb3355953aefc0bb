"""Schedules that live at PagerDuty: read now and then, kept, and mapped to the contacts of the policy."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from datetime import time as midnight

import aiohttp
import structlog

from bot.domain.errors import DeliveryError
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.integrations.pagerduty_schedules import Entry, Schedules
from bot.settings import Settings
from bot.usecases.context import Context
from bot.usecases.oncall import shift_change
from bot.workers.base import Periodic
from storage import key_value, overrides

log = structlog.get_logger()

LOOK_S = 5.0
REFRESH_S = 300.0
AGAIN_S = 30.0  # after it did not answer
BEHIND, AHEAD = timedelta(days=1), timedelta(days=90)


def client(settings: Settings, session: aiohttp.ClientSession) -> Schedules | None:
    """None where no token is set."""
    if settings.pagerduty_api_token is None:
        return None
    return Schedules(session, settings.pagerduty_api_url, settings.pagerduty_api_token.get_secret_value())


def member_of(entry: Entry, policy: Policy) -> str:
    """A contact by their address, else the one of this name; anybody else by their address, or name."""
    for contact in policy.contacts.values():
        if entry.email and entry.email in {str(a).lower() for a in (contact.email, contact.slack) if a}:
            return contact.key
    same = [c.key for c in policy.contacts.values() if c.name and c.name.casefold() == entry.name.casefold()]
    return same[0] if len(same) == 1 else entry.email or entry.name


def read_span(now: datetime) -> tuple[datetime, datetime]:
    """Whole days: the answer is cut there, and would differ each time."""
    today = datetime.combine(now.astimezone(UTC).date(), midnight(), UTC)
    return today - BEHIND, today + AHEAD


class PagerDutyScheduleSync:
    """`refresh` asks what is due to be asked; what was last read stays while PagerDuty does not answer."""

    def __init__(self, context: Context, elsewhere: Schedules | None) -> None:
        self._context = context
        self._elsewhere = elsewhere
        self._next_at: dict[str, float] = {}
        self._known: frozenset[str] | None = None
        self._strangers: dict[str, frozenset[str]] = {}

    @property
    def periodic(self) -> Periodic:
        return Periodic("PagerDuty schedule sync", timedelta(seconds=LOOK_S), timedelta(0), self.refresh)

    async def refresh(self) -> None:
        policy = self._context.policy
        there = {key: one.pagerduty for key, one in policy.schedules.items() if one.pagerduty}
        if self._known != frozenset(there):
            async with self._context.database.transaction() as conn:
                await overrides.delete_imported_except(conn, sorted(there))
            self._known = frozenset(there)
        for key, identity in there.items():
            if time.monotonic() >= self._next_at.get(f"{key}:{identity}", 0.0):
                ok = await self._read(key, identity, policy)
                self._next_at[f"{key}:{identity}"] = time.monotonic() + (REFRESH_S if ok else AGAIN_S)

    async def _read(self, key: str, identity: str, policy: Policy) -> bool:
        if self._elsewhere is None:
            log.warning("schedule.not_read", schedule=key, hint="set PAGERDUTY_API_TOKEN")
            return False
        now = self._context.clock.now()
        try:
            entries = await self._elsewhere.entries(identity, *read_span(now))
        except DeliveryError as error:
            log.warning("schedule.not_read", schedule=key, error=str(error), hint="what was last read holds")
            return False
        found = [Override(key, member_of(one, policy), one.starts_at, one.ends_at) for one in entries]
        self._tell_of_strangers(key, found, policy)
        async with self._context.database.reading() as conn:
            before = await overrides.in_force(conn, now)
        if await self._keep(key, found, now):
            log.info("schedule.read", schedule=key, turns=len(found))
            await shift_change.schedules_changed(self._context, {key}, before)
        return True

    def _tell_of_strangers(self, key: str, found: list[Override], policy: Policy) -> None:
        """Once, until it is others."""
        unknown = frozenset(one.member for one in found if one.member not in policy.contacts)
        if unknown and unknown != self._strangers.get(key):
            log.warning(
                "schedule.strangers", schedule=key, people=sorted(unknown),
                hint="give each a contact with that e-mail address or name; `tocsin check` says who cannot be reached",
            )  # fmt: skip
        self._strangers[key] = unknown

    async def _keep(self, key: str, found: list[Override], now: datetime) -> bool:
        """Whether it differs from what was read before."""
        async with self._context.database.transaction() as conn:
            before = [one for one in await overrides.imported_shifts(conn, key) if one.ends_at > now]
            differs = before != [one for one in found if one.ends_at > now]
            if differs:
                await overrides.replace_imported_shifts(conn, key, found)
            await key_value.pagerduty_read(key).put(conn, {"at": now.isoformat()})
        return differs
