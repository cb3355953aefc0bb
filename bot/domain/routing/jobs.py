"""Builds the notices about jobs (executions of playbook steps by a runner): output, questions, rollbacks by hand."""

from __future__ import annotations

from bot.domain.playbook.job import Job
from bot.domain.playbook.run import PlaybookRun
from bot.domain.routing.channel import channel_key
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import JobLeftoversPayload, JobPayload, JobSettledPayload
from bot.domain.routing.playbook_runs import run_message_key


def output(job: Job) -> Notice:
    """A message with the job's output and how it ended, in the thread of its run."""
    return Notice(
        f"job:{job.id}:output:{job.attempts}", NoticeKind.JOB_OUTPUT, job.incident,
        JobPayload(job.walk, job.id).to_json(),
        depends_on=run_message_key(job.incident, job.walk),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NEWS,
    )  # fmt: skip


def question(job: Job) -> Notice:
    """A question in the channel whether an interrupted job has run."""
    return Notice(
        f"job:{job.id}:question", NoticeKind.JOB_QUESTION, job.incident, JobPayload(job.walk, job.id).to_json(),
        depends_on=channel_key(job.incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CHANNEL,
    )  # fmt: skip


def question_over(job: Job, outcome: str) -> Notice:
    """An edit of that question, once a person has answered it."""
    of = f"job:{job.id}:question"
    return Notice(
        f"settle:{of}", NoticeKind.JOB_QUESTION_EDIT, job.incident, JobSettledPayload(job.id, of, outcome).to_json(),
        depends_on=of, priority=Priority.BUTTONS,
    )  # fmt: skip


def leftovers(job: Job, run: PlaybookRun, why: str, lines: list[str]) -> Notice:
    """A message that lists the steps to roll back by hand, in the thread of the run."""
    return Notice(
        f"job:{job.id}:left:{run.number}:{run.step(job.step).turns}", NoticeKind.JOB_LEFTOVERS, job.incident,
        JobLeftoversPayload(run.number, job.id, why, tuple(lines)).to_json(),
        depends_on=run_message_key(job.incident, run.number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CHANNEL,
    )  # fmt: skip
