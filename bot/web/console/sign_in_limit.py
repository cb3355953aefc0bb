"""Limits attempts to sign in that fail: ten of an address at once, a hundred in all, and some flow back each minute.

An attempt is counted before it is checked and given back when it succeeds, so that many at once pass no more often.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

OF_ADDRESS, IN_ALL = 10, 100  # failures at once
OF_ADDRESS_A_MINUTE, IN_ALL_A_MINUTE = 10, 60  # that flow back
MOST_ADDRESSES = 1000  # remembered; a full bucket need not be
_ALL = "all"


@dataclass(slots=True)
class SignInLimit:
    """The failures that each address has left, and all addresses together. Counts within this process."""

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)  # by address: how many, and when

    def take(self, remote: str | None) -> int:
        """Count an attempt. Returns 0, or the seconds to wait where there are none left: then nothing is counted."""
        keys = (network_of(remote), _ALL)
        wait_s = max(self._wait_s(key) for key in keys)
        if wait_s == 0:
            for key in keys:
                self._put(key, self._now(key) - 1)
        return wait_s

    def give_back(self, remote: str | None) -> None:
        """The attempt succeeded."""
        for key in (network_of(remote), _ALL):
            self._put(key, min(_most(key), self._now(key) + 1))

    def _wait_s(self, key: str) -> int:
        left = self._now(key)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) * 60 / _flow(key)))

    def _now(self, key: str) -> float:
        now = self.clock()
        left, at = self._left.get(key, (_most(key), now))
        return min(_most(key), left + (now - at) * _flow(key) / 60)

    def _put(self, key: str, left: float) -> None:
        self._left[key] = (left, self.clock())
        if len(self._left) > MOST_ADDRESSES:
            self._left = {each: kept for each, kept in self._left.items() if self._now(each) < _most(each)}


def network_of(remote: str | None) -> str:
    """The address; of IPv6 the network of 64 bits, which one subscriber has whole."""
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), 64), strict=False).network_address)


def _most(key: str) -> float:
    return IN_ALL if key == _ALL else OF_ADDRESS


def _flow(key: str) -> float:
    return IN_ALL_A_MINUTE if key == _ALL else OF_ADDRESS_A_MINUTE
