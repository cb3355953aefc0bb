"""Defines probes: addresses that Tocsin asks itself, again and again, whether a service answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Probe:
    """One address, how often it is asked, and which answers are good."""

    id: str
    url: str
    every: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=5)
    method: str = "GET"
    expect: tuple[str, ...] = ("2xx",)  # classes such as `2xx`, or statuses such as `204`
    contains: str | None = None  # text that the body must have
    fail_after: int = 3  # failures in a row, after which it is down
    recover_after: int = 2  # successes in a row, after which it is up again
    service: str | None = None  # key of the policy
    severity: str | None = None  # key of the policy; None: the middle one
    tls_expires_within: timedelta | None = None  # an expiry this close is an alert of its own
    addresses: tuple[str, ...] = ()  # networks outside the public internet that it may reach
