"""The pages **Figures** and **Your pages**: the same numbers as in Slack, with charts that are tables as well."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.domain.access.identity import OPERATOR
from bot.domain.errors import Refused
from bot.domain.figures.period import parse_period
from bot.domain.figures.text import row_name
from bot.domain.policy.policy import Policy
from bot.operations.base import API, BadArgument
from bot.web.console.charts import bars
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

SPANS = (7, 30, 90, 365)
SELECTIONS = ("severity", "service", "category", "team")
CACHED_S = 30.0
MOST_CACHED = 32
TIMES = {
    "acknowledge_s": "To acknowledge", "identify_s": "To identify", "mitigate_s": "To mitigate",
    "resolve_s": "To resolve", "detect_s": "From start to detection",
}  # fmt: skip


@dataclass(slots=True)
class _FigureCache:
    """A cache of the figures asked for last: a year of incidents takes a while to count."""

    figures: OrderedDict[tuple[tuple[str, Any], ...], tuple[float, Any]] = field(default_factory=OrderedDict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, visitor: Visitor, arguments: dict[str, Any]) -> Any:
        key = tuple(sorted(arguments.items()))
        async with self.turn:
            at, figures = self.figures.pop(key, (0.0, None))
            if figures is None or time.monotonic() - at > CACHED_S:
                at, figures = time.monotonic(), await visitor.ask("get_figures", **arguments)
            self.figures[key] = (at, figures)
            while len(self.figures) > MOST_CACHED:
                self.figures.popitem(last=False)
            return figures


def routes(console: Console) -> list[web.RouteDef]:
    """The pages of the figures, and of the visitor's own pages."""
    cache = _FigureCache()

    async def show(visitor: Visitor) -> web.StreamResponse:
        return await _page(visitor, cache)

    return [
        web.get("/figures", login_required(console, show)),
        web.get("/figures/load", login_required(console, show_load)),
    ]


async def show_load(visitor: Visitor) -> web.StreamResponse:
    """Show how often the visitor, and the people whom they lead, were paged."""
    days = _days(visitor.request.query.get("days", ""))
    load = await visitor.ask("get_load", days=days) if visitor.person not in {API, OPERATOR} else None
    return await visitor.page("load.html", at="figures", load=load, days=days, choices=SPANS)


def _days(text: str) -> int:
    """One of the spans; 30 for anything else."""
    return int(text) if text in {str(span) for span in SPANS} else 30


async def _page(visitor: Visitor, cache: _FigureCache) -> web.StreamResponse:
    query, policy = visitor.request.query, visitor.context.policy
    chosen = {name: value[:100] for name in SELECTIONS if (value := query.get(name, ""))}
    period = _period(query.get("days", "30"), query.get("from", ""), query.get("to", ""), visitor)
    figures = await cache.get(visitor, {**chosen, **period})
    spans = {name: figure for name, figure in figures.items() if isinstance(figure, dict) and "median" in figure}
    return await visitor.page(
        "figures.html", at="figures", days=period.get("days"), choices=SPANS, figures=figures, chosen=chosen,
        others=urlencode(chosen), first=query.get("from", ""), last=query.get("to", ""), selects=_filters(policy),
        spans=[(name, TIMES.get(name, name.replace("_", " ").capitalize()), figure) for name, figure in spans.items()],
        charts=[
            ("By severity", _largest_rows(figures["by_severity"], policy)),
            ("By service", _largest_rows(figures["by_service"])),
            ("By category", _largest_rows(figures["by_category"])),
            *([("By team", _largest_rows(_with_team_names(figures["by_team"], policy)))] if policy.teams else []),
        ],
        bars=bars,
    )  # fmt: skip


def _period(days: str, first: str, last: str, visitor: Visitor) -> dict[str, Any]:
    """The last days, or from the first to the last day where they are given."""
    if not first and not last:
        return {"days": _days(days)}
    now, zone = visitor.now, visitor.context.policy.zone
    try:
        period = parse_period(first or last, last or None, now, zone)
    except Refused as refused:
        raise BadArgument("from", refused.message) from None
    return {"start": period.start, "end": period.end}


def _filters(policy: Policy) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The filters of incidents: name, label, and the values with their names."""
    values = {
        "severity": {level.key: f"{level.key.upper()} {level.name}" for level in policy.severities},
        "service": {key: service.name or key for key, service in policy.services.items()},
        "category": {key: key for key in policy.categories},
        "team": {key: team.name or key for key, team in policy.teams.items()},
    }
    return [(name, name.capitalize(), list(values[name].items())) for name in SELECTIONS if values[name]]


def _with_team_names(counts: dict[str, int], policy: Policy) -> dict[str, int]:
    return {row_name("team", key, policy): count for key, count in counts.items()}


def _largest_rows(counts: dict[str, int], policy: Policy | None = None) -> list[tuple[str, int]]:
    """The largest first; severities in the order of the policy."""
    order = {level.key: rank for rank, level in enumerate(policy.severities)} if policy is not None else {}
    return sorted(counts.items(), key=lambda row: (order.get(row[0], 0), -row[1], row[0]))[:12]
