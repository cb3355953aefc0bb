"""Tests whether a span became better or worse between two periods, or whether that cannot be told.

A permutation test, split by severity: within each severity the incidents of both periods are shuffled, so that another
mix of severities is no progress. Each incident scores how many others were surely faster, less how many were surely
slower. One that did not get there yet is only known to take longer than it has so far: without it, a period of
unfinished incidents would look fast.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from math import erfc, sqrt

LEVEL = 0.04  # a claim is made if chance alone would do as much in this share of shuffles, or less
FEWEST = 5  # incidents of a period without which nothing is claimed
SHUFFLES = 999
SHUFFLED = 60  # from so many incidents on, the normal distribution that shuffling approaches is used instead
SEED = 20250101


class Verdict(StrEnum):
    """The possible results of comparing two periods."""

    BETTER = "better"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"


@dataclass(slots=True)
class Durations:
    """The seconds in which incidents reached a status, and the seconds so far of those that have not."""

    reached: list[float] = field(default_factory=list)
    unfinished: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.reached) + len(self.unfinished)


@dataclass(frozen=True, slots=True)
class Trend:
    """A verdict with the numbers of incidents behind it; `p` is None where there are too few."""

    verdict: Verdict
    n: int
    n_before: int
    p: float | None


def trend(now: Mapping[str, Durations], before: Mapping[str, Durations]) -> Trend:
    """Compare the lengths of two periods, each by severity. Severities of one period alone say nothing."""
    shared_keys = [key for key in sorted(now) if len(now[key]) and len(before.get(key, ()))]
    n, n_before = sum(len(now[key]) for key in shared_keys), sum(len(before[key]) for key in shared_keys)
    if min(n, n_before) < FEWEST:
        return Trend(Verdict.CANNOT_TELL, n, n_before, None)
    strata = [(_scores(now[key], before[key]), len(now[key])) for key in shared_keys]
    observed = sum(sum(scores[:count]) for scores, count in strata)
    p = _by_shuffling(strata, observed) if n + n_before <= SHUFFLED else _by_moments(strata, observed)
    if p > LEVEL or observed == 0:
        return Trend(Verdict.CANNOT_TELL, n, n_before, p)
    return Trend(Verdict.BETTER if observed < 0 else Verdict.WORSE, n, n_before, p)


def _scores(now: Durations, before: Durations) -> list[float]:
    """For each length the number surely shorter less the number surely longer, over the size of the stratum.

    Those of `now` come first. The sum over all is zero.
    """
    reached = sorted([*now.reached, *before.reached])
    unfinished = sorted([*now.unfinished, *before.unfinished])
    size = len(reached) + len(unfinished)
    of_reached: dict[float, float] = {}
    first = waiting = 0
    for value, equal in groupby(reached):
        count = sum(1 for _ in equal)
        waiting = bisect_left(unfinished, value, waiting)
        longer = len(reached) - first - count + len(unfinished) - waiting
        of_reached[value] = (first - longer) / (size + 1)
        first += count

    def of(lengths: Durations) -> list[float]:
        later = [bisect_right(reached, value) / (size + 1) for value in lengths.unfinished]
        return [*map(of_reached.__getitem__, lengths.reached), *later]

    return of(now) + of(before)


def _by_shuffling(strata: Sequence[tuple[list[float], int]], observed: float) -> float:
    chance = random.Random(SEED)  # noqa: S311 - the same figures give the same verdict
    extreme, enough = 0, LEVEL * (SHUFFLES + 1)
    for shuffle_count in range(1, SHUFFLES + 1):
        shuffled = sum(sum(chance.sample(scores, count)) for scores, count in strata)
        extreme += abs(shuffled) >= abs(observed) - 1e-9
        if extreme > enough:  # no later result can change this
            return extreme / shuffle_count
    return (extreme + 1) / (SHUFFLES + 1)


def _by_moments(strata: Sequence[tuple[list[float], int]], observed: float) -> float:
    """By the exact mean (zero) and variance of the sum over all shuffles."""
    variance = 0.0
    for scores, count in strata:
        size = len(scores)
        variance += count * (size - count) / (size * (size - 1)) * sum(score * score for score in scores)
    return 1.0 if variance == 0 else erfc(abs(observed) / sqrt(2 * variance))
