"""Decides whether an alert that arrives is new, repeated, resolved or stale, by what is stored of its occurrence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.alerts.alert import Alert, AlertStatus


class Reception(StrEnum):
    """The kinds of arriving alerts."""

    NEW = "new"  # the first report of an occurrence
    REPEATED = "repeated"  # reported again
    RESOLVED = "resolved"  # an occurrence that fired is over
    REPLACED = "replaced"  # an occurrence is over because the alert fires on with another severity
    STALE = "stale"  # reports as firing an occurrence that is over; ignored


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """An alert with what it is."""

    alert: Alert
    reception: Reception


@dataclass(frozen=True, slots=True)
class CurrentOccurrence:
    """The occurrence in which an alert fires."""

    occurrence: str
    starts_at: datetime
    grade: tuple[str, bool] = ("", False)
    undated: bool = False  # whether it starts when it arrived, since its source gave no time


@dataclass(slots=True)
class AlertStates:
    """The known state of alerts whose source reports only states, by identity. `receive` brings it up to date."""

    firing: dict[str, CurrentOccurrence] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)  # when each was last said to be over, by the source
    changed: set[str] = field(default_factory=set)  # identities whose end has to be stored
    event_ids: set[str] = field(default_factory=set)  # of reports that were received before

    def note(self, alert: Alert) -> None:
        """Take in that an occurrence began or is over."""
        current = self.firing.get(alert.identity)
        if alert.status is AlertStatus.FIRING:
            self.firing[alert.identity] = occurrence_of(alert)
        elif current is not None and current.occurrence == alert.occurrence:
            del self.firing[alert.identity]


def receive(
    alerts: Iterable[Alert], stored: Mapping[str, AlertStatus], states: AlertStates | None = None
) -> list[ReceivedAlert]:
    """Compare alerts, in their order, with the `stored` status of each occurrence, and with those before them."""
    status = dict(stored)
    states = states or AlertStates()
    status |= {current.occurrence: AlertStatus.FIRING for current in states.firing.values()}
    received = []
    for arriving in alerts:
        if arriving.by_state and arriving.event_id is not None:
            if arriving.event_id in states.event_ids:
                received.append(_delivered_again(arriving, states))
                continue
            states.event_ids.add(arriving.event_id)
        alert, outdated = (
            _place(arriving, states) if arriving.by_state else (_end_of_undated(arriving, states, status), None)
        )
        if outdated is None and _is_graded_anew(alert, states):
            received.append(_end_of_old_grade(alert, states, status))
        reception = outdated or _compare(status.get(alert.occurrence), alert.status)
        received.append(ReceivedAlert(alert, reception))
        if reception in (Reception.NEW, Reception.RESOLVED):
            status[alert.occurrence] = alert.status
            states.note(alert)
    return received


def _delivered_again(alert: Alert, states: AlertStates) -> ReceivedAlert:
    """A report that was received before. It changes nothing, and is stale if its alert has changed since."""
    current = states.firing.get(alert.identity)
    if alert.status is AlertStatus.RESOLVED:
        return ReceivedAlert(alert, Reception.REPEATED if current is None else Reception.STALE)
    if current is None:
        return ReceivedAlert(alert, Reception.STALE)
    return ReceivedAlert(_within(alert, current), Reception.REPEATED)


def _place(alert: Alert, states: AlertStates) -> tuple[Alert, Reception | None]:
    """An alert reported by state, placed in its occurrence; and its reception, if it changes no occurrence."""
    current = states.firing.get(alert.identity)
    if alert.status is AlertStatus.RESOLVED:
        last_end = states.ended.get(alert.identity)
        if current is not None and alert.starts_at < current.starts_at and not _is_new_end(alert, current, last_end):
            return alert, Reception.STALE  # the end of an earlier one, told late
        states.ended[alert.identity] = max(last_end or alert.starts_at, alert.starts_at)
        states.changed.add(alert.identity)
        if current is None:
            return alert, Reception.REPEATED
        return replace(_within(alert, current), ends_at=alert.ends_at or alert.starts_at), None
    if current is not None and (not _differs(alert, current) or alert.starts_at <= current.starts_at):
        return _within(alert, current), None
    ended_at = states.ended.get(alert.identity)
    return alert, Reception.STALE if ended_at is not None and alert.starts_at < ended_at else None


def _is_new_end(alert: Alert, current: CurrentOccurrence, last_end: datetime | None) -> bool:
    """Whether an end before the start ends it all the same: the start is when it arrived, by another clock."""
    return current.undated and (last_end is None or alert.starts_at > last_end)


def _end_of_undated(alert: Alert, states: AlertStates, status: Mapping[str, AlertStatus]) -> Alert:
    """An end told with a start that nobody told before: that of the firing whose start is not known, if it is one."""
    current = states.firing.get(alert.identity)
    is_end = alert.status is AlertStatus.RESOLVED and alert.occurrence not in status
    if not is_end or current is None or not current.undated:
        return alert
    return replace(_within(alert, current), ends_at=alert.ends_at)


def occurrence_of(alert: Alert) -> CurrentOccurrence:
    """The occurrence in which this alert fires."""
    return CurrentOccurrence(alert.occurrence, alert.starts_at, grade_of(alert), alert.undated)


def grade_of(alert: Alert) -> tuple[str, bool]:
    """The grade of a firing alert, which may change: its label `severity`, and whether data is missing."""
    return alert.labels.get("severity", ""), alert.nodata


def _differs(alert: Alert, current: CurrentOccurrence) -> bool:
    severity, nodata = grade_of(alert)
    return nodata != current.grade[1] or severity not in ("", current.grade[0])


def _is_graded_anew(alert: Alert, states: AlertStates) -> bool:
    """Whether an alert reported by state fires on with another grade, which begins a new occurrence."""
    current = states.firing.get(alert.identity)
    fires = alert.by_state and alert.status is AlertStatus.FIRING
    return fires and current is not None and alert.occurrence != current.occurrence


def _end_of_old_grade(alert: Alert, states: AlertStates, status: dict[str, AlertStatus]) -> ReceivedAlert:
    """The end of the occurrence that goes on with another grade."""
    over = replace(
        _within(alert, states.firing.pop(alert.identity)), status=AlertStatus.RESOLVED, ends_at=alert.starts_at
    )
    status[over.occurrence] = AlertStatus.RESOLVED
    return ReceivedAlert(over, Reception.REPLACED)


def _within(alert: Alert, current: CurrentOccurrence) -> Alert:
    cycle = current.occurrence.removeprefix(f"{alert.identity}@")
    return replace(alert, cycle=cycle, starts_at=current.starts_at)


def _compare(before: AlertStatus | None, now: AlertStatus) -> Reception:
    if before is None:
        return Reception.NEW
    if before is now:
        return Reception.REPEATED
    return Reception.STALE if before is AlertStatus.RESOLVED else Reception.RESOLVED
