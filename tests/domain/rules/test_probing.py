"""The life of a probe: up, down, up again, and a certificate that expires."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import policy
from bot.domain.alerts.alert import AlertStatus
from bot.domain.policy.probe_rules import Probe
from bot.domain.rules.probing import ProbeResult, ProbeState, advance, alert_of, end, mark_told
from tests.domain.rules.making import NOW

POLICY = policy.preset("sev1-5")
PROBE = Probe("shop", "https://shop.example.com/health", service="shop", severity="sev1")


def run(text: str, probe: Probe = PROBE) -> list[bool]:
    """Whether it is down after each request: `x` failed, `.` succeeded."""
    return [state.down for state in states(text, probe)]


def states(text: str, probe: Probe = PROBE) -> list[ProbeState]:
    state, found = ProbeState(probe.id), []
    for place, sign in enumerate(text):
        result = ProbeResult("status 500" if sign == "x" else None, 0.1)
        state = advance(state, probe, result, NOW + place * timedelta(seconds=30))
        found.append(state)
    return found


def test_a_probe_is_down_after_three_failures_in_a_row() -> None:
    assert run("xx.xxx") == [False] * 5 + [True]


def test_a_probe_is_up_again_after_two_successes_in_a_row() -> None:
    assert run("xxx.x..") == [False, False, True, True, True, True, False]


def test_how_many_failures_it_takes_is_the_policys() -> None:
    assert run("x.", Probe("shop", "https://x", fail_after=1, recover_after=1)) == [True, False]


def test_it_is_down_since_the_first_of_the_failures() -> None:
    (trouble,) = states(".xxx")[-1].troubles
    assert trouble.since == NOW + timedelta(seconds=30)
    alert = alert_of(trouble, PROBE, POLICY)
    assert alert.title == "Probe shop fails: status 500"
    assert alert.labels == {
        "alertname": "ProbeDown", "source": "probes", "probe": "shop", "severity": "sev1", "service": "shop"
    }  # fmt: skip


def test_being_down_and_up_again_are_told_once() -> None:
    down = states("xxx")[-1]
    assert len(down.untold) == 1
    later = advance(mark_told(down, down.untold), PROBE, ProbeResult("x", 0.1), NOW)
    assert later.untold == ()
    up = states("xxx..")[-1]
    firing, over = alert_of(down.troubles[0], PROBE, POLICY), alert_of(up.troubles[0], PROBE, POLICY)
    assert (over.status, over.occurrence) == (AlertStatus.RESOLVED, firing.occurrence)
    assert mark_told(up, up.untold).troubles == ()


def test_a_probe_that_is_asked_no_more_is_over() -> None:
    (trouble,) = end(states("xxx")[-1], NOW + timedelta(hours=1)).troubles
    assert trouble.until == NOW + timedelta(hours=1)


WATCHED = Probe("shop", "https://shop.example.com", tls_expires_within=timedelta(days=14))


def expiring(*instants: datetime) -> list[list[str]]:
    state, found = ProbeState("shop"), []
    for instant in instants:
        state = advance(state, WATCHED, ProbeResult(None, 0.1, instant), NOW)
        found.append([trouble.words for trouble in state.troubles if trouble.until is None])
    return found


def test_a_certificate_that_expires_soon_is_an_alert_until_it_is_renewed() -> None:
    soon, late = NOW + timedelta(days=13), NOW + timedelta(days=90)
    words = "The certificate of https://shop.example.com expires in 13d, on 2026-03-15 09:00 UTC"
    assert expiring(late, soon, soon, late) == [[], [words], [words], []]


def test_a_certificate_that_was_not_seen_says_nothing() -> None:
    state = advance(ProbeState("shop"), WATCHED, ProbeResult(None, 0.1, NOW + timedelta(days=1)), NOW)
    after = advance(state, WATCHED, ProbeResult("no connection", 0.1), NOW)
    assert [trouble.until for trouble in after.troubles] == [None]
