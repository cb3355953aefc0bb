"""What would hold an alert: a silence or an inhibition, if it keeps every alert of the group quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot import policy as policy_reader
from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.preview import Hold, QuietState, preview
from bot.domain.alerts.routing import place_all
from bot.domain.alerts.silence import Silence
from bot.domain.policy.policy import Policy

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = """
preset: sev1-5
alerts:
  group_by: [alertname]
  routes:
    - {match: {alertname: Watchdog}, do: heartbeat, every: 5m}
    - {match: {env: staging}, do: record}
    - {do: ask}
  inhibit:
    - {source: {alertname: ClusterDown}, target: {severity: warning}, equal: [cluster]}
"""


def policy() -> Policy:
    return policy_reader.read_text(POLICY).policy


def alert(name: str, status: AlertStatus = AlertStatus.FIRING, **labels: str) -> Alert:
    return Alert("events", f"{name}{labels}", status, NINE, {"alertname": name, **labels})


def silence(number: int, hours: int, reason: str = "", **labels: str) -> Silence:
    return Silence(tuple(labels.items()), NINE, NINE + timedelta(hours=hours), "U0MAYA0000", reason, number)


def holds(alerts: list[Alert], *silences: Silence) -> list[tuple[Hold, ...]]:
    rules = policy()
    placements = place_all(alerts, rules)
    return [each.holds for each in preview(placements, QuietState(silences), rules.alerts.inhibit)]


def test_the_silence_that_lasts_longest_would_hold_an_alert() -> None:
    short, long = silence(1, 2, alertname="Slow"), silence(2, 5, "Load test", alertname="/Sl.*/")
    (held,), other = holds([alert("Slow"), alert("Down")], short, long)
    assert held == Hold(
        "silence", "alertname=/Sl.*/: Load test", "SI-2", NINE + timedelta(hours=5), "U0MAYA0000", holds=True
    )
    assert other == ()


def test_a_silence_of_some_alerts_of_a_group_does_not_hold_it() -> None:
    both = [alert("Slow", host="a"), alert("Slow", host="b")]
    (first,), second = holds(both, silence(1, 2, host="a"))
    assert (first.id, first.holds, second) == ("SI-1", False, ())
    (first,), (second_hold,) = holds(both, silence(1, 2, alertname="Slow"))
    assert (first.holds, second_hold.holds) == (True, True)


def test_an_alert_that_tells_nobody_is_held_by_nothing() -> None:
    quiet = silence(1, 2, alertname="/.*/")
    alerts = [alert("Slow", AlertStatus.RESOLVED), alert("Slow", env="staging"), alert("Watchdog")]
    assert holds(alerts, quiet) == [(), (), ()]


def test_an_alert_of_the_same_payload_inhibits_those_of_other_groups() -> None:
    down, slow = alert("ClusterDown", cluster="a", severity="warning"), alert("Slow", cluster="a", severity="warning")
    other = alert("Slower", cluster="b", severity="warning")
    none, (held,), none_either = holds([down, slow, other])
    assert (none, none_either) == ((), ())
    assert (held.kind, held.id, held.holds) == ("inhibition", None, True)
    assert held.reason == "alertname=ClusterDown fires and inhibits severity=warning"
    mixed = holds([down, slow, alert("Slow", cluster="a", severity="critical")])
    assert [[hold.holds for hold in each] for each in mixed] == [[], [False], []]
