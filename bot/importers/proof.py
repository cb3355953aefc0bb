"""Compares who is on call at every minute by the policy and by the source's own rendering of its schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.oncall.schedule import Override, shifts
from bot.domain.policy.policy import Policy
from bot.importers.account import NOBODY, Account, Participant, Schedule
from bot.importers.compose.draft import Cover
from bot.importers.plan import Plan

PAST = timedelta(days=30)
_NEAR_CLOCKS = timedelta(hours=3)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Duty:
    """A time during which the source has somebody on call."""

    participant: Participant
    starts_at: datetime
    ends_at: datetime


Rendering = Mapping[str, Sequence[Duty]]  # by the ID of the schedule at the source
_Spell = tuple[str, datetime, datetime]  # who, from, until


@dataclass(frozen=True, slots=True)
class Difference:
    """A time span in which the policy and the source put different people on call."""

    schedule: str
    starts_at: datetime
    ends_at: datetime
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    cause: str

    @property
    def minutes(self) -> int:
        """The length of the span in minutes."""
        return int((self.ends_at - self.starts_at) / _MINUTE)

    def as_json(self) -> dict[str, Any]:
        """The difference as JSON."""
        return {
            "schedule": self.schedule, "from": _rfc3339(self.starts_at), "to": _rfc3339(self.ends_at),
            "ours": list(self.ours), "theirs": list(self.theirs), "cause": self.cause,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of a comparison."""

    source: str
    starts_at: datetime
    ends_at: datetime
    equal_minutes: int
    total_minutes: int
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """The proof as JSON."""
        return {
            "source": self.source, "from": _rfc3339(self.starts_at), "to": _rfc3339(self.ends_at),
            "equal_minutes": self.equal_minutes, "total_minutes": self.total_minutes,
            "differences": [difference.as_json() for difference in self.differences],
        }  # fmt: skip


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def window(now: datetime, days: int) -> tuple[datetime, datetime]:
    """From thirty days ago to `days` ahead, at the minute."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return minute - PAST, minute + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class PolicyCoverage:
    """Tocsin's people on call: the policy with the planned additions, and the recorded covers, oldest first."""

    policy: Policy
    covers: tuple[Override, ...] = ()

    def with_plan(self, plan: Plan) -> tuple[Override, ...]:
        """The covers that the import records, then the others; a cover that a person took in Tocsin outranks them."""
        planned = overrides_of(plan.covers)
        return (*planned, *(cover for cover in self.covers if cover not in planned))


def prove(
    account: Account,
    plan: Plan,
    coverage: PolicyCoverage,
    rendering: Rendering,
    span: tuple[datetime, datetime],
    now: datetime,
) -> Proof:
    """Compare every schedule of the account over a span of time."""
    start, end = span
    covers = coverage.with_plan(plan)
    differences: list[Difference] = []
    total = equal = 0
    causes = _Causes(account, plan, now, covers[len(plan.covers) :])
    for schedule in sorted(account.schedules, key=lambda schedule: schedule.origin.name):
        key = plan.schedules.get(schedule.origin.id)
        duties = _policy_spells(coverage.policy, covers, key, start, end)
        spells = _source_spells(rendering.get(schedule.origin.id, ()), plan, start, end)
        for since, until, policy_people, source_people in _compare(duties, spells, start, end):
            minutes = int((until - since) / _MINUTE)
            total += minutes
            if policy_people == source_people:
                equal += minutes
                continue
            cause = causes.of(schedule, since, until, policy_people, source_people)
            differences.append(
                Difference(key or schedule.origin.name, since, until, policy_people, source_people, cause)
            )
    return Proof(account.source, start, end, equal, total, tuple(differences))


def overrides_of(covers: Iterable[Cover]) -> tuple[Override, ...]:
    """The covers as overrides of the domain."""
    return tuple(
        Override(cover.schedule, cover.member, cover.starts_at, cover.ends_at, cover.layer) for cover in covers
    )


def _policy_spells(
    policy: Policy, covers: Iterable[Override], key: str | None, start: datetime, end: datetime
) -> list[_Spell]:
    schedule = policy.schedules.get(key) if key is not None else None
    if schedule is None:
        return []
    own = [cover for cover in covers if cover.schedule == key]
    return [(shift.member, shift.starts_at, shift.ends_at) for shift in shifts(schedule, start, end, own)]


