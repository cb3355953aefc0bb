"""A verdict is rarely wrong, finds real changes, and is not fooled by another mix of severities."""

from __future__ import annotations

import random

from bot.domain.figures.trend import Durations, Verdict, trend

SPREAD = 0.9  # of the logarithm of durations, as recorded incidents have it


def lengths(chance: random.Random, count: int, median: float, open_for: float | None = None) -> Durations:
    """Durations of incidents. `open_for`: those that take longer are still open."""
    drawn = [median * chance.lognormvariate(0, SPREAD) for _ in range(count)]
    if open_for is None:
        return Durations(drawn)
    limits = [chance.uniform(0, open_for) for _ in drawn]
    pairs = list(zip(drawn, limits, strict=True))
    return Durations([each for each, limit in pairs if each <= limit], [limit for each, limit in pairs if each > limit])


def period(chance: random.Random, severe: int, mild: int, factor: float = 1.0) -> dict[str, Durations]:
    return {
        "sev1": lengths(chance, severe, 3600 * factor),
        "sev3": lengths(chance, mild, 600 * factor),
    }


def verdicts(seed: int, runs: int, now: tuple[int, int], before: tuple[int, int], factor: float) -> list[Verdict]:
    chance = random.Random(seed)
    return [trend(period(chance, *now, factor), period(chance, *before)).verdict for _ in range(runs)]


def test_of_a_thousand_periods_without_change_at_most_one_in_twenty_is_claimed_to_differ() -> None:
    sizes = [(5, 7), (8, 4), (12, 12), (20, 14)]
    claims = [
        verdict
        for seed, size in enumerate(sizes)
        for verdict in verdicts(seed, 250, size, sizes[seed - 1], 1.0)
        if verdict is not Verdict.CANNOT_TELL
    ]
    assert len(claims) <= 50


def test_of_a_thousand_long_periods_without_change_at_most_one_in_twenty_is_claimed_to_differ() -> None:
    claims = [verdict for verdict in verdicts(11, 1000, (60, 90), (90, 60), 1.0) if verdict is not Verdict.CANNOT_TELL]
    assert len(claims) <= 50


def test_a_halving_is_found_in_four_of_five_with_sixty_incidents() -> None:
    found = verdicts(7, 200, (30, 30), (30, 30), 0.5)
    assert found.count(Verdict.BETTER) >= 160
    assert Verdict.WORSE not in found


def test_another_mix_of_severities_is_no_progress() -> None:
    claims = [verdict for verdict in verdicts(3, 200, (5, 55), (55, 5), 1.0) if verdict is not Verdict.CANNOT_TELL]
    assert len(claims) <= 14  # one in twenty, and what chance adds to 200


def test_incidents_that_are_still_open_do_not_make_a_period_look_fast() -> None:
    chance = random.Random(5)
    runs = [
        trend({"sev1": lengths(chance, 40, 3600, open_for=7200)}, {"sev1": lengths(chance, 40, 3600)})
        for _ in range(300)
    ]
    assert sum(run.verdict is not Verdict.CANNOT_TELL for run in runs) <= 20


def test_a_doubling_is_worse() -> None:
    chance = random.Random(1)
    assert trend(period(chance, 40, 40, 2.0), period(chance, 40, 40)).verdict is Verdict.WORSE


def test_of_few_incidents_nothing_is_claimed() -> None:
    told = trend({"sev1": Durations([1.0] * 4)}, {"sev1": Durations([1000.0] * 50)})
    assert (told.verdict, told.n, told.n_before, told.p) == (Verdict.CANNOT_TELL, 4, 50, None)


def test_equal_times_show_no_change() -> None:
    for count in (10, 500):
        told = trend({"sev1": Durations([60.0] * count)}, {"sev1": Durations([60.0] * count)})
        assert told.verdict is Verdict.CANNOT_TELL
