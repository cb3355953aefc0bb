"""What is sent about jobs. Rendered from the job as it stands when the turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import NotNeeded
from bot.domain.playbook.job import Job, JobState
from bot.domain.routing import walk_of
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import job as blocks
from bot.slack.senders.base import Case, Posting
from bot.slack.senders.post_once import edit, post
from bot.usecases.playbooks.unit_of_work import load_run
from storage import jobs


class JobSender(Posting):
    """One method for each kind of notice about a job."""

    def handlers(self) -> dict[str, Callable[[Any], Awaitable[dict[str, Any]]]]:
        return {
            "job_output": self._output,
            "job_question": self._question,
            "job_question_edit": self._question_edit,
            "job_left": self._left,
        }

    async def _output(self, case: Case) -> dict[str, Any]:
        job = await self._job(case)
        walk = await self._name(case, job)
        return await self._in_thread(case, job, blocks.output(case.incident, walk, job))

    async def _left(self, case: Case) -> dict[str, Any]:
        job = await self._job(case)
        payload, walk = case.row.payload, await self._name(case, job)
        message = blocks.left(case.incident, walk, job, payload["why"], payload["lines"])
        return await self._in_thread(case, job, message)

    async def _question(self, case: Case) -> dict[str, Any]:
        job = await self._job(case)
        if job.state is not JobState.MAY_HAVE_RUN and not case.row.uncertain:
            raise NotNeeded("somebody has said how it stands")
        async with self._context.database.reading() as conn:
            walk, playbook = await load_run(conn, job.incident, job.walk)
        step = next(one for one in playbook.steps if one.key == job.step)
        message = blocks.question(case.incident, walk.name, job, step)
        return await post(self._api, case.row, await self._where(case), message)

    async def _question_edit(self, case: Case) -> dict[str, Any]:
        if (receipt := await self._posted(case.row.payload["of"])) is None:
            raise NotNeeded("it was never posted")
        return await edit(self._api, receipt, blocks.question_over(await self._job(case), case.row.payload["outcome"]))

    async def _in_thread(self, case: Case, job: Job, message: Message) -> dict[str, Any]:
        """Of the walk; where that was never posted, where the incident is."""
        above = await self._posted(walk_of(job.incident, job.walk))
        if above is None or case.row.redirected:
            return await post(self._api, case.row, await self._where(case), message)
        return await post(self._api, case.row, above["channel"], message, thread_ts=above["ts"])

    async def _job(self, case: Case) -> Job:
        async with self._context.database.reading() as conn:
            job = await jobs.get(conn, case.row.payload["job"])
        if job is None:
            raise NotNeeded("there is no such job")
        return job

    async def _name(self, case: Case, job: Job) -> str:
        async with self._context.database.reading() as conn:
            walk, _ = await load_run(conn, job.incident, job.walk)
        return walk.name
