"""Imports on-call schedules that are kept at PagerDuty, and finds the policy's contacts for the people in them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from datetime import time as midnight

import aiohttp
import structlog

from bot.domain.errors import DeliveryError
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.timeline.vendor_names import vendor_name
from bot.integrations.pagerduty_schedules import Entry, Schedules
from bot.settings import Settings
from bot.usecases.context import Context
from bot.usecases.oncall import shift_change
from bot.workers.base import Periodic
from storage import key_value, overrides

log = structlog.get_logger()

LOOK_S = 5.0
REFRESH_S = 300.0
AGAIN_S = 30.0  # after PagerDuty did not answer
BEHIND, AHEAD = timedelta(days=1), timedelta(days=90)


def client(settings: Settings, session: aiohttp.ClientSession) -> Schedules | None:
    """A client for PagerDuty's schedules; None if no token is set."""
    if settings.pagerduty_api_token is None:
        return None
    return Schedules(session, settings.pagerduty_api_url, settings.pagerduty_api_token.get_secret_value())


def member_of(entry: Entry, policy: Policy) -> str:
    """The contact with the shift's e-mail address, else with its name; else the address or the name itself."""
    for contact in policy.contacts.values():
        if entry.email and entry.email in {str(a).lower() for a in (contact.email, contact.slack) if a}:
            return contact.key
    namesakes = [c.key for c in policy.contacts.values() if c.name and c.name.casefold() == entry.name.casefold()]
    return namesakes[0] if len(namesakes) == 1 else entry.email or vendor_name(entry.name, "PagerDuty")


def read_span(now: datetime) -> tuple[datetime, datetime]:
    """The time span to read, in whole days.

    PagerDuty cuts shifts at its ends, so a span that moved with each instant would change the shifts.
    """
    today = datetime.combine(now.astimezone(UTC).date(), midnight(), UTC)
    return today - BEHIND, today + AHEAD


class PagerDutyScheduleSync:
    """Imports each schedule every few minutes. While PagerDuty does not answer, the last import stays in force."""

    def __init__(self, context: Context, schedules: Schedules | None) -> None:
        self._context = context
        self._schedules = schedules
        self._next_at: dict[str, float] = {}
        self._imported: frozenset[str] | None = None
        self._strangers: dict[str, frozenset[str]] = {}

    def use(self, schedules: Schedules | None) -> None:
        """Read by this client from now on, and soon."""
        self._schedules = schedules
        self._next_at.clear()

    @property
    def periodic(self) -> Periodic:
        """The task that looks for schedules that are due to be read."""
        return Periodic("PagerDuty schedule sync", timedelta(seconds=LOOK_S), timedelta(0), self.refresh)

    async def refresh(self) -> None:
        """Read the schedules that are due, and drop imports of schedules that the policy no longer names."""
        policy = self._context.policy
        ids = {key: schedule.pagerduty for key, schedule in policy.schedules.items() if schedule.pagerduty}
        if self._imported != frozenset(ids):
            async with self._context.database.transaction() as conn:
                await overrides.delete_imported_except(conn, sorted(ids))
            self._imported = frozenset(ids)
        names = {f"{key}:{identity}:{policy.digest}" for key, identity in ids.items()}
        self._next_at = {name: at for name, at in self._next_at.items() if name in names}
        for key, identity in ids.items():
            name, schedules = f"{key}:{identity}:{policy.digest}", self._schedules
            if time.monotonic() < self._next_at.get(name, 0.0):
                continue
            ok = await self._read(key, identity, policy)
            if schedules is self._schedules:  # else another client is to read it soon
                self._next_at[name] = time.monotonic() + (REFRESH_S if ok else AGAIN_S)

    async def _read(self, key: str, identity: str, policy: Policy) -> bool:
        if self._schedules is None:
            log.warning("schedule.not_read", schedule=key, hint="set PAGERDUTY_API_TOKEN")
            return False
        now = self._context.clock.now()
        try:
            entries = await self._schedules.entries(identity, *read_span(now))
        except DeliveryError as error:
            log.warning("schedule.not_read", schedule=key, error=str(error), hint="the last import stays in force")
            return False
        shifts = [Override(key, member_of(entry, policy), entry.starts_at, entry.ends_at) for entry in entries]
        self._warn_of_strangers(key, shifts, policy)
        async with self._context.database.reading() as conn:
            before = await overrides.in_force(conn, now)
        if await self._keep(key, shifts, now):
            log.info("schedule.read", schedule=key, shifts=len(shifts))
            await shift_change.schedules_changed(self._context, {key}, before)
        return True

    def _warn_of_strangers(self, key: str, shifts: list[Override], policy: Policy) -> None:
        """Log the people on call who are not contacts, once for the same people."""
        unknown = frozenset(shift.member for shift in shifts if shift.member not in policy.contacts)
        if unknown and unknown != self._strangers.get(key):
            log.warning(
                "schedule.strangers", schedule=key, people=sorted(unknown),
                hint="give each a contact with that e-mail address or name; `tocsin check` says who cannot be reached",
            )  # fmt: skip
        self._strangers[key] = unknown

    async def _keep(self, key: str, shifts: list[Override], now: datetime) -> bool:
        """Save the shifts. Returns whether they differ from the last import."""
        async with self._context.database.transaction() as conn:
            before = [shift for shift in await overrides.imported_shifts(conn, key) if shift.ends_at > now]
            differs = before != [shift for shift in shifts if shift.ends_at > now]
            if differs:
                await overrides.replace_imported_shifts(conn, key, shifts)
            await key_value.pagerduty_read(key).put(conn, {"at": now.isoformat()})
        return differs
