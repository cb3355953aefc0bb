"""Reads ranges of metrics from Prometheus for the alerting rules, and caches history that several evaluations use."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from bot.domain.rules.series import Data, Need, Series
from bot.integrations.prometheus import Prometheus, PrometheusError

MOST_SAMPLES = 2_000_000  # in the cache; 32 bytes each
NOT_SET = "PROMETHEUS_URL is not set, so there is no Prometheus to ask"

_Key = tuple[str, float, float, float]


class SeriesReader:
    """Caches ranges that may be older (`Need.slack_s`), and sends equal requests that overlap once."""

    def __init__(self, prometheus: Prometheus | None) -> None:
        self._prometheus = prometheus
        self._kept: OrderedDict[_Key, Sequence[Series]] = OrderedDict()
        self._samples = 0
        self._asked: dict[_Key, asyncio.Task[list[Series]]] = {}

    async def read(self, needs: Sequence[Need], at: float) -> Data:
        """The series for an evaluation at an instant, by need. Raises `PrometheusError`."""
        if len(needs) == 1:
            return {needs[0]: await self._read(needs[0], at)}
        results = await asyncio.gather(*(self._read(need, at) for need in needs))
        return dict(zip(needs, results, strict=True))

    async def _read(self, need: Need, at: float) -> Sequence[Series]:
        if self._prometheus is None:
            raise PrometheusError(NOT_SET, unreachable=True)
        start, end = need.span(at)
        if not need.slack_s:
            return await self._prometheus.range(need.query, start, end, need.step_s)
        key = (need.query, start, end, need.step_s)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._asked:
            task = asyncio.create_task(self._prometheus.range(need.query, start, end, need.step_s))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
            self._asked[key] = task
        series = await asyncio.shield(self._asked[key])
        self._keep(key, series)
        return series

    def _keep(self, key: _Key, series: Sequence[Series]) -> None:
        if key not in self._kept:
            self._samples += _count(series)
            self._kept[key] = series
        while self._samples > MOST_SAMPLES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._samples -= _count(dropped)


def _count(series: Sequence[Series]) -> int:
    return sum(len(line.times) for line in series)
