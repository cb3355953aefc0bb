"""Refused requests are all counted, and few of them are logged."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.logs import SAMPLED_S, Sampler
from bot.metrics import Metrics
from bot.web.refusals import Refusals


def test_a_flood_of_refused_requests_is_counted_and_one_line_in_ten_seconds_is_logged() -> None:
    metrics = Metrics()
    refusals = Refusals(metrics)
    with capture_logs() as lines:
        for _ in range(1000):
            refusals.note("bad signature", remote="192.0.2.1")
        refusals.note("stale timestamp", remote="192.0.2.1")
    assert [line["why"] for line in lines] == ["bad signature", "stale timestamp"]
    assert metrics.registry.get_sample_value("tocsin_requests_refused_total", {"why": "bad signature"}) == 1000


def test_the_next_line_of_a_kind_says_how_many_were_left_out() -> None:
    now = 100.0
    sampler = Sampler(lambda: now)
    assert [sampler.take("a"), sampler.take("a"), sampler.take("a"), sampler.take("b")] == [0, None, None, 0]
    now += SAMPLED_S
    assert [sampler.take("a"), sampler.take("b"), sampler.take("a")] == [2, 0, None]
