"""Runs the policy's probes at their intervals, on one replica at a time, and raises an alert for each that is down.

A change of state is committed before its alert is passed on. Requests are counted by day for the uptime.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.policy.policy import Policy
from bot.domain.policy.probe_rules import Probe
from bot.domain.rules import probing
from bot.domain.rules.probing import ProbeResult, ProbeState
from bot.usecases.context import Context
from bot.usecases.rules.save import LeaseLost, check_lease, pass_on
from bot.workers.leased_loop import LeasedLoop
from bot.workers.tasks import cancel_and_wait
from bot.workers.worker_lease import WorkerLease
from storage.engine.errors import StorageError
from storage.rules import uptime
from storage.rules.states import PROBES

log = structlog.get_logger()

LEASE = "probes"
IDLE_S = 0.25
FLUSHED_EVERY_S = 10.0  # counts of requests, and states that nothing depends on
RETRIED_AFTER_S = 1.0
CONCURRENCY = 20
REPEATED_EVERY = timedelta(minutes=30)  # for what is still down, so that its alert does not become stale

Ask = Callable[[Probe], Awaitable[ProbeResult]]
Observe = Callable[[str, bool, float, bool], None]  # probe, whether the answer was good, seconds, whether it is up


class Prober:
    """The service. `states` holds the states of the probes while this replica has the lease."""

    name = "prober"

    def __init__(self, context: Context, ask: Ask, observe: Observe = lambda probe, good, took_s, up: None) -> None:
        self.states: dict[str, ProbeState] = {}
        self.lease = WorkerLease(context, LEASE)
        self._context = context
        self._ask = ask
        self._observe = observe
        self._policy: Policy | None = None
        self._due: dict[str, float] = {}  # wall-clock seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._changed: dict[str, None] = {}
        self._dirty: dict[str, None] = {}
        self._counts: dict[tuple[str, datetime], tuple[int, int]] = {}
        self._flushed_s = time.monotonic()
        self._repeated_at: datetime | None = None
        self._looked = False  # whether the stored states were read; an earlier policy may have left some
        self._loop = LeasedLoop(self.name, self.lease, self._turn, self._forget, "probes.failed")

    async def start(self) -> None:
        """Begin to probe, and return at once."""
        self._loop.start(IDLE_S, RETRIED_AFTER_S)

    async def stop(self, within_s: float) -> None:
        """Stop probing, write the states, and release the lease."""
        if not await self._loop.stop():
            return
        for task in list(self._running.values()):
            await cancel_and_wait(task)
        try:
            if self.lease.fence is not None:
                await self._commit()
                await self._flush()
                await self.lease.release()
        except (StorageError, LeaseLost) as error:
            log.warning("probes.not_written", error=str(error), hint="the next start reads what was committed before")

    async def _turn(self) -> None:
        """1. Keep the lease. 2. Take in changes of the policy. 3. Begin what is due. 4. Commit what has changed."""
        if self._looked and not self._context.policy.probes and not self.states:
            return
        if await self.lease.keep():
            await self._take_over()
        if self.lease.fence is None:
            self._forget()
            return
        self._use_policy()
        self._begin_due(time.time())
        await self._commit()
        if time.monotonic() - self._flushed_s > FLUSHED_EVERY_S:
            await self._flush()

    async def _take_over(self) -> None:
        """Read the states that the last process left. Alerts that it did not pass on are passed on now."""
        self._forget()
        async with self._context.database.reading() as conn:
            self.states = await PROBES.all(conn)
        self._changed = dict.fromkeys(key for key, state in self.states.items() if state.untold)
        self._looked = True

    def _forget(self) -> None:
        self.states, self._changed, self._dirty, self._due, self._policy = {}, {}, {}, {}, None

    def _use_policy(self) -> None:
        policy = self._context.policy
        if policy is self._policy:
            return
        self._policy = policy
        now = time.time()
        self._due = {key: self._due.get(key, _first_due(probe, now)) for key, probe in policy.probes.items()}
        for key, state in self.states.items():
            if key not in policy.probes:
                self._put(key, probing.end(state, self._context.clock.now()))

    def _begin_due(self, now: float) -> None:
        for key, due in self._due.items():
            if due > now:
                continue
            probe = self._context.policy.probes.get(key)
            if probe is None:
                continue
            interval_s = probe.every.total_seconds()
            self._due[key] = due + interval_s * ((now - due) // interval_s + 1)
            if key not in self._running:
                task = asyncio.create_task(self._probe(probe), name=f"probe {key}")
                self._running[key] = task
                task.add_done_callback(lambda _, key=key: self._running.pop(key, None))  # type: ignore[misc]

    async def _probe(self, probe: Probe) -> None:
        fence = self.lease.fence
        try:
            async with self._turns:
                result = await self._ask(probe)
        except Exception:
            log.exception("probes.not_asked", probe=probe.id, hint="it is asked again at its next turn")
            return
        if self._context.policy.probes.get(probe.id) != probe or self.lease.fence is None or self.lease.fence != fence:
            return  # another replica may have asked since
        now = self._context.clock.now()
        after = probing.advance(self.states.get(probe.id) or ProbeState(probe.id), probe, result, now)
        self._put(probe.id, after)
        key = probe.id, uptime.day_of(now)
        succeeded, failed = self._counts.get(key, (0, 0))
        good = result.problem is None
        self._counts[key] = (succeeded + good, failed + (not good))
        self._observe(probe.id, good, result.took_s, not after.down)

    def _put(self, key: str, after: ProbeState) -> None:
        before = self.states.get(key) or ProbeState(key)
        self.states[key] = after
        (self._changed if after.troubles != before.troubles else self._dirty)[key] = None

    async def _commit(self) -> None:
        """1. Commit the changed states. 2. Pass on their alerts. 3. Note that they are passed on."""
        self._repeat()
        if not self._changed:
            return
        changed, self._changed = self._changed, {}  # what changes from now on belongs to the next commit
        states = [self.states[key] for key in changed if key in self.states]
        try:
            await self._tell(states)
        except BaseException:
            self._changed |= changed
            raise
        for state in (state for state in states if state.probe in self.states):
            self.states[state.probe] = probing.mark_told(self.states[state.probe], state.untold)
            self._dirty[state.probe] = None
        await self._flush()

    async def _tell(self, states: list[ProbeState]) -> None:
        await self._save(states)
        policy = self._context.policy
        alerts = [
            probing.alert_of(trouble, policy.probes.get(state.probe) or Probe(state.probe, ""), policy)
            for state in states
            for trouble in state.untold
        ]
        await pass_on(self._context, alerts)

    def _repeat(self) -> None:
        """Mark the troubles of probes that are down as untold every `REPEATED_EVERY`."""
        now = self._context.clock.now()
        if self._repeated_at is None:
            self._repeated_at = now
        if now - self._repeated_at >= REPEATED_EVERY:
            self._repeated_at = now
            for key, state in self.states.items():
                if state.troubles:
                    self.states[key] = probing.mark_untold(state)
                    self._changed[key] = None

    async def _flush(self) -> None:
        """Write the counts and states; delete probes that the policy no longer has."""
        self._flushed_s = time.monotonic()
        dirty, self._dirty = list(self._dirty), {}
        counts, self._counts = self._counts, {}
        probes = self._context.policy.probes
        removed = [key for key, state in self.states.items() if key not in probes and not state.troubles]
        states = [self.states[key] for key in dirty if key in self.states and key not in removed]
        try:
            if states or counts or removed:
                await self._save(states, counts, removed)
        except BaseException:
            self._dirty |= dict.fromkeys(dirty)
            for day, (succeeded, failed) in counts.items():
                newer = self._counts.get(day, (0, 0))
                self._counts[day] = (newer[0] + succeeded, newer[1] + failed)
            raise
        for key in removed:
            del self.states[key]

    async def _save(
        self,
        states: list[ProbeState],
        counts: dict[tuple[str, datetime], tuple[int, int]] | None = None,
        removed: list[str] | None = None,
    ) -> None:
        if self.lease.fence is None:
            raise LeaseLost(LEASE)
        async with self._context.database.serialized() as conn:
            await check_lease(conn, LEASE, self.lease.fence)
            await PROBES.save(conn, states)
            await PROBES.forget(conn, removed or [])
            await uptime.count(conn, counts or {})


def _first_due(probe: Probe, now: float) -> float:
    """When the probe is due first, in wall-clock seconds. Each probe has its own offset within the interval."""
    interval_s = probe.every.total_seconds()
    offset_s = int.from_bytes(hashlib.sha256(probe.id.encode()).digest()[:4]) / 2**32 * interval_s
    return now - (now - offset_s) % interval_s + interval_s
