"""What is told of jobs, and where."""

from __future__ import annotations

from bot.domain.playbook.job import Job
from bot.domain.playbook.run import PlaybookRun
from bot.domain.routing.channel import channel_of
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import JobLeftoversPayload, JobPayload, JobSettledPayload
from bot.domain.routing.playbook_runs import walk_of


def output(job: Job) -> Notice:
    """What it printed and how it ended, in the thread of its walk."""
    return Notice(
        f"job:{job.id}:output:{job.attempts}", NoticeKind.JOB_OUTPUT, job.incident,
        JobPayload(job.walk, job.id).to_json(),
        depends_on=walk_of(job.incident, job.walk),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NEWS,
    )  # fmt: skip


def question(job: Job) -> Notice:
    """It may have run: in the channel, where somebody sees it."""
    return Notice(
        f"job:{job.id}:question", NoticeKind.JOB_QUESTION, job.incident, JobPayload(job.walk, job.id).to_json(),
        depends_on=channel_of(job.incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CHANNEL,
    )  # fmt: skip


def question_over(job: Job, outcome: str) -> Notice:
    of = f"job:{job.id}:question"
    return Notice(
        f"settle:{of}", NoticeKind.JOB_QUESTION_EDIT, job.incident, JobSettledPayload(job.id, of, outcome).to_json(),
        depends_on=of, priority=Priority.EDIT,
    )  # fmt: skip


def left(job: Job, walk: PlaybookRun, why: str, lines: list[str]) -> Notice:
    """What has to be taken back by hand, in the thread of the walk."""
    return Notice(
        f"job:{job.id}:left:{walk.number}:{walk.step(job.step).turns}", NoticeKind.JOB_LEFTOVERS, job.incident,
        JobLeftoversPayload(walk.number, job.id, why, tuple(lines)).to_json(),
        depends_on=walk_of(job.incident, walk.number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CHANNEL,
    )  # fmt: skip
