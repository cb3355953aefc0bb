"""docs/add-a-runner.md, executed: adds a bell by the document's steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot import playbook_runners
from bot.domain.errors import Refused
from bot.domain.playbook import definition as playbook_values
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult, JobState, check_args
from bot.domain.policy.automation_rules import AutomationRules
from bot.usecases.playbooks import job_queue
from bot.usecases.playbooks.unit_of_work import load_run
from playbooks.runners.protocol import Runner
from storage.playbook_runs import _playbook
from storage.schema import playbooks
from tests.scenarios.shop import MAYA, Shop, finished_job, playbook_texts, running_playbook

TOWER: list[str] = []


# — begin: playbooks/runners/bell.py
@dataclass(slots=True)
class Bell:
    """Rings a bell of the house. `ring NAME` is the only command there is."""

    bells: tuple[str, ...]
    name: str = "bell"
    idempotent: bool = False
    concurrency: int = 1
    secrets: tuple[str, ...] = ()

    def check(self, invocation: Invocation) -> Allowed:
        check_args(invocation.args)
        if len(invocation.args) != 2 or invocation.args[0] != "ring" or invocation.args[1] not in self.bells:
            raise Refused(f"No such bell is allowed: {invocation.quoted[:60]}. Allowed: {', '.join(self.bells)}.")
        return Allowed("ringing is allowed", "the tower", "the bot", "one stroke", timedelta(seconds=5))

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        try:
            self.check(invocation)
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        TOWER.append(invocation.args[1])
        return InvocationResult(ExitKind.ENDED, "rung once", 1.0, "dong")

    def describe(self) -> str:
        return ", ".join(self.bells)


# — end


@dataclass(frozen=True, slots=True)
class Rules(AutomationRules):
    bell: tuple[str, ...] | None = None


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps 2 and 4 of the document."""
    monkeypatch.setattr(playbook_values, "RUNNERS", (*playbook_values.RUNNERS, "bell"))
    monkeypatch.setitem(playbook_runners.BUILDERS, "bell", lambda rules, settings, environ: Bell(rules))
    TOWER.clear()


async def test_a_registered_runner_runs_steps(
    bells: None, sqlite_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(folder)
    async with running_playbook(sqlite_url, shop) as (world, _):
        context = world.tocsin.context
        old = context.policy.automation
        rules: Any = Rules(**{name: getattr(old, name) for name in old.__dataclass_fields__}, bell=("tocsin",))
        context.policies.current = replace(context.policy, automation=rules)
        await ring(world, "tocsin")
        asked = await job_queue.queue_step(context, 1, 1, "1.1", MAYA)
        assert asked.refused is None
        job = await finished_job(world, "1.1")
        assert (job.state, job.outcome, job.output) == (JobState.DONE, "rung once", "dong")
        assert TOWER == ["tocsin"]
        await ring(world, "angelus", step="1.2")
        asked = await job_queue.queue_step(context, 1, 1, "1.2", MAYA)
        assert "No such bell is allowed: ring angelus. Allowed: tocsin" in (asked.refused or "")
        assert "No such bell" in (await playbook_texts(world))[-1]
        assert TOWER == ["tocsin"]


async def ring(world: Any, name: str, step: str = "1.1") -> None:
    """Let a step of the walk's playbook ring a bell."""
    async with world.tocsin.database.transaction() as conn:
        run, playbook = await load_run(conn, 1, 1)
        made = playbook_values.Automation("bell")
        steps = tuple(
            replace(one, commands=(playbook_values.Command(f"ring {name}"),), automation=made)
            if one.key == step
            else one
            for one in playbook.phases[0].steps
        )
        changed = replace(playbook, phases=(replace(playbook.phases[0], steps=steps),))
        document = _playbook.dump_python(changed, mode="json")
        await conn.execute(update(playbooks).where(playbooks.c.digest == run.digest).values(document=document))


def test_the_bell_is_a_runner() -> None:
    made: Runner = Bell(("tocsin",))
    with pytest.raises(Refused):
        made.check(Invocation(("ring", "tocsin; reboot")))


def test_every_file_named_in_the_document_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    text = (root / "docs" / "add-a-runner.md").read_text()
    named = set(re.findall(r"`((?:bot|playbooks|tests|docs)/[a-z_/.-]+\.(?:py|md|yml))`", text))
    assert len(named) >= 12
    assert {path for path in named if not (root / path).exists()} == set()
    ours = Path(__file__).read_text().split("# — begin: playbooks/runners/bell.py\n")[1].split("\n\n# — end")[0]
    shown = "\n".join(line.removeprefix("   ") for line in text.splitlines())
    assert ours.strip() in shown, "the document shows another bell than the one that rings here"
