"""The evaluation of rules over restarts, replicas and failures, on a real Prometheus and both databases."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.rules.life import State
from bot.integrations.prometheus import Address, Prometheus
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary, write
from bot.usecases.context import Context
from bot.usecases.rules.save import LeaseLost, save_states
from bot.workers import rule_evaluator
from bot.workers.rule_evaluator import SOURCE, RuleEvaluator
from storage.alerts import groups
from storage.database import Database
from storage.rules import leases, switches
from storage.rules.states import RULES
from storage.rules.switches import Switch
from storage.schema import alert_occurrences
from tests.rules.prometheus import free_port
from tests.usecases.conftest import MakeContext, MovableClock, clock, make_context

__all__ = ["clock", "make_context"]
pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")

POLICY = """
preset: sev1-5
alerts: {group_by: [alertname], routes: [{do: ask}]}
announce: "#incidents"
rules:
  errors:
    severity: sev1
    conditions: [{type: threshold, query: errors, op: gt, value: 5}]
    for: 2m
    keep_firing: 3m
  quick:
    severity: sev3
    conditions: [{type: threshold, query: 'errors{kind="quick"}', op: gt, value: 5}]
"""


class Killed(BaseException):
    """Ends the process, as far as the code can tell."""


class Here:
    """A Prometheus whose value a test sets, and an evaluator of which it takes the turns."""

    def __init__(self, context: Context, clock: MovableClock, prometheus: Prometheus) -> None:
        self.context, self.clock, self.prometheus = context, clock, prometheus
        self.evaluator = self.another()

    def another(self) -> RuleEvaluator:
        """Another process on the same database."""
        return RuleEvaluator(self.context, self.prometheus)

    async def set(self, value: float, **labels: str) -> None:
        await write(
            self.prometheus.display_url.rstrip("/"),
            [SeriesToWrite({"__name__": "errors", **labels}, [(time.time() - 0.001, value)])],
        )

    async def turn(self, evaluator: RuleEvaluator | None = None, **later: float) -> RuleEvaluator:
        """Let time pass, and evaluate every rule once."""
        self.clock.instant += timedelta(**later)
        each = evaluator or self.evaluator
        await self.begin(each)
        for rule in list(each._rules.values()):
            await each._evaluate(rule, time.time())
        await each._write()
        return each

    async def begin(self, each: RuleEvaluator) -> None:
        if await each.lease.keep():
            await each._take_over()
        each._switches_read_s = 0.0
        await each._read_switches()
        each._use_policy()

    async def state(self, rule: str = "errors") -> State:
        """As committed."""
        async with self.context.database.reading() as conn:
            states = await RULES.all(conn)
        return states[rule].state if rule in states else State.INACTIVE

    async def told(self) -> list[tuple[str, bool]]:
        """Occurrences of alerts: which, and whether it fires."""
        async with self.context.database.reading() as conn:
            rows = await conn.execute(sa.select(alert_occurrences).order_by(alert_occurrences.c.occurrence))
            return [(row.occurrence, row.firing) for row in rows]

    async def groups(self) -> list[str]:
        async with self.context.database.reading() as conn:
            return [group.title for group in await groups.newest(conn, 10)]


@pytest.fixture
async def world(make_context: MakeContext, clock: MovableClock) -> AsyncIterator[Here]:
    async with temporary(
        [SeriesToWrite({"__name__": "errors", "kind": "slow"}, [(time.time() - 1, 0.0)])]
    ) as prometheus:
        yield Here(make_context(POLICY), clock, prometheus)


async def test_a_rule_becomes_pending_fires_and_resolves(world: Here) -> None:
    await world.set(9, kind="slow")
    await world.turn()
    assert await world.state() is State.PENDING
    assert await world.told() == []
    await world.turn(minutes=2)
    assert await world.state() is State.FIRING
    assert [firing for _, firing in await world.told()] == [True]
    assert await world.groups() == ["errors: errors is 9 (> 5)"]
    await world.set(1, kind="slow")
    await world.turn(minutes=2)
    assert await world.state() is State.FIRING
    await world.turn(minutes=1)
    assert await world.state() is State.INACTIVE
    assert [firing for _, firing in await world.told()] == [False]


async def test_a_restart_neither_fires_again_nor_forgets_what_is_pending(world: Here) -> None:
    await world.set(9, kind="slow")
    await world.turn()
    await world.evaluator.stop(1)  # it never started its loop: nothing is written by this
    await world.evaluator.lease.release()
    second = await world.turn(world.another(), minutes=2)
    assert await world.state() is State.FIRING
    before = await world.told()
    await second.lease.release()
    await world.turn(world.another(), minutes=1)
    assert await world.told() == before
    assert len(before) == 1


async def test_a_firing_that_was_committed_but_not_told_is_told_after_a_restart_once(
    world: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process were killed at the commit."""

    async def killed(*_: Any) -> None:
        raise Killed

    await world.set(9, kind="quick")
    with monkeypatch.context() as patched:
        patched.setattr(rule_evaluator, "pass_on", killed)
        with pytest.raises(Killed):
            await world.turn()
    assert await world.state("quick") is State.FIRING
    assert await world.told() == []
    await world.evaluator.lease.release()
    second = await world.turn(world.another(), seconds=30)
    told = await world.told()
    assert [firing for _, firing in told] == [True]
    await second.lease.release()
    await world.turn(world.another(), seconds=30)
    assert await world.told() == told


