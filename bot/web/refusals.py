"""Counts refused HTTP requests, and logs at most one of each kind every ten seconds.

Anyone who can reach the port can send requests that are refused. A log line for each would fill the disk.
"""

from __future__ import annotations

from typing import Any

import structlog

from bot.logs import Sampler
from bot.metrics import Metrics

log = structlog.get_logger()


class Refusals:
    """Counts and logs the refusals of one endpoint."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._sampler = Sampler()

    def note(self, why: str, **fields: Any) -> None:
        """Count a refusal, and log it unless one of the same kind was logged in the last ten seconds."""
        self._metrics.refused.labels(why).inc()
        unlogged = self._sampler.take(why)
        if unlogged is not None:
            log.warning("request.refused", why=why, **fields, **({"and_before": unlogged} if unlogged else {}))
