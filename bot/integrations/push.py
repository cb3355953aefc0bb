"""Pages by push notification to any service that apprise knows: ntfy, Pushover, Gotify, Telegram, Microsoft Teams …

https://github.com/caronc/apprise/wiki
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from bot.domain.errors import DeliveryError
from bot.integrations.protocol import Page, Receipt

VENDOR = "apprise"
ENVIRONMENT = "env:"
TIMEOUT_S = 10.0
_LOGS = ("apprise", "urllib3", "requests")
# Services that act on this machine, rather than send something away.
LOCAL = frozenset({"dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog", "gio", "file", "memory"})


@dataclass(slots=True)
class Push:
    """Sends each page at least once. The address is of the contact, and holds secrets: no error names it."""

    environment: Mapping[str, str] = field(repr=False)

    async def send(self, page: Page) -> Receipt:
        """Send one notification, with the link to acknowledge."""
        address = self._address(page.person.push)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                was_sent = await asyncio.to_thread(_notify, address, page.headline, text(page))
        except TimeoutError:
            raise DeliveryError("the push service did not answer within 10 seconds", uncertain=True) from None
        if not was_sent:
            raise DeliveryError(f"the push service ({_scheme(address)}) did not take it")
        return Receipt(VENDOR, hashlib.sha256(page.key.encode()).hexdigest()[:16], "sent")

    def _address(self, push: str | None) -> str:
        name = (push or "").removeprefix(ENVIRONMENT)
        address = self.environment.get(name, "") if (push or "").startswith(ENVIRONMENT) else (push or "")
        if not address:
            raise DeliveryError(f"the variable {name} that `push` names is not set", permanent=True)
        if _scheme(address) in LOCAL:
            raise DeliveryError(f"{_scheme(address)}:// acts on this machine, and is not used", permanent=True)
        return address


def is_installed() -> bool:
    """Whether the library is there: `pip install tocsin[push]`."""
    return find_spec("apprise") is not None


def text(page: Page) -> str:
    """The notification below its title."""
    if page.private:
        lines = [f"You are paged{page.count}."]
    else:
        lines = [f"{page.severity}: you are paged{page.count}.", f"Why: {page.why}" if page.why else ""]
    addresses = {"Acknowledge": page.acknowledge, "Slack": page.link, "Call": page.bridge}
    lines += [f"{title}: {address}" for title, address in addresses.items() if address]
    return "\n".join(filter(None, lines))


def _scheme(address: str) -> str:
    return urlsplit(address).scheme.lower()


def _notify(address: str, title: str, body: str) -> bool:
    """Send by apprise, which is imported only here: it takes as much memory as the rest of a small bot."""
    import apprise  # noqa: PLC0415

    for name in _LOGS:  # they write addresses, which are secrets; the outcome is told by the caller
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset: Any = apprise.AppriseAsset(app_id="Tocsin", app_desc="Tocsin", app_url="", secure_logging=True)
    client: Any = apprise.Apprise(asset=asset)
    if not client.add(address):
        raise DeliveryError("apprise does not know this address; correct `push` in the policy", permanent=True)
    return bool(client.notify(body=body, title=title))
