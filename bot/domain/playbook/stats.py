"""How a playbook has fared, from its walks: used, with success, how long it took, what people skip. And whose it is."""

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
    """`used`: opened outside drills. `succeeded`: walked to the end, something done on the way, and nobody
    said that it did not help. `mean`: of
    those, from opening to the end. `skipped`: by the keys of steps, of the playbook as it is now.
    """

    playbook: str
    used: int = 0
    ended: int = 0
    succeeded: int = 0
    mean: timedelta | None = None
    last_used_at: datetime | None = None
    last_reviewed: date | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def success_rate(self) -> float | None:
        """The share of walks that ended well; None where none has ended."""
        return self.succeeded / self.ended if self.ended else None


def run_stats(playbook: Playbook, runs: Sequence[PlaybookRun]) -> RunStats:
    """Of all its walks; drills are left out."""
    counted = [run for run in runs if not run.drill]
    well = [run for run in counted if _succeeded(run)]
    took = [run.ended_at - run.opened_at for run in well if run.ended_at]
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
        succeeded=len(well),
        mean=sum(took, timedelta()) / len(took) if took else None,
        last_used_at=max((run.opened_at for run in counted), default=None),
        last_reviewed=playbook.last_reviewed,
        skipped=dict(skipped),
    )


def _succeeded(run: PlaybookRun) -> bool:
    done = any(step.settled and step.state is not StepStatus.SKIPPED for step in run.steps)
    return run.outcome == "finished" and run.helped is not False and done


def stats_line(stats: RunStats, now: datetime) -> str:
    """One line for whoever opens it; empty where it was never used."""
    if not stats.used or stats.last_used_at is None:
        return ""
    times = "once" if stats.used == 1 else f"{stats.used} times"
    parts = [f"Used {times} before, last {durations.ago(now - stats.last_used_at)}"]
    if stats.ended:
        parts.append(f"{stats.succeeded} of {stats.ended} with success")
    if stats.mean:
        parts.append(f"{durations.approximate(stats.mean)} on average")
    return ", ".join(parts)


def owner_of(playbook: Playbook, contacts: Mapping[str, Contact]) -> Contact | None:
    """The contact whom the playbook names, by key or name."""
    wanted = fold_name(playbook.owner)
    if not wanted:
        return None
    return next((one for one in contacts.values() if wanted in (fold_name(one.key), fold_name(one.name))), None)


def review_due(playbook: Playbook, every: timedelta | None, today: date) -> int | None:
    """How many periods have gone by since the last review; None where it is not due, or nobody ever reviewed it."""
    if every is None or playbook.last_reviewed is None:
        return None
    periods = (today - playbook.last_reviewed) // every
    return periods if periods >= 1 else None
