"""The page **Figures**: the same numbers as in Slack, with charts that are tables as well."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.domain.policy.policy import Policy
from bot.web.console.charts import bars
from bot.web.console.door import Door, Visitor, signed_in

SPANS = (7, 30, 90, 365)
KEPT_S = 30.0
TIMES = {
    "acknowledge_s": "To acknowledge", "identify_s": "To identify", "mitigate_s": "To mitigate",
    "resolve_s": "To resolve", "detect_s": "From start to detection",
}  # fmt: skip


@dataclass(slots=True)
class _Kept:
    """The figures of each span, for a moment: a year of incidents takes a while to count."""

    figures: dict[int, tuple[float, Any]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, visitor: Visitor, days: int) -> Any:
        async with self.turn:
            at, kept = self.figures.get(days, (0.0, None))
            if kept is None or time.monotonic() - at > KEPT_S:
                kept = await visitor.ask("get_figures", days=days)
                self.figures[days] = (time.monotonic(), kept)
            return kept


def routes(door: Door) -> list[web.RouteDef]:
    """The routes."""
    kept = _Kept()

    async def show(visitor: Visitor) -> web.StreamResponse:
        return await _page(visitor, kept)

    return [web.get("/figures", signed_in(door, show))]


async def _page(visitor: Visitor, kept: _Kept) -> web.StreamResponse:
    asked = visitor.request.query.get("days", "30")
    days = int(asked) if asked in {str(each) for each in SPANS} else 30
    figures = await kept.of(visitor, days)
    spans = {name: each for name, each in figures.items() if isinstance(each, dict) and "median" in each}
    return await visitor.page(
        "figures.html", at="figures", days=days, choices=SPANS, figures=figures,
        spans=[(name, TIMES.get(name, name.replace("_", " ").capitalize()), each) for name, each in spans.items()],
        charts=[
            ("By severity", _rows(figures["by_severity"], visitor.door.context.policy)),
            ("By service", _rows(figures["by_service"])),
            ("By category", _rows(figures["by_category"])),
        ],
        bars=bars,
    )  # fmt: skip


def _rows(counts: dict[str, int], policy: Policy | None = None) -> list[tuple[str, int]]:
    """The largest first; severities in the order of the policy."""
    order = {level.key: place for place, level in enumerate(policy.severities)} if policy is not None else {}
    return sorted(counts.items(), key=lambda each: (order.get(each[0], 0), -each[1], each[0]))[:12]