def _source_spells(duties: Iterable[Duty], plan: Plan, start: datetime, end: datetime) -> list[_Spell]:
    spells = []
    for duty in duties:
        since, until = max(_at_the_minute(duty.starts_at), start), min(_at_the_minute(duty.ends_at), end)
        if since < until:
            spells += [(name, since, until) for name in names_of(duty.participant, plan)]
    return spells


def _at_the_minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def names_of(participant: Participant, plan: Plan) -> tuple[str, ...]:
    """The keys of the contacts that a participant of the source stands for; its own name if there is no contact."""
    if participant == NOBODY:
        return ()
    if participant.kind == "team":
        return plan.team_people.get(participant.id, (participant.name or participant.id,))
    return (plan.people.get(participant.id, participant.name or participant.id),)


def _compare(
    policy_spells: list[_Spell], source_spells: list[_Spell], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, tuple[str, ...], tuple[str, ...]]]:
    """Split the span wherever the people on either side change: (from, until, policy's people, source's people)."""
    policy_at, source_at = _on_duty(policy_spells), _on_duty(source_spells)
    since, before = start, (policy_at(start), source_at(start))
    for at in sorted({at for _, *ends in (*policy_spells, *source_spells) for at in ends if start < at < end}):
        now = (policy_at(at), source_at(at))
        if now != before:
            yield since, at, *before
            since, before = at, now
    yield since, end, *before


def _on_duty(spells: list[_Spell]) -> Callable[[datetime], tuple[str, ...]]:
    """A function of an instant that returns the people on duty; call it in order of time."""
    waiting = sorted(spells, key=lambda spell: spell[1], reverse=True)
    running: list[_Spell] = []

    def at_instant(at: datetime) -> tuple[str, ...]:
        while waiting and waiting[-1][1] <= at:
            running.append(waiting.pop())
        running[:] = [spell for spell in running if spell[2] > at]
        return tuple(sorted({spell[0] for spell in running}))

    return at_instant


@dataclass(slots=True)
class _Causes:
    """Explains why the policy and the source differ."""

    account: Account
    plan: Plan
    now: datetime
    taken_here: tuple[Override, ...] = ()

    def of(
        self,
        schedule: Schedule,
        since: datetime,
        until: datetime,
        policy_people: tuple[str, ...],
        source_people: tuple[str, ...],
    ) -> str:
        """The most probable cause of a difference, in words."""
        if schedule.origin.id not in self.plan.schedules:
            return f"not moved: {schedule.row().why}"
        known_people = {person for people in self.plan.team_people.values() for person in people} | set(
            self.plan.people.values()
        )
        if strangers := sorted(set(source_people) - known_people):
            if set(strangers) <= {origin.origin.name for origin in (*self.account.ladders, *self.account.schedules)}:
                return f"{', '.join(strangers)} takes turns there, which a schedule cannot here: write people instead"
            return f"nobody in the policy is {', '.join(strangers)}"
        key = self.plan.schedules[schedule.origin.id]
        if any(
            cover.schedule == key and cover.starts_at < until and cover.ends_at > since for cover in self.taken_here
        ):
            return f"a cover that is recorded here and not in {self.account.source}"
        if why := self._notes(schedule, since, until):
            return why
        if until <= self.now:
            return f"in the past: the schedule was changed in {self.account.source} since"
        if _clocks_change(schedule.timezone, since, until):
            return f"the clocks of {schedule.timezone} change"
        return f"unknown: {self.account.source} renders it differently than its settings say"

    def _notes(self, schedule: Schedule, since: datetime, until: datetime) -> str:
        """The report's notes on the schedule, its rotations, and its overrides in that span."""
        source_objects = [schedule, *schedule.rotations]
        source_objects += [
            override for override in schedule.overrides
            if override.starts_at is None or override.ends_at is None
            or (override.starts_at < until and override.ends_at > since)
        ]  # fmt: skip
        whys = [
            f"{source_object.origin.kind} {source_object.origin.name}: {note.why}"
            for source_object in source_objects
            for note in source_object.notes
            if not note.moved
        ]
        return "; ".join(dict.fromkeys(whys))


def _clocks_change(zone: str, since: datetime, until: datetime) -> bool:
    """Whether the clocks change near one end of a span."""
    local = ZoneInfo(zone)
    return any(
        (at - _NEAR_CLOCKS).astimezone(local).utcoffset() != (at + _NEAR_CLOCKS).astimezone(local).utcoffset()
        for at in (since, until)
    )
