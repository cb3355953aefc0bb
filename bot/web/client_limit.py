"""Limits how often one client may ask for something, within this process.

An IPv6 client is its /64 network. Behind a proxy that `TOCSIN_PROXIES` does not name, clients cannot be told apart:
there nobody is limited by this, so that one person cannot use up the share of all.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from bot.domain.access.sign_in_limit import client_of, network_of

MOST_CLIENTS = 10_000  # whose buckets are kept; the one that asked longest ago is forgotten first
FORWARDED = "X-Forwarded-For"


@dataclass(slots=True)
class ClientLimit:
    """A token bucket for each client: `burst` requests, refilled with `per_minute`."""

    burst: float
    per_minute: float
    proxies: str = ""  # addresses or networks of our own proxies, separated by commas
    clock: Callable[[], float] = time.monotonic
    # By network: requests left, and the monotonic time of the count; the latest last.
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, request: web.Request) -> int:
        """Count a request. Returns 0, or the seconds to wait if the client has none left."""
        forwarded = ",".join(request.headers.getall(FORWARDED, ()))
        client = client_of(request.remote, forwarded, self.proxies)
        if forwarded and _is_internal(client):
            return 0
        return self.take_for(network_of(client))

    def take_for(self, network: str) -> int:
        """As `take`, for the key of a client."""
        now, rate = self.clock(), self.per_minute / 60
        left, at = self._buckets.pop(network, (self.burst, now))
        left = min(self.burst, left + (now - at) * rate)
        wait_s = 0 if left >= 1 else max(1, math.ceil((1 - left) / rate))
        while len(self._buckets) >= MOST_CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[network] = (left if wait_s else left - 1, now)
        return wait_s


def _is_internal(client: str | None) -> bool:
    """Whether the address is that of a machine inside, which may be a proxy that the settings do not name."""
    try:
        return not ipaddress.ip_address((client or "").strip()).is_global
    except ValueError:
        return False
