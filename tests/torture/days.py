"""The schedule of a night in which weeks pass after the incidents: action items, reviews and the weekly digest.

Each day the bot's clock jumps to some hour, people act, things break, and then everything comes to rest.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture.schedule import PEOPLE, Day, Life, Schedule, Step, life

SPAN_S = 1.3  # in which people act and things break, each day
FIRST_MONDAY = datetime(2027, 1, 4, tzinfo=UTC)
WEEKS = 14  # later at most: in March the clocks of people change
DAYS = (4, 6)
HOURS = (3.9, 8.3, 8.6, 10.4, 14.6, 17.3, 20.4)  # UTC; no hour is a working hour of everybody
NEARLY_S = 0.6  # before something comes due, while people act
# What comes due at a fixed hour: a day begins somewhere on earth, the digest in winter and in summer, in New York.
EDGES = (10.0, 8.0, 7.0, 14.0)
POLICY = """
preset: sev1-5
timezone: Europe/Berlin
announce: "#incidents"
weekly_digest: {channel: "#general", day: monday, at: "09:00"}
severities:
  sev1: {update_every: 4h, roles: [], respond_within: null, escalate_after: null, review_within: 48h,
         ladder: [{after: 0s, notify: ["user:U0TOM00000"], by: [slack]}]}
  sev2: {update_every: null, roles: [], respond_within: null, escalate_after: null, review_within: 120h, ladder: []}
  sev3: {update_every: null, roles: [], respond_within: null, escalate_after: null, review_within: null, ladder: []}
"""
FIRST_DAY = {"action": 7, "action_form": 3, "action_check": 2, "action_shortcut": 2, "resolve": 4, "note": 2, "role": 2,
             "say": 2, "declare": 1, "action_done": 2}  # fmt: skip
LATER_DAYS = {"action": 5, "action_form": 2, "action_check": 1, "action_shortcut": 1, "action_done": 5,
              "action_later": 3, "action_not_doing": 2, "action_give": 4, "action_reopen": 2, "checklists": 2,
              "review": 2, "review_schedule": 4, "review_ask": 2, "review_complete": 2, "review_publish": 2,
              "resolve": 3, "reopen": 1, "note": 1, "declare": 1, "say": 1}  # fmt: skip
FAULTS = {"kill": 9, "stop": 2, "freeze": 1, "down": 2, "slack": 6, "late": 1, "sockets": 1, "twice": 2, "lose_acks": 1}
TROUBLES: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": 0.3}, {"status": 500}, {"status": 500, "after": True},
    {"reset": True, "after": True}, {"error": "fatal_error", "after": True}, {"hang": True, "after": True},
)  # fmt: skip
METHODS = ("chat.postMessage", "chat.postMessage", "chat.*", "conversations.open", "conversations.list", "users.info")


def night_of_days(seed: int, database: str | None = None, replicas: int | None = None) -> Schedule:
    """The same arguments give the same schedule. Arguments left out follow from the seed."""
    rng = random.Random(seed)  # reproducible, not secret
    drawn = rng.choice(("sqlite", "postgresql")), rng.choice((1, 2))
    database = database or drawn[0]
    replicas = 1 if database == "sqlite" else replicas or drawn[1]
    socket_mode = rng.random() < 0.3
    begin = _begin(rng)
    monday = FIRST_MONDAY + timedelta(weeks=rng.randint(0, WEEKS))
    instants = _instants(rng, monday)
    weights = FAULTS | ({"lock": 2} if database == "sqlite" else {"cut": 3})
    days = tuple(
        Day(at, number > 0 and rng.random() < 0.4, _steps(rng, number, instants, weights))
        for number, at in enumerate(instants)
    )
    lives = tuple(tuple(_life(rng) for _ in range(rng.randint(3, 7))) for _ in range(replicas))
    return Schedule(
        seed, database, replicas, socket_mode, begin, lives, rng.random() < 0.3, SPAN_S * len(days), days=days
    )  # fmt: skip


def _begin(rng: random.Random) -> tuple[Step, ...]:
    """A public incident with some items and a private one; the first is resolved, so its review is opened."""
    dues = rng.sample(("by tomorrow", "by in 2 business days", "by in 3 business days", "by friday", "by monday"), 4)
    items = [
        Step(0.0, "action", rng.choice(PEOPLE), f"b{place}", 0.0, {"owner": f"@{rng.choice(PEOPLE)}", "due": due})
        for place, due in enumerate(dues)
    ]
    private = Step(0.0, "declare_private", "lena", "kp", rng.random())
    severity = rng.choice((0.1, 0.5))  # sev1 or sev2, which have a review
    return (
        Step(0.0, "declare", "maya", "k0", severity), *items, Step(0.0, "resolve", "maya", "b9", 0.0), private
    )  # fmt: skip


def _instants(rng: random.Random, monday: datetime) -> list[datetime]:
    """The instants to which the clock jumps: from the first Monday's morning, by hours, days or weeks."""
    instants = [monday + timedelta(hours=8.6)]
    for _ in range(rng.randint(*DAYS)):
        midnight = instants[-1].replace(hour=0, minute=0, second=0, microsecond=0)
        nearly = rng.random() < 0.35
        hour = rng.choice(EDGES) if nearly else rng.choice(HOURS)
        days = rng.choice((0, 1, 1, 1, 1, 2, 2, 3, 5, 7))
        at = midnight + timedelta(days=days, hours=hour) - timedelta(seconds=NEARLY_S * nearly)
        instants.append(at if at > instants[-1] + timedelta(minutes=30) else at + timedelta(days=1))
    return instants


