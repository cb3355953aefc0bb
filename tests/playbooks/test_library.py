"""Rules for every shipped playbook."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot import policy
from bot.domain.playbook.definition import Command, Playbook, Step
from playbooks import loader, values

LIBRARY = loader.shipped_library()
EVERY = pytest.mark.parametrize("one", LIBRARY.playbooks, ids=lambda one: one.id)
ORDER = [severity.key for severity in policy.preset("sev1-5").severities]

OF_THE_MISSION = {
    "000": ["api-outage", "model-degradation", "database-performance"],
    "001": ["api-high-error-rate", "provider-failover", "database-connection-issues"],
    "002": [
        "connection-pool-exhausted", "carrier-rate-limit", "memory-leak", "failed-deployment", "error-rate-mitigations",
        "latency-mitigations", "service-down-mitigations", "data-integrity", "security-breach",
    ],
    "003": [
        "service-restart", "database-failover", "cache-warmup", "traffic-rerouting", "certificate-renewal",
        "service-down-auto-recovery",
    ],
    "004": [
        "dashboard-outage", "database-outage", "redis-outage", "high-error-rate", "high-latency", "database-restore",
        "full-restart",
    ],
    "named and never defined": ["rate-limit-exhaustion", "capacity-exhaustion", "deployment-rollback"],
}  # fmt: skip
CHECKLISTS = [
    "first-checks", "first-five-minutes", "human-intervention", "information-gathering",
    "moving-in-cut-over", "post-incident", "response-activation", "response-phases", "war-room",
]  # fmt: skip

# What ends sessions, deletes, overwrites or interrupts everybody.
DESTRUCTIVE = re.compile(
    r"pg_terminate_backend|pg_cancel_backend|FLUSH(?:DB|ALL)|kubectl delete|pkill|REINDEX|CREATE INDEX|pg_promote"
    r"|RENAME TO|--vacuum|docker compose \S+ \S+ stop|restart -t 120 \{service\}|patch statefulset"
)
NEVER = re.compile(
    r"volume prune|docker-compose |FLUSHALL|rm -rf|pg_dump[^|]*\|[^|]*psql|kubectl exec -it|<[a-z-]+>|total_time"
    r"|REINDEX (?:TABLE|DATABASE) (?!CONCURRENTLY)|CREATE INDEX (?!CONCURRENTLY)|\?query=|logs -f |\bwatch -n"
)


def commands(one: Playbook) -> list[tuple[Step, Command]]:
    return [(step, command) for step in one.steps for command in (*step.commands, *step.rollback)]


def test_every_required_playbook_ships() -> None:
    shipped = {playbook.id for playbook in LIBRARY.playbooks if playbook.kind == "playbook"}
    assert shipped == {name for names in OF_THE_MISSION.values() for name in names}
    assert sorted(playbook.id for playbook in LIBRARY.playbooks if playbook.kind == "checklist") == CHECKLISTS


# What is true in every organisation: the release before, Redis's own port, a full disk's usual place, a look-back.
EVERYBODYS = {("revision", "0"), ("port", "6379"), ("keep", "500M"), ("path", "/var"), ("window", "24h"),
              ("weight", "100")}  # fmt: skip


@EVERY
def test_the_blanks_of_a_shipped_playbook_hold_nobodys_own_names(one: Playbook) -> None:
    """Hosts, namespaces, containers and sizes are asked for when it is opened."""
    assert {
        (parameter.name, parameter.default) for parameter in one.parameters if parameter.default is not None
    } <= EVERYBODYS


@EVERY
def test_no_line_of_a_playbook_speaks_of_the_document(one: Playbook) -> None:
    text = Path(one.file).read_text(encoding="utf-8")
    assert not re.search(r"\bthe document\b|\bthe document's\b|\bare ours\b|\bis ours\b", text, re.IGNORECASE)


@EVERY
def test_a_file_is_named_like_its_playbook(one: Playbook) -> None:
    assert Path(one.file).stem == one.id


@EVERY
def test_every_step_has_a_verification(one: Playbook) -> None:
    assert [step.title for step in one.steps if not step.verification] == []


@EVERY
def test_steps_with_approval_have_a_rollback(one: Playbook) -> None:
    asked = [step for step in one.steps if step.requires_approval]
    assert [step.title for step in asked if not step.rollback and not step.rollback_text] == []


@EVERY
def test_destructive_steps_are_dangerous_and_need_approval(one: Playbook) -> None:
    found = [step for step in one.steps for command in step.commands if DESTRUCTIVE.search(command.run)]
    assert [step.title for step in found if not (step.dangerous and step.requires_approval)] == []


@EVERY
def test_no_command_is_a_known_broken_one(one: Playbook) -> None:
    assert [command.run for _, command in commands(one) if NEVER.search(command.run)] == []


@EVERY
def test_every_playbook_has_owner_source_and_review_date(one: Playbook) -> None:
    assert one.owner
    assert one.sources
    assert one.last_reviewed
    if one.kind == "playbook":
        assert one.expected_duration
        assert one.symptoms
        assert one.escalation_criteria
        assert one.communication
        assert one.post_resolution
        assert one.prerequisites
        assert one.related


@EVERY
def test_commands_are_one_line_with_only_required_placeholders(one: Playbook) -> None:
    given = one.filled_values()
    required = {parameter.name for parameter in one.parameters if parameter.required}
    for _, command in commands(one):
        assert "\n" not in command.run
        assert {name for name in Command(command.filled_in(given)).placeholders} <= required
        if not command.needs_shell:
            assert command.argv({**given, **dict.fromkeys(required, "x")})


@EVERY
def test_no_destructive_step_is_automatic_unless_the_matrix_names_it(one: Playbook) -> None:
    for step in one.steps:
        if step.automation and step.dangerous:
            assert step.automation.action
            assert step.automation.confidence


@EVERY
def test_json_has_the_shape_that_other_programs_rely_on(one: Playbook) -> None:
    shown = values.as_json(one, ORDER)
    assert list(shown) == ["id", "name", "category", "severities", "symptoms", "phases"]
    assert set(shown["severities"]) <= set(ORDER)
    for phase in shown["phases"]:
        assert list(phase) == ["title", "steps"]
        for step in phase["steps"]:
            assert list(step) == ["title", "commands", "requires_approval", "rollback", "verification", "timeout_s"]
            assert isinstance(step["timeout_s"], int)


def test_ranks_map_to_the_severities_of_any_policy() -> None:
    one = LIBRARY.get("api-high-error-rate")
    found = {
        name: one.severities([severity.key for severity in policy.preset(name).severities]) for name in policy.PRESETS
    }
    assert found == {
        "sev1-5": ("sev1", "sev2", "sev3"),
        "severity-1-4": ("severity_1", "severity_2", "severity_3"),
        "p0-p3": ("p0", "p1", "p2"),
        "p0-p4": ("p0", "p1", "p2"),
        "level-1-4": ("level_1", "level_2", "level_3"),
    }


def test_the_recovery_of_003_keeps_its_timeouts_retries_and_figures() -> None:
    steps = {step.title: step for step in LIBRARY.get("service-down-auto-recovery").steps}
    assert steps["Verify the service's status"].timeout == timedelta(seconds=5)
    assert steps["Restart the service"].timeout == timedelta(seconds=30)
    assert steps["Restart the service"].requires_approval
    health = steps["Health check"].automation
    assert health is not None
    assert (health.retries, health.retry_every) == (3, timedelta(seconds=5))
    traffic = steps["Verify the traffic"].automation
    assert traffic is not None
    assert traffic.success is not None
    assert traffic.success.over == 100
