"""Limits failed sign-in attempts by a token bucket for each address, and one for all of them together."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

ALL = "all"  # the key of all addresses together
FULL_AFTER = timedelta(minutes=2)  # without an attempt the bucket is full again, and the key can be forgotten
LONGEST_CHAIN = 20  # addresses of proxies that are looked at


@dataclass(frozen=True, slots=True)
class Attempts:
    """The number of failures that a key had left at an instant."""

    left: float
    at: datetime


def burst_limit(key: str) -> float:
    """The number of attempts of a key that may fail at once."""
    return 100.0 if key == ALL else 10.0


def flow(key: str) -> float:
    """The number of failed attempts that a key gets back each minute."""
    return 60.0 if key == ALL else 10.0


def keys_of(address: str | None) -> tuple[str, str]:
    """The keys that an attempt counts for."""
    return ALL, network_of(address)


def wait_s(attempts: Mapping[str, Attempts], keys: Collection[str], now: datetime) -> int:
    """The seconds to wait before the next attempt; 0 where there is one left for each key."""
    return max(_wait_s(key, failures_left(attempts, key, now)) for key in keys)


def failures_left(attempts: Mapping[str, Attempts], key: str, now: datetime) -> float:
    """The number of failures that the key has left."""
    latest = attempts.get(key)
    if latest is None:
        return burst_limit(key)
    minutes = max(0.0, (now - latest.at).total_seconds() / 60)
    return min(burst_limit(key), latest.left + minutes * flow(key))


def _wait_s(key: str, left: float) -> int:
    return 0 if left >= 1 else max(1, math.ceil((1 - left) * 60 / flow(key)))


def network_of(address: str | None) -> str:
    """The address, or the /64 network of an IPv6 address: one subscriber usually has all of it."""
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
    """The address of the client: behind our proxies, the last address of `X-Forwarded-For` that is not one of them.

    `proxies` are the addresses or networks of our proxies, separated by commas. A client may write addresses into the
    header, but they stand before those that our proxies add, and are never reached.
    """
    networks = [ipaddress.ip_network(proxy.strip(), strict=False) for proxy in proxies.split(",") if proxy.strip()]
    chain = [address.strip() for address in forwarded.split(",") if address.strip()][-LONGEST_CHAIN:]
    client = remote
    while chain and client is not None and _is_in(client, networks):
        client = chain.pop()
    return client


def _is_in(address: str, networks: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
