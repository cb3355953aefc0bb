"""The oracle notices a bot that is broken: rules that random nights seldom reach are shown to fail here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident, members
from tests.scenarios.running import World, policy_file, running_world
from tests.torture import oracle, outsider_oracle
from tests.torture.acts import UNKNOWN, Act
from tests.torture.oracle import Verdict
from tests.torture.people import People, Removal
from tests.torture.world import POLICY

Break = Callable[[pytest.MonkeyPatch], None]


def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the bot as it is."""


def keep_the_responders(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before point 1 of *Mend*: a reopening keeps who responded, so their rung is skipped."""
    reopen = verbs.reopen

    def broken(incident: Incident, *arguments: Any) -> Change:
        change = reopen(incident, *arguments)
        return replace(change, incident=replace(change.incident, responders=incident.responders))

    monkeypatch.setattr(verbs, "reopen", broken)


def let_the_removed_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot for which a removed person counts as inside."""
    monkeypatch.setattr(members, "remove", lambda incident, users: incident)
    monkeypatch.setattr("bot.usecases.visibility.entries.of_actor_among", _no_moves)


async def _no_moves(*_: object) -> list[object]:
    return []


async def _judged(world: World, rule: Callable[[Any, Any, Verdict], None], **about: Any) -> list[str]:
    verdict = Verdict()
    days = SimpleNamespace(days=False)
    shown = SimpleNamespace(clock=world.tocsin.context.clock, ws=world.ws, freezes=0, schedule=days, **about)
    rule(shown, await oracle._read(world.settings.url), verdict)
    return verdict.wrong


@pytest.mark.parametrize(
    ("broken", "wrong"), [(nothing, []), (keep_the_responders, ["INC-1 was reopened, and rung 1 was not paged"])]
)
async def test_a_reopening_that_pages_others_than_rung_1_is_noticed(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Break, wrong: list[str]
) -> None:
    broken(monkeypatch)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        channel = await world.declare("sev1 Payments are down")
        await world.tom.command(channel.id, "/incident ack")
        await world.tom.command(channel.id, "/incident resolve rolled back")
        await world.maya.command(channel.id, "/incident reopen it is back")
        await world.pass_time(seconds=1)
        assert await _judged(world, oracle._reopenings) == wrong


@pytest.mark.parametrize("broken", [nothing, let_the_removed_stay])
async def test_a_removed_person_who_still_reads_and_acts_is_noticed(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Break
) -> None:
    broken(monkeypatch)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        channel = await world.declare("--private sev2 Payroll leaked")
        await world.maya.command(channel.id, "/incident lead @tom")
        await world.delivered()
        people = People(world.ws)
        await world.maya.kick(channel.id, "tom")
        people.removals.append(Removal(channel.id, world.tom.id, world.ws.clock.now()))
        await world.ws.settled(30.0)
        for line in ("show INC-1", "escalate now --in INC-1"):
            reply = await world.tom.command("#payments", f"/incident {line}")
            words = f"{reply.text} {reply.message.blocks if reply.message else ''}"
            people.answers_outside.append(Act(line, world.tom.id, "", 1, UNKNOWN, words))
        await world.delivered()
        wrong = await _judged(world, outsider_oracle.outsiders, people=people)
    if broken is nothing:
        assert wrong == []
    else:
        assert any("is outside INC-1, and 'show INC-1' answered" in words for words in wrong)
