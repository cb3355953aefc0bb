"""The vendors that can be imported from, each with its API key, address and reader."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from bot.importers import grafana_oncall
from bot.importers.account import Account
from bot.importers.archive import Archive
from bot.importers.errors import ImportFailed
from bot.importers.fields import instant_of
from bot.importers.opsgenie import read as opsgenie
from bot.importers.opsgenie.timeline import rendering as opsgenie_rendering
from bot.importers.pagerduty import read as pagerduty
from bot.importers.proof import Rendering
from bot.importers.reader import AT_ONCE, Reader
from bot.integrations import http
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Vendor:
    """A source with an API."""

    name: str
    title: str
    key_setting: str
    scheme: str  # of the Authorization header, before the key
    read: Callable[..., Awaitable[Account]]  # of a reader, with or without `history`
    rendering: Callable[[Reader, Account, datetime, datetime], Awaitable[Rendering]]

    def key(self, settings: Settings) -> str:
        """The key in the settings; empty where there is none."""
        secret = getattr(settings, self.key_setting.lower())
        return str(secret.get_secret_value()) if secret is not None else ""

    def url(self, settings: Settings) -> str:
        """The address in the settings; empty where there is none."""
        name = self.key_setting.lower().replace("_key", "_url").replace("_token", "_url")
        return str(getattr(settings, name) or "")


VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor("opsgenie", "Opsgenie", "OPSGENIE_API_KEY", "GenieKey ", opsgenie.read_account, opsgenie_rendering),
        Vendor(
            "pagerduty", "PagerDuty", "PAGERDUTY_API_TOKEN", "Token token=", pagerduty.read_account, pagerduty.rendering
        ),
        Vendor(
            "grafana-oncall",
            "Grafana OnCall",
            "ONCALL_API_TOKEN",
            "",
            grafana_oncall.read_account,
            grafana_oncall.rendering,
        ),
    )
}
_MOMENT = "!moment"  # in an archive: when its answers were read first


@asynccontextmanager
async def open_reader(
    vendor: Vendor, settings: Settings, archive: Archive | None, tell: Callable[[str], None] = lambda line: None
) -> AsyncIterator[Reader]:
    """A reader of the vendor's API, or of saved answers alone. Raises `ImportFailed` if a setting is missing."""
    key, url = vendor.key(settings), vendor.url(settings)
    if archive is not None and archive.offline:
        yield Reader(vendor.title, url, {}, vendor.key_setting, None, archive, now=_moment(archive))
        return
    if not key:
        raise ImportFailed(
            f"{vendor.key_setting} is not set. Use a key that may only read; docs/moving.md says how to make it."
        )
    if not url or http.is_unencrypted(url):
        raise ImportFailed(
            f"The address of {vendor.title} must begin with https://; set {vendor.key_setting.rpartition('_')[0]}_URL."
        )
    headers = http.headers(Accept="application/json", Authorization=f"{vendor.scheme}{key}")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        now = _moment(archive)
        yield Reader(vendor.title, url, headers, vendor.key_setting, session, archive, now=now, tell=tell)


def _moment(archive: Archive | None) -> datetime:
    """Now; with saved responses, the instant of their first reading, so that requests with times match them."""
    now = datetime.now(UTC)
    if archive is None:
        return now
    saved = archive.get(_MOMENT, {})
    if saved is None:
        if not archive.offline:
            archive.put(_MOMENT, {}, {"at": now.isoformat()})
        return now
    return instant_of(saved, "at") or now
