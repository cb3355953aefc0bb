"""Messages about jobs: what a step printed, whether it ran, and what is left to roll back by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.errors import NotNeeded
from bot.domain.playbook.job import Job, JobState
from bot.domain.routing import walk_of
from bot.domain.routing.notice import NoticeKind
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import job as blocks
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.playbooks.unit_of_work import found
from storage import jobs


class JobSender(SenderBase):
    """Renders the job as it is when the message is sent."""

    @sends(NoticeKind.JOB_OUTPUT, failure="post what a step printed")
    async def output(self, delivery: Delivery) -> dict[str, Any]:
        job = await self._job(delivery)
        message = blocks.output(delivery.incident, await self._run_name(job), job)
        return await self._in_thread(delivery, job, message)

    @sends(NoticeKind.JOB_LEFTOVERS, failure="post what is left to roll back")
    async def leftovers(self, delivery: Delivery) -> dict[str, Any]:
        job, payload = await self._job(delivery), delivery.notice.payload
        name = await self._run_name(job)
        message = blocks.left(delivery.incident, name, job, payload["why"], payload["lines"])
        return await self._in_thread(delivery, job, message)

    @sends(NoticeKind.JOB_QUESTION, failure="ask whether a step has run")
    async def question(self, delivery: Delivery) -> dict[str, Any]:
        job = await self._job(delivery)
        if job.state is not JobState.MAY_HAVE_RUN:
            delivery = replace(delivery, unless="it was answered before it could be sent")
        async with self._context.database.reading() as conn:
            run, playbook = await found(conn, job.incident, job.walk)
        step = next(step for step in playbook.steps if step.key == job.step)
        return await self.post_in_channel(delivery, blocks.question(delivery.incident, run.name, job, step))

    @sends(NoticeKind.JOB_QUESTION_EDIT, failure="edit the question whether a step has run")
    async def question_edit(self, delivery: Delivery) -> dict[str, Any]:
        payload = delivery.notice.payload
        receipt = await self.receipt(payload["of"])
        return await self.edit(receipt, blocks.question_over(await self._job(delivery), payload["outcome"]))

    async def _in_thread(self, delivery: Delivery, job: Job, message: Message) -> dict[str, Any]:
        """Under the run's message; in the incident's channel where that was never posted."""
        parent = await self.posted(walk_of(job.incident, job.walk))
        if parent is None or delivery.notice.redirected:
            return await self.post_in_channel(delivery, message)
        return await self.post(delivery, parent["channel"], message, parent["ts"])

    async def _job(self, delivery: Delivery) -> Job:
        async with self._context.database.reading() as conn:
            job = await jobs.get(conn, delivery.notice.payload["job"])
        if job is None:
            raise NotNeeded("there is no such job")
        return job

    async def _run_name(self, job: Job) -> str:
        async with self._context.database.reading() as conn:
            run, _ = await found(conn, job.incident, job.walk)
        return run.name
