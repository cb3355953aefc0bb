"""Any sequence of legal verbs leaves a consistent incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.incident.status import ORDER, Status
from bot.domain.paging.ladder import page_next_rung
from bot.domain.timeline.entry import Entry
from tests.domain.policies import NOON, POLICY, paging

PEOPLE = st.sampled_from(["UA", "UB", "UC", "UPRIMARY"])
SEVERITIES = st.sampled_from([s.key for s in POLICY.severities])
STAMPS = ("acknowledged_at", "identified_at", "mitigated_at")


class Life(RuleBasedStateMachine):
    """Verbs in any order, with time passing; refused ones change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.entries: list[Entry] = []
        self.stamped: dict[str, datetime] = {}
        self.paged: list[tuple[int, str, int]] = []

    @initialize(severity=SEVERITIES)
    def declare(self, severity: str) -> None:
        change = verbs.declare(1, verbs.NewIncident("Checkout", severity, "UR"), POLICY, self.now)
        self.incident: Incident = change.incident
        self.entries += change.entries

    def apply(self, act: object) -> None:
        try:
            change: Change = act()  # type: ignore[operator]  # a thunk
        except Refused:
            return
        self.incident = change.incident
        self.entries += change.entries

    @rule(minutes=st.integers(0, 90))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(who=PEOPLE)
    def acknowledge(self, who: str) -> None:
        self.apply(lambda: verbs.acknowledge(self.incident, who, self.now))

    @rule(who=PEOPLE, status=st.sampled_from(list(Status)))
    def move(self, who: str, status: Status) -> None:
        self.apply(lambda: verbs.move(self.incident, status, who, POLICY, self.now))

    @rule(who=PEOPLE, severity=SEVERITIES)
    def severity(self, who: str, severity: str) -> None:
        self.apply(lambda: verbs.change_severity(self.incident, severity, who, POLICY, self.now))

    @rule(who=PEOPLE, role=st.sampled_from(["commander", "scribe", "expert"]))
    def assign(self, who: str, role: str) -> None:
        self.apply(lambda: verbs.assign(self.incident, role, who, who, POLICY, self.now))

    @rule(who=PEOPLE)
    def update(self, who: str) -> None:
        self.apply(lambda: verbs.update(self.incident, "words", who, POLICY, self.now))

    @rule(who=PEOPLE, minutes=st.integers(1, 300))
    def snooze(self, who: str, minutes: int) -> None:
        self.apply(lambda: verbs.snooze(self.incident, timedelta(minutes=minutes), who, self.now))

    @rule(who=PEOPLE)
    def end(self, who: str) -> None:
        self.apply(lambda: verbs.resolve(self.incident, who, self.now))

    @rule(who=PEOPLE)
    def reopen(self, who: str) -> None:
        self.apply(lambda: verbs.reopen(self.incident, who, POLICY, self.now, "again"))

    @rule()
    def page(self) -> None:
        if not self.incident.open:
            return
        outcome = page_next_rung(self.incident, paging(self.now), "x")
        self.incident = outcome.change.incident
        if outcome.rung is not None:
            self.paged.append((self.incident.episode, self.incident.severity, outcome.rung))

    @invariant()
    def a_stamp_is_set_once(self) -> None:
        for name in STAMPS:
            value = getattr(self.incident, name)
            if name in self.stamped:
                assert value == self.stamped[name]
            elif value is not None:
                self.stamped[name] = value

    @invariant()
    def no_deadline_outlives_the_incident(self) -> None:
        planned = plan(self.incident, POLICY)
        assert self.incident.open or not planned
        assert len({d.dedup_key for d in planned}) == len(planned)

    @invariant()
    def a_rung_is_notified_once(self) -> None:
        assert len(set(self.paged)) == len(self.paged)

    @invariant()
    def the_state_agrees_with_its_stamps(self) -> None:
        incident = self.incident
        assert (incident.resolved_at is not None) == (incident.status in (Status.RESOLVED, Status.CLOSED))
        assert (incident.closed_at is not None) == (incident.status is Status.CLOSED)
        if incident.status in ORDER[1:]:
            assert incident.acknowledged_at is not None
        assert all(role in {r.key for r in POLICY.roles} for role in incident.roles)
        assert incident.ladder.acknowledged_at is None or incident.acknowledged_by in incident.responders
        assert replace(incident) == incident

    @invariant()
    def updates_are_numbered_without_gaps(self) -> None:
        numbers = [e.data["number"] for e in self.entries if e.kind == "update"]
        assert numbers == list(range(1, len(numbers) + 1))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
