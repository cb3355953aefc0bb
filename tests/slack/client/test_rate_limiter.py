"""The rate limiter: Slack's documented limits, pages first, and equal parts for incidents."""

from __future__ import annotations

import heapq
import itertools
import re
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.routing.notice import Priority
from bot.slack.client import rate_limiter, rate_tiers
from bot.slack.client.rate_limiter import CallPermit, RateLimiter
from bot.slack.client.rate_window import Caller
from sandbox.methods import METHODS
from sandbox.rates import PER_MINUTE

BOT = Path(__file__).resolve().parents[3] / "bot"
UPDATE = "chat.update"


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Callers:
    """A small outbox: each caller asks, comes back when told, and calls for 0.1 s."""

    TOOK_S = 0.1

    def __init__(self, *, refused: bool = True) -> None:
        self.time = Time()
        self.limiter = RateLimiter(self.time)
        if refused:  # so that it keeps to what is documented
            self.limiter.back_off("bookmarks.list", "", 0.1)
        self.began = self.time.now
        self.waiting: list[tuple[float, str, str, Caller]] = []
        self.under_way: list[tuple[float, CallPermit]] = []
        self.went: list[tuple[float, Caller]] = []

    def ask(self, method: str, caller: Caller, channel: str = "", after_s: float = 0.0) -> None:
        self.waiting.append((self.began + after_s, method, channel, caller))

    def run(self, until_s: float) -> None:
        """Advance from event to event."""
        while True:
            instants = [at for at, *_ in self.waiting] + [at for at, _ in self.under_way]
            if not instants or min(instants) > self.began + until_s:
                return
            self.time.now = max(self.time.now, min(instants))
            for at, permit in [call for call in self.under_way if call[0] <= self.time.now]:
                permit.release(counts=True)
                self.under_way.remove((at, permit))
            due = sorted((w for w in self.waiting if w[0] <= self.time.now), key=lambda w: (w[3].priority, w[0]))
            for call in due:
                self.waiting.remove(call)
                _, method, channel, caller = call
                outcome = self.limiter.acquire(method, channel, caller)
                if isinstance(outcome, CallPermit):
                    self.went.append((self.time.now - self.began, caller))
                    self.under_way.append((self.time.now + self.TOOK_S, outcome))
                else:
                    assert outcome > 0
                    self.waiting.append((self.time.now + outcome + 0.001, method, channel, caller))

    def times(self, incident: int) -> list[float]:
        return [at for at, caller in self.went if caller.incident == incident]


def row(number: int, incident: int, priority: Priority = Priority.NEWS) -> Caller:
    return Caller(f"{incident}:{number}", incident, priority)


def most_within(times: list[float], span_s: float) -> int:
    return max(sum(start <= at < start + span_s for at in times) for start in times)


def test_every_method_that_the_bot_calls_has_its_tier() -> None:
    named = {
        match
        for path in BOT.rglob("*.py")
        for match in re.findall(r'"((?:[a-z]+\.)+[a-zA-Z]+)"', path.read_text())
        if match in METHODS
    }
    called = named - {"apps.connections.open", "chat.getPermalink"}
    assert called <= set(rate_tiers.PER_MINUTE)
    for method, limit in rate_tiers.PER_MINUTE.items():
        assert limit == PER_MINUTE.get(METHODS[method].tier), method


@pytest.mark.parametrize(("method", "limit"), [("conversations.create", 20), (UPDATE, 50), ("users.info", 100)])
def test_after_a_429_no_minute_has_more_calls_than_documented(method: str, limit: int) -> None:
    callers = Callers()
    for number in range(3 * limit):
        callers.ask(method, row(number, number), after_s=number / limit)
    callers.run(200)
    times = [at for at, _ in callers.went]
    assert len(times) == 3 * limit
    assert most_within(times, 60) <= limit
    assert max(times) < 125  # the third minute's begin, and what the calls take


def test_a_channel_gets_one_message_a_second_after_a_short_burst() -> None:
    callers = Callers()
    for number in range(90):
        callers.ask(rate_tiers.POST, row(number, 1), "C1")
    callers.run(200)
    times = [at for at, _ in callers.went]
    assert len(times) == 90
    assert most_within(times, 60) <= 60
    assert most_within(times, 1.0) <= 2
    assert max(times) < 90 * 1.2
    assert [caller.name for _, caller in callers.went] == [f"1:{number}" for number in range(90)]


def test_one_channel_does_not_hold_up_another() -> None:
    callers = Callers()
    for number in range(100):
        callers.ask(rate_tiers.POST, row(number, 1), "C1")
    callers.ask(rate_tiers.POST, row(0, 2), "C2", after_s=3)
    callers.run(10)
    assert callers.times(2)[0] < 3.1


def test_a_page_goes_before_everything_that_waits() -> None:
    callers = Callers()
    for number in range(60):
        callers.ask(rate_tiers.POST, row(number, number), "D1")
    callers.ask(rate_tiers.POST, Caller("the page", 99, Priority.PAGE), "D1", after_s=5)
    callers.ask(rate_tiers.POST, Caller("the nudge", 98, Priority.NUDGE), "D1", after_s=5)
    callers.run(200)
    assert callers.times(99)[0] < 5 + 2 * rate_tiers.CHANNEL_BURST_S
    assert callers.times(98)[0] < 5 + 4 * rate_tiers.CHANNEL_BURST_S


