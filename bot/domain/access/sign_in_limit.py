"""Limits attempts to sign in that fail: ten of an address at once, a hundred in all, and some flow back each minute."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

ALL = "all"  # the key of all addresses together
FULL_AFTER = timedelta(minutes=2)  # without an attempt: then nothing has to be remembered of a key
LONGEST_CHAIN = 20  # addresses of proxies that are looked at


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many failures a key had left at an instant."""

    left: float
    at: datetime


def most(key: str) -> float:
    """How many failures a key may have at once."""
    return 100.0 if key == ALL else 10.0


def flow(key: str) -> float:
    """How many flow back a minute."""
    return 60.0 if key == ALL else 10.0


def keys_of(address: str | None) -> tuple[str, str]:
    """The keys that an attempt counts for."""
    return ALL, network_of(address)


def wait_s(kept: Mapping[str, Attempts], keys: Collection[str], now: datetime) -> int:
    """The seconds to wait before the next attempt; 0 where there is one left for each key."""
    return max(_wait_s(key, left_of(kept, key, now)) for key in keys)


def left_of(kept: Mapping[str, Attempts], key: str, now: datetime) -> float:
    """How many failures the key has left."""
    attempts = kept.get(key)
    if attempts is None:
        return most(key)
    minutes = max(0.0, (now - attempts.at).total_seconds() / 60)
    return min(most(key), attempts.left + minutes * flow(key))


def _wait_s(key: str, left: float) -> int:
    return 0 if left >= 1 else max(1, math.ceil((1 - left) * 60 / flow(key)))


def network_of(address: str | None) -> str:
    """The address; of IPv6 the network of 64 bits, which one subscriber has whole."""
    try:
        parsed = ipaddress.ip_address((address or "").strip())
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False).network_address)


def client_of(remote: str | None, forwarded: str, proxies: str) -> str | None:
    """The address of the client: behind proxies of ours, the last of `X-Forwarded-For` that is no such proxy.

    `proxies` are their addresses or networks, separated by commas. What a client writes into the header itself stands
    before what our proxies add, and is never reached.
    """
    ours = [ipaddress.ip_network(each.strip(), strict=False) for each in proxies.split(",") if each.strip()]
    chain = [each.strip() for each in forwarded.split(",") if each.strip()][-LONGEST_CHAIN:]
    client = remote
    while chain and client is not None and _is_in(client, ours):
        client = chain.pop()
    return client


def _is_in(address: str, networks: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
