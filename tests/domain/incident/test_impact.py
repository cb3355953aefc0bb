"""Impact: its changes, their entries, and their words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import Refused
from bot.domain.incident.impact import ImpactInput, describe, record
from bot.domain.incident.status import Status
from tests.storage.helpers import NOW, incident


def test_only_the_given_parts_of_the_impact_change() -> None:
    before = incident(services=("web",), regions=("eu",), facts={"users": 10.0, "data_loss": True})
    impact = ImpactInput(services=("web", "api"), facts={"revenue": 12000.0, "users": 40.0, "data_loss": None})
    change = record(before, impact, "U1", NOW)
    assert change.incident.services == ("web", "api")
    assert change.incident.regions == ("eu",)
    assert change.incident.facts == {"users": 40.0, "revenue": 12000.0}
    (entry,) = change.entries
    assert entry.text == "services: web, api; 40 % of users; 12,000 of revenue lost; no longer: data may be lost"
    assert entry.key


def test_repeating_what_is_known_records_nothing() -> None:
    before = incident(facts={"users": 10.0})
    assert record(before, ImpactInput(services=(), facts={"users": 10.0, "sla_breach": None}), "U1", NOW).entries == ()


def test_impact_can_change_after_the_end_except_of_a_false_alarm() -> None:
    over = replace(incident(), status=Status.RESOLVED)
    assert record(over, ImpactInput(facts={"sla_breach": True}), "U1", NOW).entries[0].data["told"] is False
    with pytest.raises(Refused):
        record(replace(over, status=Status.CANCELLED), ImpactInput(regions=("eu",)), "U1", NOW)


def test_figures_read_before_flags() -> None:
    facts = {
        "customers_told": True,
        "latency": 2.5,
        "users": 5.0,
        "sla_breach": True,
        "revenue": 1500.5,
        "queue_depth": 900.0,
    }
    assert describe(facts) == [
        "5 % of users", "2.5× slower", "1,500.5 of revenue lost", "queue depth 900",
        "SLA breached", "customers are told",
    ]  # fmt: skip
