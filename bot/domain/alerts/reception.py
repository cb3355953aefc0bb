"""Decides whether an alert that arrives is new, repeated, resolved or stale, by what is stored of its occurrence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.alerts.alert import Alert, AlertStatus


class Reception(StrEnum):
    """What an arriving alert is."""

    NEW = "new"  # an occurrence that was not heard of
    REPEATED = "repeated"  # told again
    RESOLVED = "resolved"  # an occurrence that fired is over
    STALE = "stale"  # says that an occurrence fires which is known to be over; ignored


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """An alert with what it is."""

    alert: Alert
    reception: Reception


def receive(alerts: Iterable[Alert], known: Mapping[str, AlertStatus]) -> list[ReceivedAlert]:
    """Compare alerts, in their order, with the `known` status of each occurrence, and with those before them."""
    status = dict(known)
    received = []
    for alert in alerts:
        before = status.get(alert.occurrence)
        reception = _compare(before, alert.status)
        received.append(ReceivedAlert(alert, reception))
        if reception in (Reception.NEW, Reception.RESOLVED):
            status[alert.occurrence] = alert.status
    return received


def _compare(before: AlertStatus | None, now: AlertStatus) -> Reception:
    if before is None:
        return Reception.NEW
    if before is now:
        return Reception.REPEATED
    return Reception.STALE if before is AlertStatus.RESOLVED else Reception.RESOLVED
