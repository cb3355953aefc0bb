"""Applying another policy changes a running incident, and pages no one twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.paging.ladder import page_next_rung
from bot.domain.policy.policy import Policy, Role, Rung, Severity, Trigger
from bot.domain.policy_change import apply
from bot.domain.values.target import Target
from tests.domain.policies import NOON as NOW
from tests.domain.policies import paging

MINUTE = timedelta(minutes=1)
U1, U2, U3 = Target.parse("user:U1"), Target.parse("user:U2"), Target.parse("user:U3")
ROLES = (Role("commander", "Incident commander"), Role("scribe", "Scribe"))


def rung(after: int, *notify: Target, **more: Any) -> Rung:
    return Rung(after * MINUTE, notify, **more)


def make_policy(*ladder: Rung, digest: str = "new", triggers: tuple[Trigger, ...] = (), **level: Any) -> Policy:
    severities = (Severity("sev1", "Critical", ladder=ladder, **level), Severity("sev2", "Major"))
    return Policy("Example", severities, ROLES, triggers=triggers, digest=digest)


OLD = make_policy(rung(0, U1), rung(15, U2), digest="old", respond_within=10 * MINUTE, update_every=30 * MINUTE)


def paged_incident(policy: Policy, *numbers: int) -> Incident:
    """Declared, and these rungs paged at their times."""
    incident = verbs.declare(1, verbs.NewIncident("Payments are down", "sev1", "UM"), policy, NOW).incident
    incident = replace(incident, policy=policy.digest)
    for number in numbers:
        at = NOW + policy.severities[0].ladder[number - 1].after
        incident = page_next_rung(incident, paging(at, policy), "time", rung=number).change.incident
    return incident


def rungs(incident: Incident, policy: Policy) -> list[tuple[int, int]]:
    """Number and minute of each rung that is still to page."""
    return [
        (deadline.rung, round((deadline.due_at - NOW) / MINUTE))
        for deadline in plan(incident, policy)
        if deadline.rung is not None
    ]


@pytest.mark.parametrize(
    ("ladder", "minute", "left"),
    [
        ((rung(0, U1), rung(20, U2)), 5, [(2, 20)]),  # another time
        ((rung(0, U1), rung(5, U3), rung(15, U2)), 3, [(2, 5), (3, 15)]),  # one in between
        ((rung(3, U3), rung(10, U1), rung(15, U2)), 2, [(1, 3), (3, 15)]),  # who was paged stands later now
        ((rung(0, U1), rung(3, U3), rung(15, U2)), 5, [(3, 15)]),  # its time is over: left to people
        ((rung(0, U3),), 5, []),  # somebody else at once: not by itself
        ((), 5, []),
        ((rung(0, U1), rung(15, U1), rung(30, U2)), 5, [(2, 15), (3, 30)]),  # again, as a rung of its own
    ],
)
def test_the_new_ladder_continues_where_the_old_one_was(
    ladder: tuple[Rung, ...], minute: int, left: list[tuple[int, int]]
) -> None:
    policy = make_policy(*ladder)
    assert rungs(apply(paged_incident(OLD, 1), OLD, policy, "UM", NOW + minute * MINUTE).incident, policy) == left


def test_overdue_rungs_are_left_to_a_person_who_escalates() -> None:
    policy = make_policy(rung(0, U1), rung(3, U3), rung(15, U2))
    changed = apply(paged_incident(OLD, 1), OLD, policy, "UM", NOW + 5 * MINUTE).incident
    assert page_next_rung(changed, paging(NOW + 6 * MINUTE, policy), "by hand").recipients.people == ("U3",)


def test_rungs_get_new_keys_so_that_pages_under_the_old_policy_block_none() -> None:
    policy = make_policy(rung(0, U1), rung(15, U3), rung(40, U2))
    changed = apply(paged_incident(OLD, 1, 2), OLD, policy, "UM", NOW + 16 * MINUTE).incident
    before = {deadline.dedup_key for deadline in plan(paged_incident(OLD), OLD) if deadline.rung}
    after = {deadline.dedup_key for deadline in plan(changed, policy) if deadline.rung}
    assert not before & after


def test_a_new_repeat_counts_from_now_and_an_unchanged_one_continues() -> None:
    policy = make_policy(rung(0, U1, repeat=5 * MINUTE), rung(15, U2))
    changed = apply(paged_incident(OLD, 1), OLD, policy, "UM", NOW + 12 * MINUTE).incident
    assert rungs(changed, policy)[0] == (1, 17)
    same = make_policy(rung(0, U1, repeat=5 * MINUTE), rung(20, U2))
    assert rungs(apply(changed, policy, same, "UM", NOW + 13 * MINUTE).incident, same)[0] == (1, 17)


def test_updates_are_due_by_the_new_cadence_and_promises_stay() -> None:
    policy = make_policy(*OLD.severities[0].ladder, update_every=15 * MINUTE)
    incident = paged_incident(OLD, 1)
    assert apply(incident, OLD, policy, "UM", NOW + 5 * MINUTE).incident.update_due_at == NOW + 15 * MINUTE
    assert apply(incident, OLD, policy, "UM", NOW + 20 * MINUTE).incident.update_due_at == NOW + 35 * MINUTE
    promised = verbs.promise(incident, 60 * MINUTE, "UM", NOW).incident
    assert apply(promised, OLD, policy, "UM", NOW + 5 * MINUTE).incident.update_due_at == NOW + 60 * MINUTE


def test_the_differences_are_recorded_in_words() -> None:
    trigger = Trigger("legal", "manual", rung(0, U3, by=("sms",)), "The authorities must be told")
    policy = make_policy(
        rung(0, U1), rung(3, U3), rung(15, U2, by=("slack", "sms")),
        respond_within=2 * MINUTE, update_every=None, roles=("scribe",), triggers=(trigger,),
    )  # fmt: skip
    (record,) = apply(paged_incident(OLD, 1), OLD, policy, "UM", NOW + 5 * MINUTE).entries
    assert (record.kind, record.key, record.actor) == ("policy", True, "UM")
    assert record.data["changes"] == [
        "to be acknowledged within 2m, not 10m (that time is over: nobody is paged for it)",
        "no longer a status update every 30m",
        "needed too: Scribe (nobody is Scribe)",
        "rung 1 of 3: user U1 by Slack at once: paged already",
        "rung 2 of 3: user U3 by Slack after 3m: its time is over, only `escalate` pages it now",
        "rung 3 of 3: user U2 by Slack, SMS after 15m",
        "one more reason to page: The authorities must be told (user U3 by SMS at once)",
    ]


def test_a_policy_without_the_incidents_severity_or_roles_is_refused() -> None:
    incident = verbs.assign(paged_incident(OLD, 1), "scribe", "UT", "UM", OLD, NOW).incident
    with pytest.raises(Refused, match="no role scribe, which <@UT> has") as caught:
        apply(incident, OLD, replace(make_policy(), roles=ROLES[:1]), "UM", NOW)
    assert caught.value.example == "role scribe none"
    with pytest.raises(Refused, match="has no sev1; it has sev2"):
        apply(paged_incident(OLD, 1), OLD, replace(make_policy(), severities=make_policy().severities[1:]), "UM", NOW)
    ended = verbs.resolve(paged_incident(OLD, 1), "UM", NOW).incident
    with pytest.raises(Refused, match="is resolved"):
        apply(ended, OLD, make_policy(), "UM", NOW)
