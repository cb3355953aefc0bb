"""Evaluates the policy's alerting rules on Prometheus at their intervals, on one replica at a time.

A change of state is committed before its alert is passed on: a rule that becomes pending, fires or resolves is a row
first, then an alert. If the process is killed between the two, the next start passes the alert on; twice does no harm.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.alerts.alert import Alert
from bot.domain.policy.alerting_rules import AlertingRule, Anomaly, Composite, Condition
from bot.domain.policy.policy import Policy
from bot.domain.rules import alerts, life
from bot.domain.rules.conditions import Baselines, Readings, evaluate, needs_of
from bot.domain.rules.life import RuleState
from bot.integrations.prometheus import Prometheus, PrometheusError
from bot.usecases.context import Context
from bot.usecases.rules.save import LeaseLost, pass_on, save_states
from bot.workers.leased_loop import LeasedLoop
from bot.workers.series_reader import SeriesReader
from bot.workers.tasks import cancel_and_wait
from bot.workers.worker_lease import WorkerLease
from storage.engine.errors import StorageError
from storage.rules import switches
from storage.rules.states import RULES

log = structlog.get_logger()

LEASE = "alerting rules"
SOURCE = ":prometheus"  # key of the state of Prometheus itself; no rule can have this ID
IDLE_S = 0.25
SWITCHES_EVERY_S = 2.0
FLUSHED_EVERY_S = 15.0  # values and times of evaluation, which nothing depends on
REPEATED_EVERY = timedelta(minutes=30)  # for what still fires, so that its alert does not become stale
SOURCE_FAILS_EVERY = timedelta(seconds=10)
RETRIED_AFTER_S = 1.0
MOST_BASELINES = 50_000

Observe = Callable[[str, float, float], None]  # result, seconds it took, seconds it was late


class RuleEvaluator:
    """The service. `states` holds the states of the rules while this replica has the lease."""

    name = "rule evaluator"

    def __init__(
        self, context: Context, prometheus: Prometheus | None, observe: Observe = lambda result, took_s, late_s: None
    ) -> None:
        self.states: dict[str, RuleState] = {}
        self.lease = WorkerLease(context, LEASE)
        self._context = context
        self._prometheus = prometheus
        self._reader = SeriesReader(prometheus)
        self._observe = observe
        self._rules: dict[str, AlertingRule] = {}  # those that are enabled
        self._policy: Policy | None = None
        self._switched: dict[str, bool] = {}
        self._switches_read_s = 0.0
        self._due: list[tuple[float, str]] = []  # a heap, in wall-clock seconds
        self._next: dict[str, float] = {}  # when each rule is due; other entries of the heap are out of date
        self._running: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, None] = {}  # to be committed now
        self._dirty: dict[str, None] = {}  # to be written some time
        self._flushed_s = 0.0
        self._repeated_at: datetime | None = None
        self._baselines: Baselines = {}
        self._idle = False  # whether the stored states were read; an earlier policy may have left some
        self._committing: asyncio.Task[None] | None = None
        self._loop = LeasedLoop(self.name, self.lease, self._turn, self._forget, "rules.failed")

    def counts(self) -> dict[str, int]:
        """The number of rules in each state, among those evaluated here."""
        return Counter(str(self._state(key).state) for key in self._rules)

    async def start(self) -> None:
        """Begin to evaluate, and return at once."""
        self._loop.start(IDLE_S, RETRIED_AFTER_S)

    async def stop(self, within_s: float) -> None:
        """Stop evaluating, write the states, and release the lease."""
        if not await self._loop.stop():
            return
        for task in (*self._running.values(), self._committing):
            await cancel_and_wait(task)
        try:
            if self.lease.fence is not None:
                await self._commit()
                await self._flush()
                await self.lease.release()
        except (StorageError, LeaseLost) as error:
            log.warning("rules.not_written", error=str(error), hint="the next start reads what was committed before")
        if self._prometheus is not None:
            await self._prometheus.close()

    async def _turn(self) -> None:
        """1. Keep the lease. 2. Take in changes of the policy and of switches. 3. Begin what is due. 4. Commit."""
        if self._idle and not self._context.policy.rules and not self.states:
            return
        if await self.lease.keep():
            await self._take_over()
        if self.lease.fence is None:
            self._forget()
            return
        await self._read_switches()
        self._use_policy()
        self._begin_due(time.time())
        if self._committing is None or self._committing.done():
            if self._committing is not None:
                self._committing.result()
            self._committing = asyncio.create_task(self._write(), name=f"{self.name}: commit")

    async def _write(self) -> None:
        """Commit, while further rules are evaluated."""
        await self._commit()
        if time.monotonic() - self._flushed_s > FLUSHED_EVERY_S:
            await self._flush()

    async def _take_over(self) -> None:
        """Read the states that the last process left. Alerts that it did not pass on are passed on now."""
        self._forget()
        async with self._context.database.reading() as conn:
            self.states = await RULES.all(conn)
        self._idle = True
        self._changed = dict.fromkeys(key for key, state in self.states.items() if state.untold or state.unknown_untold)

    def _forget(self) -> None:
        if self.lease.fence is None or self.states:
            self.states, self._changed, self._dirty = {}, {}, {}
            self._policy, self._rules, self._due, self._next = None, {}, [], {}
            self._switches_read_s = 0.0

    async def _read_switches(self) -> None:
        if time.monotonic() - self._switches_read_s < SWITCHES_EVERY_S:
            return
        async with self._context.database.reading() as conn:
            newest = await switches.newest(conn)
        switched = {rule: switch.enabled for rule, switch in newest.items()}
        if switched != self._switched:
            self._switched, self._policy = switched, None
        self._switches_read_s = time.monotonic()

    def _use_policy(self) -> None:
        """Take in the rules of the policy in force. A rule that is no longer evaluated ends."""
        policy = self._context.policy
        if policy is self._policy:
            return
        before, self._policy = self._rules, policy
        enabled = {
            key: rule for key, rule in policy.rules.items() if self._switched.get(key, rule.enabled)
        }  # fmt: skip
        self._rules = enabled
        now = time.time()
        for key, rule in enabled.items():
            if key not in before or before[key].every != rule.every:
                self._schedule(key, _first_due(rule, now))
        for key, state in self.states.items():
            if key not in enabled and key != SOURCE:
                self._put(key, life.end(state, self._context.clock.now()))

    def _schedule(self, key: str, due: float) -> None:
        self._next[key] = due
        heapq.heappush(self._due, (due, key))

    def _begin_due(self, now: float) -> None:
        """Begin every evaluation that is due. Of missed ones only the last runs, and never two of one rule at once."""
        while self._due and self._due[0][0] <= now:
            due, key = heapq.heappop(self._due)
            rule = self._rules.get(key)
            if rule is None or self._next.get(key) != due:
                continue
            interval_s = rule.every.total_seconds()
            self._schedule(key, due + interval_s * ((now - due) // interval_s + 1))
            if key not in self._running:
                task = asyncio.create_task(self._evaluate(rule, due), name=f"rule {key}")
                self._running[key] = task
                task.add_done_callback(lambda _, key=key: self._running.pop(key, None))  # type: ignore[misc]

    async def _evaluate(self, rule: AlertingRule, due: float) -> None:
        begun, fence = time.time(), self.lease.fence
        started = time.perf_counter()
        result = "ok"
        try:
            readings = await self._readings(rule, begun)
            result = "ok" if readings.unknown is None else "unknown"
            if self._is_current(rule, fence):
                self._advance(rule, readings)
        except PrometheusError as error:
            result = "unreachable" if error.unreachable else "failed"
            if self._is_current(rule, fence):
                self._record_failure(rule, str(error), unreachable=error.unreachable)
        except Exception as error:
            result = "failed"
            log.exception("rules.not_evaluated", rule=rule.id, hint="it is tried again at its next turn")
            if self._is_current(rule, fence):
                self._record_failure(rule, f"an error within Tocsin: {type(error).__name__}", unreachable=False)
        self._observe(result, time.perf_counter() - started, max(0.0, begun - due))

    async def _readings(self, rule: AlertingRule, at: float) -> Readings:
        data = await self._reader.read(needs_of(rule), at)
        if not any(_is_anomaly(condition) for condition in rule.conditions):
            return evaluate(rule, data, at)
        if len(self._baselines) > MOST_BASELINES:
            self._baselines.clear()
        return await asyncio.to_thread(evaluate, rule, data, at, self._baselines)

    def _is_current(self, rule: AlertingRule, fence: int | None) -> bool:
        """Whether an evaluation still counts: the rule is as it was, and no other replica has evaluated since."""
        return self._rules.get(rule.id) is rule and self.lease.fence == fence

    def _advance(self, rule: AlertingRule, readings: Readings) -> None:
        now = self._context.clock.now()
        self._put(rule.id, life.advance(self._state(rule.id), rule, readings, now))
        if SOURCE in self.states and self.states[SOURCE].failures:
            self._put(SOURCE, life.clear_failures(self.states[SOURCE], now))

    def _record_failure(self, rule: AlertingRule, problem: str, *, unreachable: bool) -> None:
        now = self._context.clock.now()
        before = self._state(rule.id)
        after = life.record_failure(before, problem, now, quiet=unreachable)
        if after.state is not before.state:
            log.warning("rules.unknown", rule=rule.id, problem=problem, hint="it is evaluated again at its next turn")
        self._put(rule.id, after)
        source = self._state(SOURCE)
        if unreachable and (source.evaluated_at is None or now - source.evaluated_at >= SOURCE_FAILS_EVERY):
            self._put(SOURCE, life.record_failure(source, problem, now))

    def _state(self, key: str) -> RuleState:
        return self.states.get(key) or RuleState(key)

    def _put(self, key: str, after: RuleState) -> None:
        before = self._state(key)
        self.states[key] = after
        (self._changed if life.differs(before, after) else self._dirty)[key] = None

    async def _commit(self) -> None:
        """1. Commit the changed states. 2. Pass on their alerts. 3. Note that; the next flush writes it."""
        await self._repeat()
        if not self._changed:
            return
        changed, self._changed = self._changed, {}  # what changes from now on belongs to the next commit
        states = [self.states[key] for key in changed if key in self.states]
        try:
            await save_states(self._context, LEASE, self._fence(), RULES, states)
            await pass_on(self._context, [alert for state in states for alert in self._alerts(state)])
        except BaseException:
            self._changed |= changed  # they are saved, and their alerts passed on, at the next turn
            raise
        for state in (state for state in states if state.rule in self.states):
            self.states[state.rule] = life.mark_told(self.states[state.rule], state)
            self._dirty[state.rule] = None
        if any(state.untold or state.unknown_untold for state in states):
            await self._flush()

    def _alerts(self, state: RuleState) -> list[Alert]:
        """The alerts of a rule that are not passed on yet."""
        policy = self._context.policy
        if state.rule == SOURCE:
            rules = list(self._rules.values())
            return [alerts.of_unreachable(state, rules, policy)] if state.unknown_untold else []
        rule = policy.rules.get(state.rule) or _stand_in_rule(state.rule, policy)
        display_url = self._prometheus.display_url if self._prometheus is not None else None
        instance_alerts = [alerts.of_instance(instance, rule, policy, display_url) for instance in state.untold]
        return [*instance_alerts, alerts.of_unknown(state, rule, policy)] if state.unknown_untold else instance_alerts

    async def _repeat(self) -> None:
        """Pass on the alerts that still fire again, every `REPEATED_EVERY`."""
        now = self._context.clock.now()
        if self._repeated_at is None:
            self._repeated_at = now
        if now - self._repeated_at < REPEATED_EVERY:
            return
        self._repeated_at = now
        firing = []
        for state in self.states.values():
            instances = tuple(replace(instance, told=False) for instance in state.instances if instance.firing)
            unknown = state.unknown_since is not None and not state.quiet
            firing += self._alerts(replace(state, instances=instances, unknown_told=not unknown))
        await pass_on(self._context, firing)

    async def _flush(self) -> None:
        """Write values and times of evaluation; delete the states of rules that the policy no longer has."""
        dirty, self._dirty = list(self._dirty), {}
        self._flushed_s = time.monotonic()
        rules = self._context.policy.rules
        removed = [
            key
            for key, state in self.states.items()
            if key not in rules and key != SOURCE and not state.instances and not state.unknown_untold
        ]
        states = [self.states[key] for key in dirty if key in self.states and key not in removed]
        try:
            if states or removed:
                await save_states(self._context, LEASE, self._fence(), RULES, states, removed)
        except BaseException:
            self._dirty |= dict.fromkeys(dirty)
            raise
        for key in removed:
            del self.states[key]

    def _fence(self) -> int:
        if self.lease.fence is None:
            raise LeaseLost(LEASE)
        return self.lease.fence


def _stand_in_rule(key: str, policy: Policy) -> AlertingRule:
    """Stand in for a rule that the policy no longer has, so that its alerts can resolve."""
    return AlertingRule(id=key, name=key, severity=policy.severities[-1].key, conditions=())


def _first_due(rule: AlertingRule, now: float) -> float:
    """When the rule is due first, in wall-clock seconds. Offsets differ, so that not all are due at once."""
    interval_s = rule.every.total_seconds()
    offset_s = int.from_bytes(hashlib.sha256(rule.id.encode()).digest()[:4]) / 2**32 * interval_s
    return now - (now - offset_s) % interval_s + interval_s


def _is_anomaly(condition: Condition) -> bool:
    if isinstance(condition, Composite):
        return any(_is_anomaly(inner) for inner in condition.conditions)
    return isinstance(condition, Anomaly)
