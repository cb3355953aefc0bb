"""Runs queued jobs (executions of playbook steps) with their runners, and records how they ended.

A job starts only after the database has recorded that it runs. A process that no longer renews its lease has lost the
job; the job may have run, and a person decides.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.domain.playbook.job import ExitKind, Invocation, InvocationResult, Job, Verdict, compare, judge
from bot.domain.values.masking import Masker, truncate_middle
from bot.usecases.context import Context
from bot.usecases.playbooks import auto_run, jobs
from bot.workers.tasks import PolledService, WakeableTask
from playbooks.runners.protocol import Runner, Runners
from storage import jobs as stored
from storage.engine.errors import StorageError
from storage.lease import LEASE

log = structlog.get_logger()

POLL_S = 1.0
WORDS = 600  # longest summary of a verdict, in characters
_LOOK = 100


class JobRunner(PolledService):
    """Runs up to each runner's `concurrency` at the same time. Several job runners on one database share the work."""

    name = "job runner"

    def __init__(
        self,
        context: Context,
        secrets: Callable[[], list[str]] = list,
        observe: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._context = context
        self._secrets = secrets
        self._observe = observe
        self._running: dict[asyncio.Task[None], str] = {}
        self._seen: auto_run.SeenSteps = set()
        loop = WakeableTask(
            self.name, context.wakeups.jobs, self._begin_due, hint="check the database; it is tried again every second"
        )
        super().__init__(loop, timedelta(seconds=POLL_S))

    async def stop(self, within_s: float) -> None:
        """Begin no job. Running jobs have half of the time to end; then they are killed, and count as may have run."""
        kill_at = time.monotonic() + within_s / 2
        await self._loop.stop(within_s / 2)
        if self._running:
            await asyncio.wait(set(self._running), timeout=max(0.0, kill_at - time.monotonic()))
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running), timeout=within_s / 2)

    async def _begin_due(self) -> None:
        begun = True
        while begun and not self._loop.stopping:
            await self._recover_orphans()
            await auto_run.start_automatic_steps(self._context, self._seen)
            begun = await self._begin()

    async def _recover_orphans(self) -> None:
        """Handle jobs whose process died while they ran: a person has to decide about them."""
        async with self._context.database.reading() as conn:
            orphans = await stored.abandoned_jobs(conn)
        for job in orphans:
            log.warning("jobs.left_behind", job=job.id, incident=f"INC-{job.incident}", step=job.step)
            await jobs.recover_orphan(self._context, job)

    async def _begin(self) -> bool:
        """Begin the jobs that are ready and have room. Returns whether any was begun."""
        self._context.wakeups.jobs.clear()
        async with self._context.database.reading() as conn:
            ready = await stored.ready(conn, _LOOK)
        busy = Counter(self._running.values())
        begun = False
        for job in ready:
            runner = self._runners().get(job.plan.runner)
            if runner is not None and busy[runner.name] >= runner.concurrency:
                continue
            claimed = await jobs.begin(self._context, job, LEASE)
            if claimed is None or runner is None:
                continue
            task = asyncio.create_task(self._work(claimed, runner), name=f"job {job.id}")
            self._running[task] = runner.name
            task.add_done_callback(self._done)
            busy[runner.name] += 1
            begun = True
        return begun

    def _runners(self) -> Runners:
        return self._context.runners(self._context.policy.automation)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._context.wakeups.jobs.set()

    async def _work(self, job: Job, runner: Runner) -> None:
        """Run a job while its lease is renewed, and record how it ended, also by cancellation or loss of the lease."""
        running = asyncio.create_task(self._run_invocations(job, runner), name=f"run job {job.id}")
        holding = asyncio.create_task(self._hold(job), name=f"hold job {job.id}")
        began = time.monotonic()
        try:
            await asyncio.wait({running, holding}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait({running})
        if not running.done():  # the lease is lost, so the job must not go on
            running.cancel()
            await asyncio.wait({running})
        seconds = time.monotonic() - began
        try:
            verdict, exit_kind, output = _result(running, seconds)
            await self._record(job, verdict, exit_kind, output)
            self._observe(job.plan.runner, _result_of(verdict, exit_kind))
            log.info(
                "jobs.over", job=job.id, incident=f"INC-{job.incident}", step=job.step, worked=verdict.succeeded,
                detail=verdict.summary, took_s=round(seconds, 3),
            )  # fmt: skip
        except Exception:
            log.exception("jobs.not_written_down", job=job.id, incident=f"INC-{job.incident}")
        finally:
            holding.cancel()

    async def _run_invocations(self, job: Job, runner: Runner) -> tuple[Verdict, ExitKind, str]:
        """Run the invocations in order while they succeed; then ask Prometheus, if the playbook says so."""
        masker = Masker(
            [*self._secrets(), *(secret for runner in self._runners().values() for secret in runner.secrets)]
        )
        printed: list[str] = []
        verdict, exit_kind = Verdict(False, "there was nothing to run"), ExitKind.NOT_STARTED
        for position, invocation in enumerate(job.plan.invocations):
            if position and not await jobs.begin_invocation(self._context, job, position, LEASE):
                return (
                    Verdict(False, "It was stopped: another replica has taken it over"),
                    ExitKind.STOPPED,
                    _all(printed),
                )
            ended = await runner.run(invocation, job.plan.timeout)
            if len(job.plan.invocations) > 1:
                printed.append(f"$ {masker.mask(invocation.quoted)}")
            printed.append(_masked_output(ended, masker))
            verdict, exit_kind = _mask_verdict(judge(job.plan, position, ended), masker), ended.kind
            if not verdict.succeeded:
                return verdict, exit_kind, _all(printed)
        return await self._validate(job, runner, verdict, exit_kind, printed, masker)

    async def _validate(
        self, job: Job, runner: Runner, verdict: Verdict, exit_kind: ExitKind, printed: list[str], masker: Masker
    ) -> tuple[Verdict, ExitKind, str]:
        """The verdict by a figure in Prometheus, if the playbook lets one decide."""
        success = job.plan.success
        if success is None or success.promql is None or runner.name == "promql":
            return verdict, exit_kind, _all(printed)
        prometheus = self._runners().get("promql")
        if prometheus is None:
            summary = f"{verdict.summary}, and whether it worked is not known: the runner promql is not set up"
            return Verdict(False, summary), ExitKind.ENDED, _all(printed)
        ended = await prometheus.run(Invocation((success.promql,)), job.plan.timeout)
        judged_by = _mask_verdict(compare(success, ended), masker)
        return (
            Verdict(judged_by.succeeded, f"{verdict.summary}; {success.promql}: {judged_by.summary}"),
            ended.kind,
            _all(printed),
        )

    async def _hold(self, job: Job) -> None:
        """Renew the lease until it is lost: taken by another process, or not renewable in time."""
        until = time.monotonic() + LEASE.total_seconds()
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 4)
            try:
                began = time.monotonic()
                if not await jobs.renew_lease(self._context, job, LEASE):
                    return
                until = began + LEASE.total_seconds()
            except StorageError as error:
                log.warning("jobs.not_held", job=job.id, error=str(error))
            if time.monotonic() > until - LEASE.total_seconds() / 4:
                return

    async def _record(self, job: Job, verdict: Verdict, exit_kind: ExitKind, output: str) -> None:
        """Record the outcome, and retry while the database is away: it must not be lost."""
        wait_s = 0.1
        while True:
            try:
                await jobs.finish(self._context, job, verdict, exit_kind, output)
            except StorageError as error:
                log.warning("jobs.cannot_write", job=job.id, error=str(error), again_in_s=wait_s)
                if self._loop.stopping and wait_s > 1.0:
                    raise
                await asyncio.sleep(wait_s)
                wait_s = min(5.0, wait_s * 2)
            else:
                return