async def test_a_firing_that_was_told_but_not_marked_so_is_not_told_anew(
    world: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_: Any) -> None:
        raise Killed

    await world.set(9, kind="quick")
    with monkeypatch.context() as patched:
        patched.setattr(RuleEvaluator, "_flush", killed)
        with pytest.raises(Killed):
            await world.turn()
    told = await world.told()
    assert len(told) == 1
    await world.evaluator.lease.release()
    await world.turn(world.another(), minutes=1)
    assert await world.told() == told
    assert len(await world.groups()) == 1


async def test_one_replica_evaluates_at_a_time(world: Here) -> None:
    await world.set(9, kind="quick")
    await world.turn()
    other = world.another()
    assert not await other.lease.keep()
    assert other.lease.fence is None
    await world.evaluator.lease.release()
    other._context.clock.now()
    other.lease._next_s = 0.0
    assert await other.lease.keep()


async def test_a_replica_that_lost_its_lease_unnoticed_commits_nothing(world: Here, database: Database) -> None:
    await world.turn()
    async with database.transaction() as conn:
        await leases.release(conn, rule_evaluator.LEASE, world.evaluator.lease.fence or 0)
        assert await leases.hold(conn, rule_evaluator.LEASE, "another") is not None
    await world.set(9, kind="quick")
    with pytest.raises(LeaseLost):
        await world.turn(seconds=30)
    assert await world.state("quick") is State.INACTIVE
    assert await world.told() == []


async def test_each_series_is_an_alert_of_its_own(world: Here) -> None:
    await world.set(9, kind="quick", zone="a")
    await world.set(9, kind="quick", zone="b")
    await world.turn()
    assert [firing for _, firing in await world.told()] == [True, True]


async def test_a_rule_that_is_disabled_resolves_and_is_evaluated_again_once_enabled(
    world: Here, database: Database
) -> None:
    async def switch(enabled: bool) -> None:
        async with database.transaction() as conn:
            await switches.add(conn, Switch("quick", enabled, "noisy", "maya", world.clock.now()))

    await world.set(9, kind="quick")
    await world.turn()
    await switch(False)
    await world.turn(seconds=30)
    assert [firing for _, firing in await world.told()] == [False]
    assert await world.state("quick") is State.INACTIVE
    await switch(True)
    await world.turn(seconds=30)
    assert sorted(firing for _, firing in await world.told()) == [False, True]


