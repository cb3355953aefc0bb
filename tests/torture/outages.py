"""The schedule of a night in which Slack is dead for hours of the bot's clock, and people go on elsewhere."""

from __future__ import annotations

import random
from typing import Any

from tests.torture.schedule import PEOPLE, Life, Schedule, Step, life

SPAN_S = 9.0
BEGINS_S, LASTS_S = (1.2, 2.0), (3.0, 4.5)
HOURS = (1.0, 6.0)
BEFORE = {
    "say": 4, "declare": 3, "note": 2, "update": 6, "ack": 3, "status": 2, "severity": 2, "press_page": 2, "chat": 1,
    "role": 1, "reopen": 1, "resolve": 1,
}  # fmt: skip
AFTER = {"say": 3, "note": 2, "update": 5, "ack": 2, "declare": 1, "press_page": 3, "press_nudge": 2, "status": 2}
MEANWHILE = {
    "declare": 4, "declare_private": 1, "ack": 5, "update": 14, "note": 9, "status": 5, "severity": 3, "escalate": 3,
    "resolve": 2, "reopen": 2,
}  # fmt: skip
INTERFACES = ("api", "api", "console", "cli")
FAULTS = {"kill": 8, "stop": 2, "freeze": 2, "late": 1, "slack": 4, "sockets": 1}
TROUBLES: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0.3}, {"status": 500}, {"status": 500, "after": True},
    {"reset": True, "after": True}, {"error": "fatal_error", "after": True}, {"hang": True, "after": True},
)  # fmt: skip
METHODS = ("chat.postMessage", "chat.postMessage", "chat.*", "conversations.create", "pins.add", "*")


def outage_night(seed: int, database: str | None = None, replicas: int | None = None) -> Schedule:
    """The same arguments give the same schedule. Arguments left out follow from the seed."""
    rng = random.Random(seed)  # reproducible, not secret
    drawn = rng.choice(("sqlite", "postgresql")), rng.choice((1, 2))
    database = database or drawn[0]
    replicas = 1 if database == "sqlite" else replicas or drawn[1]
    socket_mode = rng.random() < 0.3
    begins_s = rng.uniform(*BEGINS_S)
    lasts_s = rng.uniform(*LASTS_S)
    back_s = begins_s + lasts_s
    steps = [Step(0.0, "declare", "maya", "k0", 0.1), Step(0.0, "declare_private", "lena", "kp", rng.random())]
    steps += [_act(rng, f"b{number}", BEFORE, 0.1, begins_s) for number in range(rng.randint(8, 16))]
    steps += [_act(rng, f"a{number}", AFTER, back_s + 0.2, SPAN_S) for number in range(rng.randint(4, 10))]
    steps += [_elsewhere(rng, number, begins_s, back_s) for number in range(rng.randint(20, 40))]
    hours = rng.uniform(*HOURS)
    cuts = [rng.random() for _ in range(rng.randint(2, 5))]
    leaps = [round(3600 * hours * cut / sum(cuts), 1) for cut in cuts]
    steps.append(Step(round(begins_s, 3), "fault:outage", "", "", 0.0, {"for_s": round(lasts_s, 2), "leaps": leaps}))
    weights = FAULTS | ({"lock": 2} if database == "sqlite" else {"cut": 3})
    steps += [_fault(rng, weights, begins_s, back_s) for _ in range(rng.randint(2, 6))]
    lives = tuple(tuple(_life(rng) for _ in range(rng.randint(0, 3))) for _ in range(replicas))
    ordered = (steps[0], steps[1], *sorted(steps[2:], key=lambda step: step.at_s))
    return Schedule(seed, database, replicas, socket_mode, ordered, lives, rng.random() < 0.3, SPAN_S, outages=True)


def _act(rng: random.Random, token: str, weights: dict[str, int], since_s: float, until_s: float) -> Step:
    what = rng.choices(list(weights), list(weights.values()))[0]
    return Step(round(rng.uniform(since_s, until_s), 3), what, rng.choice(PEOPLE), token, rng.random())


def _elsewhere(rng: random.Random, number: int, since_s: float, until_s: float) -> Step:
    """An act while Slack is dead; some before and after that."""
    what = rng.choices(list(MEANWHILE), list(MEANWHILE.values()))[0]
    at_s = rng.uniform(since_s - 0.3, until_s + 0.3)
    more = {"interface": rng.choice(INTERFACES)}
    return Step(round(at_s, 3), f"elsewhere:{what}", rng.choice(PEOPLE), f"e{number}", rng.random(), more)


def _fault(rng: random.Random, weights: dict[str, int], begins_s: float, back_s: float) -> Step:
    """Most faults happen when Slack goes, and when it is back."""
    what = rng.choices(list(weights), list(weights.values()))[0]
    at_s = rng.choice((rng.gauss(begins_s, 0.3), rng.gauss(back_s + 0.7, 0.6), rng.uniform(0.3, SPAN_S - 0.5)))
    at_s, pick = min(max(0.3, at_s), SPAN_S - 0.5), rng.random()
    more: dict[str, Any] = {}
    match what:
        case "slack":
            more = {"method": rng.choice(METHODS), "count": rng.randint(1, 2), **rng.choice(TROUBLES)}
        case "late":
            more = {"by_s": round(rng.uniform(0.1, 0.8), 2), "for_s": round(rng.uniform(0.3, 1.0), 2)}
        case "lock":
            more = {"for_s": round(rng.uniform(0.2, 1.5), 2)}
        case "freeze":
            more = {"for_s": round(rng.choice((rng.uniform(0.1, 0.6), rng.uniform(2.2, 3.2))), 2)}
        case "sockets":
            more = {"reason": rng.choice((None, "warning", "refresh_requested"))}
    return Step(round(at_s, 3), f"fault:{what}", "", "", pick, more)


def _life(rng: random.Random) -> Life:
    """Deaths from inside come later than in other nights: there is more to do."""
    drawn = life(rng)
    assert drawn.death is not None
    if rng.random() < 0.5:
        return Life(None, drawn.restart_after_s)
    return drawn