def test_a_busy_incident_does_not_keep_the_others_waiting() -> None:
    callers = Callers()
    for number in range(300):
        callers.ask(rate_tiers.POST, row(number, 1), "C0ANNOUNCE")
    for incident in range(2, 8):
        callers.ask(rate_tiers.POST, row(0, incident), "C0ANNOUNCE", after_s=10)
    callers.run(400)
    assert max(callers.times(incident)[0] for incident in range(2, 8)) < 10 + 8 * 1.2
    assert len(callers.times(1)) == 300


def test_edits_of_one_incident_leave_room_for_those_of_another() -> None:
    callers = Callers(refused=False)
    for number in range(500):  # as the outbox does: the next edit comes when the last one went
        callers.ask(UPDATE, row(number, 1, Priority.EDIT), after_s=number / 10)
    callers.ask(UPDATE, row(0, 2, Priority.EDIT), after_s=40)
    callers.run(60)
    assert callers.times(2)[0] < 41
    assert most_within(callers.times(1), 60) < 50


def test_an_edit_that_changes_what_buttons_do_is_not_held_back_by_the_share_of_its_incident() -> None:
    callers = Callers()
    for number in range(40):
        callers.ask(UPDATE, row(number, 1, Priority.EDIT))
    callers.ask(UPDATE, Caller("1:39", 1, Priority.BUTTONS), after_s=30)  # one that waits becomes more urgent
    callers.run(40)
    assert len(callers.times(1)) < 35, "the others wait"
    assert 30.0 in [at for at, caller in callers.went if caller.priority == Priority.BUTTONS]


def test_an_edit_that_changes_what_buttons_do_goes_before_those_that_wait_for_the_minute() -> None:
    callers = Callers()
    for number in range(60):
        callers.ask(UPDATE, row(number, number, Priority.EDIT))
    callers.ask(UPDATE, row(0, 99, Priority.BUTTONS), after_s=30)
    callers.run(59)
    assert callers.times(99) == [30.0]


def test_before_any_429_a_burst_passes() -> None:
    callers = Callers(refused=False)
    for number in range(100):
        callers.ask("conversations.create", row(number, number))
    callers.run(60)
    assert len(callers.went) == 100
    assert max(at for at, _ in callers.went) < 5


def test_after_a_429_every_caller_of_the_method_waits() -> None:
    callers = Callers()
    callers.limiter.back_off("conversations.history", "C1", 7.5)
    assert callers.limiter.acquire("conversations.history", "C2", rate_limiter.ANONYMOUS) == pytest.approx(7.5)
    assert isinstance(callers.limiter.acquire("conversations.replies", "C1", rate_limiter.ANONYMOUS), CallPermit)
    callers.limiter.back_off(rate_tiers.POST, "C1", 3.0)
    assert callers.limiter.acquire(rate_tiers.POST, "C1", rate_limiter.ANONYMOUS) == pytest.approx(3.0)
    assert isinstance(callers.limiter.acquire(rate_tiers.POST, "C2", rate_limiter.ANONYMOUS), CallPermit)


def test_a_method_without_a_limit_waits_once_it_is_refused() -> None:
    callers = Callers()
    for number in range(200):
        callers.ask("auth.test", row(number, number))
    callers.run(1)
    assert len(callers.went) == 200
    callers.limiter.back_off("auth.test", "", 3.0)
    assert callers.limiter.acquire("auth.test", "", rate_limiter.ANONYMOUS) == pytest.approx(3.0)
    callers.time.now += 3.0
    assert isinstance(callers.limiter.acquire("auth.test", "", rate_limiter.ANONYMOUS), CallPermit)


def test_a_person_who_waits_is_held_back_by_slacks_own_word_alone() -> None:
    callers = Callers()
    with rate_limiter.interactive():
        person = rate_limiter.current_caller.get()
    callers.limiter.back_off("views.open", "", 3.25)
    assert callers.limiter.acquire("views.open", "", person) == pytest.approx(3.25)
    callers.time.now += 3.25
    for _ in range(120):
        permit = callers.limiter.acquire("views.open", "", person)
        assert isinstance(permit, CallPermit)
        permit.release(counts=True)
    assert isinstance(callers.limiter.acquire("views.open", "", rate_limiter.ANONYMOUS), float)
    assert rate_limiter.current_caller.get() is rate_limiter.ANONYMOUS


