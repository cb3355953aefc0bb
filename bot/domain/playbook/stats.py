"""Computes statistics of a playbook's runs, and when its owner has to review it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun, StepStatus
from bot.domain.policy.policy import Contact, fold_name
from bot.domain.values import durations


@dataclass(frozen=True, slots=True)
class RunStats:
    """Statistics of one playbook's runs. Drills do not count."""

    playbook: str  # ID
    used: int = 0  # runs opened
    ended: int = 0
    succeeded: int = 0  # finished with at least one step done, and not judged unhelpful
    mean: timedelta | None = None  # duration of the runs that succeeded
    last_used_at: datetime | None = None
    last_reviewed: date | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)  # by step key, for the current version of the playbook

    @property
    def success_rate(self) -> float | None:
        """The share of ended runs that succeeded. None if none has ended."""
        return self.succeeded / self.ended if self.ended else None


def run_stats(playbook: Playbook, runs: Sequence[PlaybookRun]) -> RunStats:
    """Count the runs of a playbook."""
    counted = [run for run in runs if not run.drill]
    succeeded = [run for run in counted if _has_succeeded(run)]
    took = [run.ended_at - run.opened_at for run in succeeded if run.ended_at]
    skipped = Counter(
        step.key
        for run in counted
        if run.digest == playbook.digest
        for step in run.steps
        if step.state is StepStatus.SKIPPED
    )
    return RunStats(
        playbook=playbook.id,
        used=len(counted),
        ended=sum(not run.active for run in counted),
        succeeded=len(succeeded),
        mean=sum(took, timedelta()) / len(took) if took else None,
        last_used_at=max((run.opened_at for run in counted), default=None),
        last_reviewed=playbook.last_reviewed,
        skipped=dict(skipped),
    )


def _has_succeeded(run: PlaybookRun) -> bool:
    has_done_step = any(step.settled and step.state is not StepStatus.SKIPPED for step in run.steps)
    return run.outcome == "finished" and run.helped is not False and has_done_step


def stats_line(stats: RunStats, now: datetime) -> str:
    """One line for the person who opens the playbook; empty if it was never used."""
    if not stats.used or stats.last_used_at is None:
        return ""
    times = "once" if stats.used == 1 else f"{stats.used} times"
    parts = [f"Used {times} before, last {durations.ago(now - stats.last_used_at)}"]
    if stats.ended:
        parts.append(f"{stats.succeeded} of {stats.ended} successfully")
    if stats.mean:
        parts.append(f"{durations.approximate(stats.mean)} on average")
    return ", ".join(parts)


def owner_of(playbook: Playbook, contacts: Mapping[str, Contact]) -> Contact | None:
    """The contact that the playbook names as its owner, by key or name. None without an owner or such a contact."""
    owner = fold_name(playbook.owner)
    if not owner:
        return None
    return next(
        (contact for contact in contacts.values() if owner in (fold_name(contact.key), fold_name(contact.name))), None
    )


def review_due(playbook: Playbook, every: timedelta | None, today: date) -> int | None:
    """The number of review periods since the last review. None if it is not due or was never reviewed."""
    if every is None or playbook.last_reviewed is None:
        return None
    periods = (today - playbook.last_reviewed) // every
    return periods if periods >= 1 else None
