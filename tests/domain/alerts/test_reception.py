"""Classification of an arriving alert: new, repeated, over, or too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.reception import AlertStates, CurrentOccurrence, Reception, receive

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert_by_state(status: str, minutes: int, *, by_state: bool = True, cycle: str | None = None) -> Alert:
    at = NINE + minutes * MINUTE
    return Alert("events", "f", AlertStatus(status), at, {}, cycle=cycle, by_state=by_state)


def receptions(*alerts: Alert, states: AlertStates | None = None) -> list[str]:
    return [str(each.reception) for each in receive(alerts, {}, states)]


def test_an_alert_told_by_state_belongs_to_the_firing_under_way_until_it_is_over() -> None:
    arrived = [
        alert_by_state("firing", 0),
        alert_by_state("firing", 3),
        alert_by_state("resolved", 5),
        alert_by_state("resolved", 6),
        alert_by_state("firing", 7),
    ]
    assert receptions(*arrived) == ["new", "repeated", "resolved", "repeated", "new"]
    received = receive(arrived, {})
    assert len({each.alert.occurrence for each in received[:3]}) == 1
    assert received[2].alert.starts_at == NINE
    assert received[2].alert.ends_at == NINE + 5 * MINUTE


def test_a_firing_told_by_state_that_arrives_after_a_later_end_is_stale() -> None:
    states = AlertStates(ended={"events:f": NINE + 5 * MINUTE})
    assert receptions(alert_by_state("firing", 4), alert_by_state("firing", 6), states=states) == ["stale", "new"]


def test_an_end_told_by_state_that_is_older_than_the_firing_is_stale() -> None:
    states = AlertStates(firing={"events:f": CurrentOccurrence("events:f@1", NINE + 5 * MINUTE)})
    assert receptions(alert_by_state("resolved", 4), alert_by_state("resolved", 6), states=states) == [
        "stale",
        "resolved",
    ]


def test_an_end_without_a_firing_is_remembered_for_the_firing_that_arrives_later() -> None:
    states = AlertStates()
    assert receptions(alert_by_state("resolved", 5), alert_by_state("firing", 4), states=states) == [
        "repeated",
        "stale",
    ]
    assert states.changed == {"events:f"}


def test_an_end_told_by_state_ends_a_firing_that_was_told_with_its_start() -> None:
    arrived = [alert_by_state("firing", 0, by_state=False), alert_by_state("resolved", 5)]
    assert receptions(*arrived) == ["new", "resolved"]


def test_a_cycle_tells_firings_apart_whatever_their_start() -> None:
    arrived = [
        alert_by_state("firing", 0, by_state=False, cycle="c1"),
        alert_by_state("firing", 1, by_state=False, cycle="c1"),
        alert_by_state("resolved", 5, by_state=False, cycle="c1"),
        alert_by_state("firing", 2, by_state=False, cycle="c1"),
        alert_by_state("firing", 6, by_state=False, cycle="c2"),
    ]
    assert receptions(*arrived) == ["new", "repeated", "resolved", "stale", "new"]
    assert str(Reception.STALE) == "stale"


def graded(severity: str, minutes: int, *, nodata: bool = False) -> Alert:
    at = NINE + minutes * MINUTE
    labels = {"severity": severity} if severity else {}
    return Alert("events", "f", AlertStatus.FIRING, at, labels, by_state=True, nodata=nodata)


def test_a_firing_that_gets_worse_is_new_and_replaces_the_milder_one() -> None:
    arrived = [graded("warning", 0), graded("critical", 1), graded("critical", 2), alert_by_state("resolved", 3)]
    assert receptions(*arrived) == ["new", "replaced", "new", "repeated", "resolved"]
    assert receptions(graded("", 0, nodata=True), graded("", 1)) == ["new", "replaced", "new"]


def test_a_firing_told_again_without_a_severity_or_late_is_a_repetition() -> None:
    assert receptions(graded("critical", 1), graded("", 2), graded("warning", 0)) == ["new", "repeated", "repeated"]


def undated(status: str, minutes: int) -> Alert:
    """What a script without clocks tells: it starts when it arrives."""
    return replace(alert_by_state(status, minutes), undated=True)


def test_an_end_told_by_a_clock_that_is_behind_ends_a_firing_that_starts_when_it_arrived() -> None:
    assert receptions(undated("firing", 10), alert_by_state("resolved", 2)) == ["new", "resolved"]


def test_the_same_end_told_again_does_not_end_the_next_firing() -> None:
    arrived = [
        undated("firing", 10),
        alert_by_state("resolved", 12),
        undated("firing", 14),
        alert_by_state("resolved", 12),
    ]
    assert receptions(*arrived) == ["new", "resolved", "new", "stale"]


def test_an_end_with_a_start_that_was_never_told_ends_a_firing_that_starts_when_it_arrived() -> None:
    end = replace(alert_by_state("resolved", 2, by_state=False), ends_at=NINE + 12 * MINUTE)
    assert receptions(undated("firing", 10), end) == ["new", "resolved"]
    assert receptions(alert_by_state("firing", 10, by_state=False), end) == ["new", "new"], "another occurrence"
    assert receptions(alert_by_state("firing", 2, by_state=False), end, undated("firing", 14), end) == [
        "new", "resolved", "new", "repeated",
    ]  # fmt: skip


def test_a_report_that_is_delivered_again_neither_begins_nor_ends_a_firing() -> None:
    fired = replace(alert_by_state("firing", 0), event_id="1")
    over = replace(alert_by_state("resolved", 1), event_id="2")
    fired_again = replace(fired, starts_at=NINE + 2 * MINUTE)
    over_again = replace(over, starts_at=NINE + 4 * MINUTE)
    anew = replace(alert_by_state("firing", 3), event_id="3")
    states = AlertStates()
    assert receptions(fired, fired, over, fired_again, over_again, states=states) == [
        "new", "repeated", "resolved", "stale", "repeated",
    ]  # fmt: skip
    assert receptions(anew, over_again, anew, states=states) == ["new", "stale", "repeated"]
    assert states.ended == {"events:f": NINE + MINUTE}, "an end that is delivered again is no later end"


def test_an_event_with_a_start_is_known_by_its_start_and_needs_no_id() -> None:
    dated = replace(alert_by_state("firing", 0, by_state=False), event_id="1")
    states = AlertStates(event_ids={"1"})
    assert receptions(dated, states=states) == ["new"]
