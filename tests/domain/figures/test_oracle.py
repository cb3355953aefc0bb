"""The figures equal those of an independent oracle, which counts actions instead of stored rows."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts.rates import rates
from bot.domain.figures.report import ActivityCounts, Period, Report, Scope, report
from bot.domain.incident import Incident, NewIncident, acknowledge, cancel, declare, reopen, resolve
from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.times import correct
from tests.domain.policies import NOON, POLICY

HISTORIES = 1000
END = NOON + timedelta(days=40)
PERIOD = Period(NOON + timedelta(days=5), NOON + timedelta(days=35))


@dataclass
class Told:
    """What the oracle knows of an incident, in minutes."""

    severity: str
    detected: float
    drill: bool
    cancelled: bool = False
    reopened: bool = False
    acknowledged: float | None = None
    resolved: float | None = None


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def history(number: int, chance: random.Random) -> tuple[Incident, Told]:
    clock = chance.uniform(0, 39 * 1440)
    told = Told(chance.choice(["fatal", "bad", "mild"]), clock, drill=chance.random() < 0.1)
    incident = declare(number, NewIncident("It is down", told.severity, "U1"), POLICY, at(clock)).incident
    incident = replace(incident, drill=told.drill)

    def later() -> float:
        nonlocal clock
        clock += chance.expovariate(1 / 20)
        return clock

    if chance.random() < 0.9:
        told.acknowledged = later()
        incident = acknowledge(incident, "U2", at(told.acknowledged)).incident
    if chance.random() < 0.1:
        told.cancelled = True
        return cancel(incident, "U2", at(later()), "False alarm").incident, told
    if chance.random() < 0.9:
        told.resolved = later()
        incident = resolve(incident, "U2", at(told.resolved)).incident
        if told.acknowledged is None:
            told.acknowledged = told.resolved if incident.acknowledged_at else None
        if chance.random() < 0.2:
            told.reopened, told.resolved = True, None
            incident = reopen(incident, "U2", POLICY, at(later()), "It is back").incident
            if chance.random() < 0.7:
                told.resolved = later()
                incident = resolve(incident, "U2", at(told.resolved)).incident
    if told.resolved is not None and chance.random() < 0.2:
        told.resolved += 1
        clock += 1
        incident = correct(
            incident, {"resolved_at": at(told.resolved)}, "The graph says so", "U2", at(later() + 1)
        ).incident
    return incident, told


def fact(incident: Incident) -> IncidentFact:
    return IncidentFact(**{name: getattr(incident, name) for name in IncidentFact._fields if name != "teams"})


def figures() -> tuple[Report, list[Told]]:
    chance = random.Random(4)
    histories = [history(number, chance) for number in range(1, HISTORIES + 1)]
    facts = [fact(incident) for incident, _ in histories]
    told = [each for _, each in histories if PERIOD.start <= at(each.detected) < PERIOD.end]
    return report(facts, Scope(PERIOD), POLICY, END, ActivityCounts(rates([], facts))), told


def test_figures_of_a_thousand_generated_histories_equal_those_of_the_oracle() -> None:
    counted, told = figures()
    real = [each for each in told if not each.drill]
    kept = [each for each in real if not each.cancelled]
    assert counted.drills == sum(each.drill for each in told) > 0
    assert counted.cancelled == sum(each.cancelled for each in real) > 0
    assert counted.incidents == len(kept) > 400
    assert counted.reopened == sum(each.reopened for each in kept) > 0
    assert counted.resolved == sum(each.resolved is not None for each in kept)
    for severity in ("fatal", "bad", "mild"):
        assert counted.by_severity[severity] == sum(each.severity == severity for each in kept)
    for name, ends in (
        ("acknowledge_s", [(each.detected, each.acknowledged) for each in kept]),
        ("resolve_s", [(each.detected, each.resolved) for each in kept]),
    ):
        seconds = [(end - begin) * 60 for begin, end in ends if end is not None]
        quantiles = statistics.quantiles(seconds, n=20, method="inclusive")
        spread = counted.spans[name]
        assert spread.n == len(seconds)
        for found, expected in (
            (spread.median, statistics.median(seconds)),
            (spread.p75, quantiles[14]),
            (spread.p95, quantiles[18]),
            (spread.mean, statistics.mean(seconds)),
        ):
            assert found is not None
            assert abs(found - expected) < 0.001


def test_nothing_is_negative_even_where_times_contradict_each_other() -> None:
    incident = declare(1, NewIncident("It is down", "bad", "U1"), POLICY, NOON).incident
    odd = fact(incident)._replace(resolved_at=NOON - timedelta(hours=1), started_at=NOON + timedelta(hours=1))
    counted = report([odd], Scope(Period(NOON, END)), POLICY, END, ActivityCounts(rates([], [])))
    assert counted.spans["resolve_s"].median == counted.spans["detect_s"].median == 0
