"""Deadlines: which are planned for an incident, and why they are withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan, withdrawal_reason
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Rung, Trigger, Until
from bot.domain.values.durations import BusinessDays
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import MILD, MINUTE, NOON, POLICY


def due(incident: Incident) -> dict[tuple[str, int | None], datetime]:
    return {(d.kind, d.rung): d.due_at for d in plan(incident, POLICY)}


def test_a_declaration_plans_updates_roles_targets_and_rungs() -> None:
    assert due(new_incident()) == {
        ("update", None): NOON + 15 * MINUTE,
        ("role", None): NOON + 5 * MINUTE,
        ("acknowledge", None): NOON + 5 * MINUTE,
        ("mitigate", None): NOON + 30 * MINUTE,
        ("acknowledge", 1): NOON,
        ("acknowledge", 2): NOON + 10 * MINUTE,
        ("mitigate", 3): NOON + 60 * MINUTE,
    }


def test_a_severity_that_asks_for_nothing_has_no_deadlines() -> None:
    assert plan(new_incident("mild"), POLICY) == ()


def test_acknowledging_withdraws_only_what_waited_for_it() -> None:
    acknowledged = verbs.acknowledge(new_incident(), "UA", NOON + MINUTE).incident
    assert set(due(acknowledged)) == {("update", None), ("role", None), ("mitigate", None), ("mitigate", 3)}


def test_a_drill_has_the_same_deadlines() -> None:
    assert due(replace(new_incident(), drill=True)) == due(new_incident())


@pytest.mark.parametrize("end", ["resolve", "close", "cancel"])
def test_no_deadline_outlives_the_incident(end: str) -> None:
    change = {
        "resolve": lambda: verbs.resolve(new_incident(), "UA", NOON),
        "close": lambda: verbs.close(new_incident(), "UA", NOON),
        "cancel": lambda: verbs.cancel(new_incident(), "UA", NOON, "false alarm"),
    }[end]()
    assert plan(change.incident, POLICY) == ()


def test_mitigation_withdraws_the_target_but_no_rung_until_resolved() -> None:
    monitoring = verbs.move(new_incident(), Status.MONITORING, "UA", POLICY, NOON + MINUTE).incident
    assert set(due(monitoring)) == {("update", None), ("role", None), ("mitigate", 3)}


def test_lowering_the_severity_plans_no_overdue_rung() -> None:
    lowered = verbs.change_severity(new_incident(), "bad", "UA", POLICY, NOON + 16 * MINUTE).incident
    rungs = {key for key in due(lowered) if key[1]}
    assert rungs == {("acknowledge", 2)}
    assert ("acknowledge", None) not in due(lowered)


def test_a_snooze_moves_reminders_and_no_pages() -> None:
    before = new_incident()
    after = verbs.snooze(before, timedelta(hours=3), "UA", NOON).incident
    moved = {key for key in due(before) if due(after)[key] != due(before)[key]}
    assert moved == {("update", None), ("role", None)}


UPDATED = verbs.update(new_incident(), "rolled back", "UA", POLICY, NOON).incident
LOWERED = verbs.change_severity(new_incident(), "bad", "UA", POLICY, NOON).incident
MILDER = verbs.change_severity(new_incident(), "mild", "UA", POLICY, NOON).incident
MONITORING = verbs.move(verbs.acknowledge(new_incident(), "UA", NOON).incident, Status.MONITORING, "UA", POLICY, NOON)


@pytest.mark.parametrize(
    ("dedup_key", "before", "after", "reason"),
    [
        ("update:1:1:0:0", new_incident(), UPDATED, "answered by update #1"),
        ("update:1:1:0:0", new_incident(), replace(new_incident(), unanswered=1), "superseded"),
        ("role:1:1:0:scribe", new_incident(), UPDATED, "the roles changed"),
        ("role:1:1:0:scribe", new_incident(), LOWERED, "the severity is now bad"),
        ("update:1:1:0:0", new_incident(), MILDER, "the severity is now mild"),
        ("shift:1:1:commander:UA:primary:1", new_incident(), UPDATED, "the role, or the schedule, changed"),
        ("rung:1:1:fatal:2", new_incident(), LOWERED, "the severity is now bad"),
        (
            "rung:1:1:fatal:2", new_incident(), verbs.acknowledge(new_incident(), "UACK", NOON).incident,
            "acknowledged by <@UACK>",
        ),
        (
            "respond:1:1:fatal", new_incident(), verbs.acknowledge(new_incident(), "ann@example.com", NOON).incident,
            "acknowledged by ann@example.com",
        ),
        (
            "mitigate:1:1:fatal", verbs.acknowledge(new_incident(), "UA", NOON).incident, MONITORING.incident,
            "mitigated",
        ),
        (
            "rung:1:1:fatal:2", new_incident(), replace(new_incident(), policy="new"),
            "another policy was applied to the incident",
        ),
        (
            "rung:1:1:fatal:2", new_incident(), verbs.resolve(new_incident(), "UA", NOON).incident,
            "the incident is resolved",
        ),
    ],
)  # fmt: skip
def test_a_withdrawn_deadline_has_its_reason(dedup_key: str, before: Incident, after: Incident, reason: str) -> None:
    assert withdrawal_reason(dedup_key, before, after) == reason


def test_every_span_counts_business_days_in_the_policys_time_zone() -> None:
    """Friday 17:30 in Los Angeles is Saturday in UTC."""
    zone = ZoneInfo("America/Los_Angeles")
    friday, monday = (datetime(2026, 3, day, 17, 30, tzinfo=zone) for day in (27, 30))
    day = BusinessDays(1)
    level = replace(
        MILD, respond_within=day, update_every=day, escalate_after=day, resolve_within=day, roles=("commander",)
    )
    overdue = Trigger(
        "overdue", "target_exceeded", Rung(timedelta(0), (Target.parse("user:UA"),), until=Until.RESOLVED)
    )
    policy = replace(POLICY, severities=(level,), timezone=zone.key, triggers=(overdue,))
    incident = verbs.declare(1, verbs.NewIncident("Slow", "mild", "UA"), policy, friday.astimezone(UTC)).incident
    deadlines = plan(incident, policy)
    assert {deadline.due_at for deadline in deadlines} == {monday}
    assert {deadline.kind for deadline in deadlines} == {"update", "role", "acknowledge", "mitigate"}
    assert len(deadlines) == 5  # the trigger's page, too
    updated = verbs.update(incident, "still slow", "UA", policy, friday.astimezone(UTC)).incident
    assert updated.update_due_at == monday