def test_many_channels_refused_at_once_mean_the_workspaces_limit() -> None:
    callers = Callers()
    for number in range(rate_tiers.POSTS_PER_MINUTE * 3 // 4):
        callers.ask(rate_tiers.POST, row(number, number), f"C{number}")
    callers.run(1)
    for number in range(4):
        callers.limiter.back_off(rate_tiers.POST, f"D{number}", 20.0)
    permit = callers.limiter.acquire(rate_tiers.POST, "C0NEW", row(0, 1, Priority.PAGE))
    assert isinstance(permit, float)
    assert permit >= 20.0


def test_a_429_within_the_limit_slows_down_for_a_while() -> None:
    callers = Callers()
    callers.limiter.back_off(UPDATE, "", 1.0)  # though we had hardly called
    for number in range(100):
        callers.ask(UPDATE, row(number, number))
    callers.run(300)
    times = [at for at, _ in callers.went]
    assert min(times) >= 1.0
    assert most_within([at for at in times if at < 30], 10) <= 5  # half of fifty a minute
    assert len(times) == 100


def test_replicas_share_the_workspaces_limit() -> None:
    callers = Callers()
    callers.limiter.share_among(4)
    for number in range(60):
        callers.ask(UPDATE, row(number, number))
    callers.run(59)
    assert len(callers.went) == 50 // 4


def test_reading_history_leaves_room_for_pages() -> None:
    callers = Callers()
    for number in range(80):
        callers.ask("conversations.history", row(number, number, Priority.FETCH))
    callers.ask("conversations.history", row(0, 99, Priority.PAGE), after_s=5)
    callers.run(59)
    assert callers.times(99)[0] < 5.1
    assert Counter(caller.priority for _, caller in callers.went)[Priority.FETCH] == 30


def test_a_long_queue_is_still_served_at_the_full_rate() -> None:
    callers = Callers()
    for number in range(1000):
        callers.ask("users.info", row(number, number))
    callers.run(700)
    times = [at for at, _ in callers.went]
    assert len(times) == 1000
    assert max(times) < 1000 / 100 * 60 * 1.05


def test_a_caller_that_never_comes_back_loses_its_place() -> None:
    callers = Callers()
    for number in range(40):
        callers.limiter.acquire(
            "conversations.create", "", row(number, number)
        )  # 20 go, 20 are told to wait and never return
    for window in callers.limiter._windows.values():
        window._under_way.clear()
    callers.time.now += 30
    assert isinstance(callers.limiter.acquire("conversations.create", "", row(0, 99)), float | CallPermit)
    callers.time.now += 60
    assert isinstance(callers.limiter.acquire("conversations.create", "", row(0, 98)), CallPermit)


class StrictWorkspace:
    """Slack that creates twenty channels a minute and refuses more, for several replicas with equal work."""

    MOST, TOOK_S, METHOD = 20, 0.1, "conversations.create"

    def __init__(self, replicas: int) -> None:
        self.time = Time()
        self.limiters = [RateLimiter(self.time) for _ in range(replicas)]
        for limiter in self.limiters:
            limiter.share_among(replicas)
        self.created: list[float] = []

    def create(self, count: int, apart_s: float) -> float:
        """The seconds until all are created; each replica begins so much later than the one before."""
        began, order = self.time.now, itertools.count()
        todo: list[tuple[float, int, int, int, CallPermit | None]] = []
        for number in range(count):
            replica = number % len(self.limiters)
            heapq.heappush(todo, (began + apart_s * replica, next(order), replica, number, None))
        while todo:
            at, _, replica, number, permit = heapq.heappop(todo)
            self.time.now = max(self.time.now, at)
            after_s = self._step(self.limiters[replica], Caller(f"channel {number}", number), permit)
            if after_s is not None:
                waits, given = after_s
                heapq.heappush(todo, (self.time.now + waits, next(order), replica, number, given))
        return self.created[-1] - began

    def _step(
        self, limiter: RateLimiter, caller: Caller, permit: CallPermit | None
    ) -> tuple[float, CallPermit | None] | None:
        if permit is None:
            asked = limiter.acquire(self.METHOD, "", caller)
            return (self.TOOK_S, asked) if isinstance(asked, CallPermit) else (asked, None)
        recent = [at for at in self.created if at > self.time.now - rate_limiter.MINUTE_S]
        if len(recent) < self.MOST:
            self.created.append(self.time.now)
            permit.release(counts=True)
            return None
        again = recent[0] + rate_limiter.MINUTE_S - self.time.now + 0.25
        limiter.back_off(self.METHOD, "", again)
        permit.release(counts=False)
        return again, None


@pytest.mark.parametrize("apart_s", [0.0, 0.35, 2.0])
def test_two_replicas_create_forty_channels_as_soon_as_one_does(apart_s: float) -> None:
    alone = StrictWorkspace(1).create(40, 0.0)
    together = StrictWorkspace(2).create(40, apart_s)
    assert alone < 61
    assert together < alone + apart_s + 1, "neither takes the other's part, and is then taken for refused"


@pytest.mark.parametrize(("replicas", "at_once"), [(1, 1), (2, 10)])
def test_the_first_refusal_within_the_part_of_a_replica_is_of_another_that_went_beyond_its_own(
    replicas: int, at_once: int
) -> None:
    clock = Time()
    limiter = RateLimiter(clock)
    limiter.share_among(replicas)
    limiter.back_off("conversations.create", "", 20.0)
    clock.now += 20.5
    asked = [limiter.acquire("conversations.create", "", Caller(f"channel {n}", n)) for n in range(10)]
    assert sum(isinstance(answer, CallPermit) for answer in asked) == at_once
