"""Turns escalation policies into ladders of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.values.target import TargetKind
from bot.importers.account import NOBODY, Ladder, Participant, Rung
from bot.importers.compose.draft import Draft
from bot.importers.yaml_text import span

_MOST_REPEATS = 20  # of the policy
_HOW = {"next": "the next one", "round_robin": "one after the other"}
_PREFIX = {"person": "contact", "team": "team", "schedule": "schedule"}
_Flat = tuple[Rung, timedelta, list[Participant]]
METHODS = ["slack", "sms"]  # of rungs, where a telephone number was imported; else Slack alone


def add_ladders(draft: Draft) -> None:
    """Add the ladders. One that reaches nobody gets a note; one that leads back to itself is cut there."""
    keys = draft.keys()
    for ladder in sorted(draft.account.ladders, key=lambda ladder: ladder.origin.id):
        rungs = list(_rungs(draft, ladder))
        if ladder.lost or not rungs:
            if not ladder.lost:
                ladder.note(
                    "It ends in nowhere: none of its rules reaches anybody", "Write the ladder by hand.", lost=True
                )
            for rung in ladder.rungs:
                if not rung.lost:
                    rung.note("Its escalation is not moved", "", lost=True)
            continue
        key = keys.give(ladder.origin.name, f"ladder-{ladder.origin.id}")
        draft.ladders[ladder.origin.id] = key
        draft.rungs[ladder.origin.id] = rungs
        draft.add("ladders", key, _value(ladder, rungs), ladder)


def _value(ladder: Ladder, rungs: list[dict[str, Any]]) -> Any:
    if not ladder.repeat:
        return rungs
    if ladder.repeat > _MOST_REPEATS:
        ladder.note(f"It is repeated {ladder.repeat} times; here {_MOST_REPEATS} times, which is the most", "")
    times = min(ladder.repeat, _MOST_REPEATS)
    return {"rungs": rungs, "repeat": {"times": times, "after": span(ladder.repeat_after or timedelta(minutes=1))}}


def _rungs(draft: Draft, ladder: Ladder) -> Iterator[dict[str, Any]]:
    """The rungs by delay; a rung that leads to another ladder becomes that ladder's rungs, later."""
    for rung, after, targets in sorted(_flat(draft, ladder), key=lambda entry: entry[1]):
        notify = _targets(draft, rung, targets)
        if not notify:
            continue
        value: dict[str, Any] = {"after": span(after), "notify": notify}
        if draft.sms:
            value["by"] = METHODS
        if rung.until != "acknowledged":
            value["until"] = rung.until
        yield value


def _flat(draft: Draft, ladder: Ladder) -> Iterator[_Flat]:
    """Each rung of a ladder and of the ladders that its rungs lead to, with its delay and its targets."""
    for rung in ladder.rungs:
        if rung.lost or rung.silent:
            continue
        direct = [target for target in rung.targets if target.kind != "ladder"]
        if direct:
            yield rung, rung.after, direct
        for target in rung.targets:
            if target.kind != "ladder":
                continue
            cuts: list[str] = []
            name, inner = target.name or target.id, list(_nested_rungs(draft, target.id, {ladder.origin.id}, cuts))
            if target.id == ladder.origin.id:
                rung.note(f"It leads back to the escalation {name}: the circle is cut here", "", lost=not direct)
            elif not inner:
                why = f"It leads to the escalation {name}, which reaches nobody"
                rung.note(why, "Write the rung by hand.", lost=not direct)
            else:
                rung.note(f"It leads to the escalation {name}, whose rungs stand in its place", "")
                for cut in dict.fromkeys(cuts):
                    rung.note(f"From there it leads back to the escalation {cut}: the circle is cut there", "")
                for inner_rung, after, targets in inner:
                    yield replace(inner_rung, notes=[]), rung.after + after, targets


def _nested_rungs(draft: Draft, identity: str, seen: set[str], cuts: list[str]) -> Iterator[_Flat]:
    """The rungs of a ladder that another one leads to.

    `seen`: the ladders before it. The names of those where a circle is cut are appended to `cuts`.
    """
    ladder = next((ladder for ladder in draft.account.ladders if ladder.origin.id == identity), None)
    if ladder is None:
        return
    if identity in seen:
        cuts.append(ladder.origin.name or identity)
        return
    for rung in ladder.rungs:
        if rung.silent:
            continue
        direct = [target for target in rung.targets if target.kind != "ladder"]
        if direct:
            yield rung, rung.after, direct
        for target in rung.targets:
            if target.kind == "ladder":
                for inner_rung, after, targets in _nested_rungs(draft, target.id, {*seen, identity}, cuts):
                    yield inner_rung, rung.after + after, targets


def _targets(draft: Draft, rung: Rung, targets: list[Participant]) -> list[str]:
    keys = {"person": draft.people, "team": draft.teams, "schedule": draft.schedules}
    notify: list[str] = []
    for target in targets:
        key = keys.get(target.kind, {}).get(target.id)
        if key is not None:
            notify.append(f"{_prefix(rung, target)}:{key}")
        elif target != NOBODY:
            name, mend = target.name or target.id, "Write somebody else to the rung's `notify`."
            rung.note(f"The {target.kind} {name} is not moved", mend, lost=len(rung.targets) == 1)
    if not notify and not rung.lost:
        rung.note("It reaches nobody", "Write somebody to the rung's `notify`.", lost=True)
    return list(dict.fromkeys(notify))


def _prefix(rung: Rung, target: Participant) -> str:
    """The target's prefix in the policy: `next:` and `all:` of a schedule, `turn:` of a team."""
    prefixes = {("schedule", "next"): "next", ("schedule", "all"): "all", ("team", "round_robin"): "turn"}
    prefix = prefixes.get((target.kind, rung.how), "")
    if prefix in set(TargetKind):
        return prefix
    if rung.how in ("next", "round_robin"):
        rung.note(f"It notifies {_HOW[rung.how]} of several; here all of them", "Look at the rung's `notify`.")
    return _PREFIX[target.kind]


def rungs_to(draft: Draft, target: Participant) -> list[dict[str, Any]]:
    """The rungs that page a target: a ladder's own, or one at once."""
    if target.kind == "ladder":
        return draft.rungs.get(target.id, [])
    keys = {"person": draft.people, "team": draft.teams, "schedule": draft.schedules}
    key = keys.get(target.kind, {}).get(target.id)
    return [{"after": "0m", "notify": [f"{_PREFIX[target.kind]}:{key}"]}] if key is not None else []
