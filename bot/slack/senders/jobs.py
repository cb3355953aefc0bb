"""Sends the messages about jobs: output, the question whether a step ran, and steps to roll back by hand.

A job is one execution of a playbook step by a runner.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.playbook.job import Job, JobState
from bot.domain.routing import playbook_runs
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import JobLeftoversPayload, JobPayload, JobSettledPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import job as blocks
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.playbooks.unit_of_work import load_run
from storage import jobs
from storage.outbox.payloads import read_payload

NO_SUCH_JOB = NotNeeded("there is no such job")


class JobSender(SenderBase):
    """Sends messages that show the job as it is at the time of sending."""

    @sends(NoticeKind.JOB_OUTPUT, failure="post what a step printed")
    async def output(self, delivery: Delivery) -> SendResult:
        """Post a job's output in the thread of its run."""
        if (job := await self._job(read_payload(delivery.notice, JobPayload).job)) is None:
            return NO_SUCH_JOB
        message = blocks.output(delivery.incident, await self._run_name(job), job)
        return await self._in_thread(delivery, job, message)

    @sends(NoticeKind.JOB_LEFTOVERS, failure="post what is left to roll back")
    async def leftovers(self, delivery: Delivery) -> SendResult:
        """Post the steps to roll back by hand in the thread of the run."""
        payload = read_payload(delivery.notice, JobLeftoversPayload)
        if (job := await self._job(payload.job)) is None:
            return NO_SUCH_JOB
        name = await self._run_name(job)
        message = blocks.manual_rollback(delivery.incident, name, payload.why, list(payload.lines))
        return await self._in_thread(delivery, job, message)

    @sends(NoticeKind.JOB_QUESTION, failure="ask whether a step has run")
    async def question(self, delivery: Delivery) -> SendResult:
        """Ask in the channel whether a job that was interrupted has run. Not posted once it is answered."""
        if (job := await self._job(read_payload(delivery.notice, JobPayload).job)) is None:
            return NO_SUCH_JOB
        if job.state is not JobState.MAY_HAVE_RUN:
            delivery = replace(delivery, unless="it was answered before it could be sent")
        async with self._context.database.reading() as conn:
            run, playbook = await load_run(conn, job.incident, job.walk)
        step = next(step for step in playbook.steps if step.key == job.step)
        return await self.post_in_channel(delivery, blocks.question(delivery.incident, run.name, job, step))

    @sends(NoticeKind.JOB_QUESTION_EDIT, failure="edit the question whether a step has run")
    async def question_edit(self, delivery: Delivery) -> SendResult:
        """Replace the question's buttons by the answer."""
        payload = read_payload(delivery.notice, JobSettledPayload)
        if (job := await self._job(payload.job)) is None:
            return NO_SUCH_JOB
        return await self.edit_posted(payload.of, blocks.question_over(job, payload.outcome))

    async def _in_thread(self, delivery: Delivery, job: Job, message: Message) -> SendResult:
        """Post under the run's message; in the incident's channel if the run's message was never posted."""
        parent = playbook_runs.run_posted(job.incident, job.walk)
        return await self.post_in_thread(delivery, await self.posted(parent.dedup_key), message, parent)

    async def _job(self, job_id: int) -> Job | None:
        async with self._context.database.reading() as conn:
            return await jobs.get(conn, job_id)

    async def _run_name(self, job: Job) -> str:
        async with self._context.database.reading() as conn:
            run, _ = await load_run(conn, job.incident, job.walk)
        return run.name