def _steps(
    rng: random.Random, number: int, instants: list[datetime], weights: dict[str, int]
) -> tuple[Step, ...]:  # fmt: skip
    kinds = FIRST_DAY if number == 0 else LATER_DAYS
    steps = [
        _act(rng, f"d{number}n{place}", kinds, instants[number + 1 :])
        for place in range(rng.randint(10, 16) if number == 0 else rng.randint(5, 10))
    ]
    steps += [_fault(rng, weights) for _ in range(rng.randint(1, 3))]
    return tuple(sorted(steps, key=lambda step: step.at_s))


def _act(rng: random.Random, token: str, kinds: dict[str, int], ahead: list[datetime]) -> Step:
    what = rng.choices(list(kinds), list(kinds.values()))[0]
    more: dict[str, Any] = {}
    if what == "review_schedule":  # so that it takes place as the clock jumps there, was to begin before, or begins
        at = rng.choice(ahead) if ahead else None
        before = timedelta(minutes=rng.choice((-2, 0, 1, 12, 30, 79, 100)))
        more = {"at": None if at is None else int((at - before).timestamp()) // 60 * 60}
    return Step(round(rng.uniform(0.05, SPAN_S), 3), what, rng.choice(PEOPLE), token, rng.random(), more)


def _fault(rng: random.Random, weights: dict[str, int]) -> Step:
    """Most things break just after the clock jumped, when reminders go out."""
    what = rng.choices(list(weights), list(weights.values()))[0]
    at_s, more = min(abs(rng.gauss(0.0, 0.5)), SPAN_S), {}
    match what:
        case "slack":
            more = {"method": rng.choice(METHODS), "count": rng.randint(1, 2), **rng.choice(TROUBLES)}
        case "late":
            more = {"by_s": round(rng.uniform(0.1, 0.5), 2), "for_s": round(rng.uniform(0.3, 0.8), 2)}
        case "lose_acks":
            more = {"number": rng.randint(1, 3)}
        case "lock" | "down" | "twice":
            more = {"for_s": round(rng.uniform(0.2, 1.0), 2)}
        case "freeze":
            more = {"for_s": round(rng.choice((rng.uniform(0.1, 0.6), rng.uniform(2.2, 3.2))), 2)}
        case "sockets":
            more = {"reason": rng.choice((None, "warning", "refresh_requested"))}
    return Step(round(at_s, 3), f"fault:{what}", "", "", rng.random(), more)


def _life(rng: random.Random) -> Life:
    """Two in three processes die from inside."""
    drawn = life(rng)
    return drawn if rng.random() < 0.66 else Life(None, drawn.restart_after_s)
