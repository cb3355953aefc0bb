"""Runs an incident through its reminders and pages under a policy, with the acts of people from its timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.deadlines import Deadline, plan
from bot.domain.incident import Change, Incident
from bot.domain.incident.declaration import NewIncident, declare
from bot.domain.lapsed import missed_target, reminder, rung, trigger
from bot.domain.lapsed.reminder_reason import Activity, decide_nudge
from bot.domain.outcome import Outcome
from bot.domain.paging.context import PagingContext
from bot.domain.policy.policy import Policy
from bot.domain.replay.acts import repeat
from bot.domain.replay.sending import Sending, sending_of
from bot.domain.routing.keys import DeadlineKind
from bot.domain.timeline.entry import BOT, Entry, is_from_person

MOST = 5_000  # deadlines of one incident: a policy that repeats a page every second ends somewhere
REMINDERS = frozenset({DeadlineKind.UPDATE, DeadlineKind.ROLE, DeadlineKind.COMMS})
ContextAt = Callable[[datetime], PagingContext]


@dataclass(slots=True)
class Simulation:
    """The incident as it would be, and what would have been sent so far."""

    incident: Incident
    policy: Policy
    context_at: ContextAt
    messages: Sequence[datetime]  # from people, in order
    decided: set[str]
    sent: list[Sending]

    def until(self, instant: datetime) -> None:
        """Let every deadline up to an instant lapse, in the order in which they are due."""
        for _ in range(MOST):
            due = [
                deadline
                for deadline in plan(self.incident, self.policy)
                if deadline.due_at <= instant and deadline.dedup_key not in self.decided
            ]
            if not due:
                return
            self._lapse(min(due, key=lambda deadline: (deadline.due_at, deadline.rung or 0, deadline.dedup_key)))

    def act(self, entry: Entry) -> None:
        """Let a person do what the timeline says they did."""
        self._take(repeat(self.incident, entry, self.context_at(entry.at)))

    def _lapse(self, deadline: Deadline) -> None:
        self.decided.add(deadline.dedup_key)
        context = self.context_at(max(deadline.due_at, self.incident.declared_at))
        kind = deadline.subject.kind if deadline.subject is not None else None
        if kind in REMINDERS:
            self._take(self._remind(deadline, str(kind), context))
        elif kind is DeadlineKind.RUNG:
            waiting = {planned.dedup_key for planned in plan(self.incident, self.policy)} - self.decided
            self._take(rung.decide(self.incident, deadline, waiting, context))
        elif kind in (DeadlineKind.RESPOND, DeadlineKind.MITIGATE):
            self._take(missed_target.decide(self.incident, deadline, context))
        elif kind is DeadlineKind.TRIGGER:
            self._take(trigger.decide(self.incident, deadline, context))

    def _remind(self, deadline: Deadline, kind: str, context: PagingContext) -> Outcome:
        now, since = context.now, context.now - self.policy.nudges.busy_within
        message_times = [at for at in self.messages if at <= now]
        activity = Activity(sum(at >= since for at in message_times), message_times[-1] if message_times else None)
        nudge = decide_nudge(self.incident, self.policy, kind, deadline.due_at, activity, now)
        waiting = [
            planned
            for planned in plan(self.incident, self.policy)
            if planned.subject is not None
            and planned.subject.kind in REMINDERS
            and planned.dedup_key not in self.decided
        ]
        if nudge.page:
            outcome = reminder.page_silence(self.incident, deadline, nudge, waiting, context)
        else:
            outcome = reminder.remind(self.incident, deadline, nudge, waiting, now)
        mentioned = tuple(nudge.mention)
        entries = tuple(
            replace(record, data={**record.data, "to": mentioned}) if record.kind == "reminder" else record
            for record in outcome.change.entries
        )
        return replace(outcome, change=Change(outcome.incident, entries))

    def _take(self, outcome: Outcome) -> None:
        self.incident = outcome.incident
        self.decided.update(decision.dedup_key for decision in outcome.ledger)
        for entry in outcome.change.entries:
            if (sending := sending_of(entry)) is not None:
                self.sent.append(replace(sending, to=tuple(entry.data.get("to") or sending.to)))


def simulate(
    past: Incident, entries: Sequence[Entry], policy: Policy, context_at: ContextAt, now: datetime
) -> list[Sending]:
    """The messages of the policy, if people had acted as they did. `entries` are the whole timeline."""
    began = next((entry for entry in entries if entry.kind == "declared"), None)
    new = NewIncident(
        past.title, _severity(past, began, policy), past.declared_by, past.description, past.category, past.services,
        past.private, detected_at=past.detected_at, facts=past.facts,
    )  # fmt: skip
    messages = sorted(entry.at for entry in entries if is_from_person(entry))
    incident = declare(past.number, new, policy, past.declared_at).incident
    running = Simulation(incident, policy, context_at, messages, set(), [])
    people = [entry for entry in entries if entry.actor != BOT and entry.kind not in ("declared", "message")]
    for entry in sorted(people, key=lambda entry: entry.at):
        running.until(entry.at)
        running.act(entry)
    end = past.closed_at or past.resolved_at
    running.until(now if past.open or end is None else end)
    return running.sent


def _severity(past: Incident, began: Entry | None, policy: Policy) -> str:
    """The severity it was declared with; the nearest by rank where the policy has no such key."""
    declared = str(began.data.get("severity", past.severity)) if began else past.severity
    keys = [level.key for level in policy.severities]
    if declared in keys:
        return declared
    digits = "".join(letter for letter in declared if letter.isdigit())
    return keys[min(len(keys) - 1, max(0, int(digits[:3]) - 1))] if digits else keys[0]
