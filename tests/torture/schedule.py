"""A schedule: the actions of people and the faults with their times, all derived from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.scenarios.processes import Death

PEOPLE = ("maya", "tom", "priya", "lena", "sam", "noor")
SPAN_S = 3.0  # all acts and faults happen within this time

ACTS = {
    "say": 20, "reply": 7, "edit": 9, "delete": 4, "pushpin": 3, "chat": 3,
    "declare": 5, "declare_form": 3, "declare_private": 3, "note": 8, "update": 5, "update_form": 5, "resolve_form": 2,
    "ack": 4, "press_card": 8, "press_page": 6, "press_nudge": 5, "press_answer": 4, "press_announcement": 3,
    "severity": 4, "status": 3, "role": 3, "snooze": 2, "next": 3, "escalate": 3, "action": 4,
    "resolve": 3, "close": 1, "reopen": 5, "join": 2, "invite": 2, "mention": 3,
    "action_form": 2, "action_check": 1, "action_shortcut": 1, "action_done": 2, "action_later": 1,
    "action_not_doing": 1, "action_give": 2, "checklists": 1, "review": 2, "review_schedule": 1, "review_ask": 1,
    "review_complete": 1, "review_publish": 1,
}  # fmt: skip
FAULTS = {
    "kill": 12, "sockets": 4, "slack": 9, "copies": 3, "reorder": 3, "late": 3, "lose_acks": 3,
    "step": 5, "down": 2, "freeze": 2, "twice": 3, "stop": 2,
}  # fmt: skip
WORKSPACE_ACTS = {"archive": 3, "kick": 3, "token": 2, "erase": 4, "remove": 5, "guest": 6}
# What a guest may not do, as commands and as buttons of the card.
GUEST_ACTS = (
    "resolve {token} by a guest", "close", "cancel {token} by a guest", "escalate {token}", "severity sev1 {token}",
    "lead @gail", "role scribe @gail", "snooze 1h", "page @tom {token}", "reopen {token}", "handover @gail",
    "Escalate", "Resolve", "Change severity", "Assign roles",
)  # fmt: skip
ONLY_SQLITE = {"lock": 4, "disk": 3}
ONLY_POSTGRESQL = {"cut": 5}
TWO_REPLICAS = {"freeze": 6, "kill": 4}

METHODS = (
    "chat.postMessage", "chat.postMessage", "chat.*", "conversations.create", "conversations.*", "pins.add",
    "chat.update", "views.open", "conversations.history", "conversations.open", "*",
)  # fmt: skip
TROUBLES: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0.3},
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 503},
    {"error": "internal_error"},
    {"error": "fatal_error", "after": True},
    {"status": 500, "after": True},
    {"reset": True},
    {"reset": True, "after": True},
    {"hang": True},
    {"hang": True, "after": True},
    {"latency_s": 0.3},
)


@dataclass(frozen=True, slots=True)
class Step:
    """One act or fault at `at_s`. `pick` (0 to 1) chooses among the things that exist by then; `more` is for faults."""

    at_s: float
    what: str
    who: str
    token: str
    pick: float
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        more = f" {self.more}" if self.more else ""
        return f"{self.at_s:6.3f}  {self.what:<20} {self.who:<6} {self.token:<6} {self.pick:.3f}{more}"


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a process: when it kills itself, if at all, and how long it then stays down."""

    death: Death | None = None
    restart_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """A jump to an instant of the bot's clock, and what happens then. `asleep`: all processes die as it jumps."""

    at: datetime
    asleep: bool
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        head = f"  {self.at:%a %d %b %Y %H:%M:%S} UTC{', all processes dead' if self.asleep else ''}"
        return "\n".join([head, *(f"    {step}" for step in self.steps)])


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything about a run that is fixed beforehand."""

    seed: int
    database: str
    replicas: int
    socket_mode: bool
    steps: tuple[Step, ...]
    lives: tuple[tuple[Life, ...], ...]
    restart_at_end: bool
    span_s: float = SPAN_S
    outages: bool = False  # Slack is dead for hours, and people go on elsewhere
    days: tuple[Day, ...] = ()  # that pass after the incidents; the steps of each are its own

    def __str__(self) -> str:
        way = "Socket Mode" if self.socket_mode else "HTTP"
        lines = [f"seed {self.seed}: {self.database}, {self.replicas} replica(s), {way}"]
        for number, lives in enumerate(self.lives):
            deaths = ", ".join(f"{life.death} (back after {life.restart_after_s:.2f} s)" for life in lives)
            lines.append(f"  process {number} dies: {deaths or 'only when killed'}")
        return "\n".join([*lines, *(f"  {step}" for step in self.steps), *map(str, self.days)])


def schedule(seed: int, database: str | None = None, replicas: int | None = None) -> Schedule:
    """The same arguments give the same schedule. Arguments left out follow from the seed."""
    # Every choice is drawn first, so that an argument changes nothing else.
    rng = random.Random(seed)  # reproducible, not secret
    drawn = rng.choice(("sqlite", "postgresql")), rng.choice((1, 2))
    database = database or drawn[0]
    replicas = 1 if database == "sqlite" else replicas or drawn[1]
    socket_mode = rng.random() < 0.4
    steps = [Step(0.0, "declare", "maya", "k0", 0.1), Step(0.0, "declare_private", "lena", "kp", rng.random())]
    steps.append(Step(0.3, "declare", "tom", "k1", 0.5))
    steps.append(Step(round(rng.uniform(1.0, SPAN_S), 3), "act:remove", "", "", rng.random(), {"for_s": None}))
    steps += [_act(rng, number) for number in range(2, rng.randint(35, 60))]
    weights = FAULTS | (ONLY_SQLITE if database == "sqlite" else ONLY_POSTGRESQL)
    if replicas > 1:
        weights |= TWO_REPLICAS
    steps += [_fault(rng, weights) for _ in range(rng.randint(5, 10))]
    lives = tuple(tuple(life(rng) for _ in range(rng.randint(2, 5))) for _ in range(replicas))
    restart_at_end = rng.random() < 0.5
    steps += [_workspace_act(rng) for _ in range(rng.randint(4, 10))]
    steps.sort(key=lambda step: step.at_s)
    return Schedule(seed, database, replicas, socket_mode, tuple(steps), lives, restart_at_end)


def _act(rng: random.Random, number: int) -> Step:
    what = rng.choices(list(ACTS), list(ACTS.values()))[0]
    at_s = rng.uniform(0.05, SPAN_S)
    return Step(round(at_s, 3), what, rng.choice(PEOPLE), f"k{number}", rng.random())


def _workspace_act(rng: random.Random) -> Step:
    what = rng.choices(list(WORKSPACE_ACTS), list(WORKSPACE_ACTS.values()))[0]
    at_s, pick = rng.uniform(0.5, SPAN_S), rng.random()
    more: dict[str, Any] = {}
    match what:
        case "archive":  # None: nobody unarchives it
            more = {"for_s": None if rng.random() < 0.25 else round(rng.uniform(0.2, 2.0), 2)}
        case "remove":  # None: nobody invites them again
            more = {"for_s": None if rng.random() < 0.7 else round(rng.uniform(0.1, 1.0), 2)}
        case "guest":
            more = {"what": rng.choice(GUEST_ACTS)}
        case "token":
            more = {"for_s": round(rng.uniform(0.2, 2.0), 2)}
        case "erase":
            more = {"number": rng.randint(1, 4)}
    return Step(round(at_s, 3), f"act:{what}", "", f"w{pick:.6f}"[:6], pick, more)


def _fault(rng: random.Random, weights: dict[str, int]) -> Step:
    what = rng.choices(list(weights), list(weights.values()))[0]
    at_s, pick = rng.uniform(0.1, SPAN_S), rng.random()
    more: dict[str, Any] = {}
    match what:
        case "slack":
            more = {"method": rng.choice(METHODS), "count": rng.randint(1, 3), **rng.choice(TROUBLES)}
        case "twice":
            more = {"for_s": round(rng.uniform(0.3, 1.2), 2)}
        case "copies" | "reorder":
            more = {"number": rng.randint(2, 3), "for_s": round(rng.uniform(0.3, 1.2), 2)}
        case "late":
            more = {"by_s": round(rng.uniform(0.1, 0.8), 2), "for_s": round(rng.uniform(0.3, 1.0), 2)}
        case "lose_acks":
            more = {"number": rng.randint(1, 4)}
        case "step":
            more = {"by_s": round(rng.choice((rng.uniform(-5, 5), rng.uniform(20, 400))), 1)}
        case "down" | "lock" | "disk":
            more = {"for_s": round(rng.uniform(0.2, 1.5), 2)}
        case "freeze":
            more = {"for_s": round(rng.choice((rng.uniform(0.1, 0.6), rng.uniform(2.2, 3.2))), 2)}
        case "sockets":
            more = {"reason": rng.choice((None, None, "warning", "refresh_requested"))}
    return Step(round(at_s, 3), f"fault:{what}", "", "", pick, more)


def life(rng: random.Random) -> Life:
    what = rng.choice(("commit", "call"))
    number = rng.choice((rng.randint(1, 16), rng.randint(1, 60 if what == "commit" else 40)))
    death = Death(what, number, rng.random() < 0.5)
    return Life(death, round(rng.choice((0.0, 0.0, rng.uniform(0.0, 0.4))), 2))
