"""The operation that answers the figures of a period: how many incidents, how long, and whether it became better."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from bot.domain.figures.report import Period, Scope
from bot.figures_json import figures_json
from bot.operations.base import Answer, Arguments, Call, Shape, question
from bot.usecases.queries.figures import period_figures

TAG = "Figures"


class FiguresShape(Shape):
    """The figures of a period; see docs/figures.md. A share is from 0 to 1, or null where there is nothing to share."""

    model_config = ConfigDict(title="Figures", extra="allow")

    period: dict[str, datetime]
    incidents: int
    by_severity: dict[str, int]
    by_service: dict[str, int]


class FiguresArguments(Arguments):
    """How far to look back."""

    days: Annotated[int, Field(ge=1, le=3660)] = 30


async def _figures(call: Call, given: FiguresArguments) -> Answer:
    now = call.context.clock.now()
    period = Period(now - timedelta(days=given.days), now)
    return Answer(figures_json(await period_figures(call.context.database, call.context.policy, Scope(period), now)))


OPERATIONS = (
    question("get_figures", "/metrics", "Read the figures of a period", _figures, FiguresShape, tag=TAG,
             arguments=FiguresArguments, example={"days": 90}),
)  # fmt: skip