async def test_a_rule_that_leaves_the_policy_resolves_and_is_forgotten(world: Here) -> None:
    await world.set(9, kind="quick")
    await world.turn()
    policies = world.context.policies
    without = {key: rule for key, rule in policies.current.rules.items() if key != "quick"}
    policies.put_in_force(replace(policies.current, rules=without), policies.document)
    await world.turn(seconds=30)
    await world.evaluator._flush()
    assert [firing for _, firing in await world.told()] == [False]
    async with world.context.database.reading() as conn:
        assert "quick" not in await RULES.all(conn)


async def test_what_fires_is_told_again_so_that_it_does_not_count_as_stale(world: Here) -> None:
    async def seen() -> list[Any]:
        async with world.context.database.reading() as conn:
            return list(await conn.scalars(sa.select(alert_occurrences.c.last_seen_at)))

    await world.set(9, kind="quick")
    await world.turn()
    first = await seen()
    await world.turn(minutes=31)
    assert len(first) == 1
    assert await seen() > first


async def test_a_prometheus_that_does_not_answer_is_one_alert_and_its_rules_are_unknown(world: Here) -> None:
    await world.set(9, kind="quick")
    await world.turn()
    port = free_port()
    nobody = Prometheus(lambda: Address(f"http://127.0.0.1:{port}"))
    dead = RuleEvaluator(world.context, nobody)
    await world.evaluator.lease.release()
    for _ in range(4):
        await world.turn(dead, seconds=30)
    assert await world.state("errors") is State.UNKNOWN
    assert (await world.groups())[0].startswith(
        "Prometheus cannot be asked, so 2 rules cannot be evaluated: http://127"
    )
    assert sorted(firing for _, firing in await world.told()) == [True, True]  # what fired goes on
    await dead.lease.release()
    await nobody.close()
    await world.turn(world.another(), seconds=30)
    assert await world.state("errors") is State.FIRING  # it was pending before
    assert await world.state("quick") is State.FIRING
    assert sorted(firing for _, firing in await world.told()) == [False, True, True]
    async with world.context.database.reading() as conn:
        assert (await RULES.all(conn))[SOURCE].state is State.INACTIVE


async def test_a_query_that_prometheus_refuses_makes_its_rule_unknown(world: Here) -> None:
    policies = world.context.policies
    broken = replace(
        policies.current.rules["quick"],
        conditions=(replace(policies.current.rules["quick"].conditions[0], query="no_such_function(errors)"),),  # type: ignore[arg-type]
    )
    policies.put_in_force(replace(policies.current, rules={"quick": broken}), policies.document)
    for _ in range(3):
        await world.turn(seconds=30)
    assert await world.state("quick") is State.UNKNOWN
    (title,) = await world.groups()
    assert title.startswith("Rule quick cannot be evaluated: Prometheus refuses the query: ")
    assert "no_such_function" in title


async def test_what_changes_while_an_earlier_change_is_saved_is_told_too(
    world: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.set(9, kind="quick")
    saves = 0

    async def slow(*args: Any) -> None:
        nonlocal saves
        saves += 1
        await save_states(*args)
        if saves == 1:
            await world.set(1, kind="quick")
            world.clock.instant += timedelta(minutes=10)
            await world.evaluator._evaluate(world.evaluator._rules["quick"], time.time())

    monkeypatch.setattr(rule_evaluator, "save_states", slow)
    await world.turn()
    await world.evaluator._commit()
    assert [firing for _, firing in await world.told()] == [False]


async def test_an_evaluation_begun_before_the_lease_was_lost_and_gained_again_does_not_count(
    world: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.set(9, kind="quick")
    await world.begin(world.evaluator)
    read = RuleEvaluator._readings

    async def slow(self: RuleEvaluator, *args: Any) -> Any:
        assert self.lease.fence is not None
        self.lease.fence += 2  # another replica had it meanwhile
        return await read(self, *args)

    monkeypatch.setattr(RuleEvaluator, "_readings", slow)
    await world.evaluator._evaluate(world.evaluator._rules["quick"], time.time())
    assert "quick" not in world.evaluator.states