def _result(running: asyncio.Task[tuple[Verdict, ExitKind, str]], seconds: float) -> tuple[Verdict, ExitKind, str]:
    if running.cancelled():
        return Verdict(False, f"it was stopped after {seconds:.1f} seconds, in the middle"), ExitKind.STOPPED, ""
    if error := running.exception():
        log.error("jobs.runner_failed", error=type(error).__name__, exc_info=error)
        return Verdict(False, f"the runner itself failed ({type(error).__name__})"), ExitKind.STOPPED, ""
    return running.result()


def _result_of(verdict: Verdict, exit_kind: ExitKind) -> str:
    return "worked" if verdict.succeeded else "failed" if exit_kind is ExitKind.ENDED else str(exit_kind)


def _masked_output(ended: InvocationResult, masker: Masker) -> str:
    cut = ended.truncated or ended.kind is not ExitKind.ENDED
    return masker.mask_truncated(ended.output) if cut else masker.mask(ended.output)


def _mask_verdict(verdict: Verdict, masker: Masker) -> Verdict:
    """The verdict with secrets masked. Redact before truncating: half a secret would not be recognized."""
    text = masker.mask(verdict.summary)
    return Verdict(verdict.succeeded, text if len(text) <= WORDS else f"{text[:WORDS]}…")


def _all(printed: list[str]) -> str:
    return truncate_middle("\n".join(part.strip("\n") for part in printed if part.strip()), jobs.MAX_OUTPUT)
