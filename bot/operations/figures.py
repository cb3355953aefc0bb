"""The operation that reads the figures of a period."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot.domain.errors import Refused
from bot.domain.figures.report import Period, Scope
from bot.domain.figures.selection import Selection
from bot.domain.policy.teams import team_key
from bot.json_shapes.figures import figures_json
from bot.operations.base import Answer, Arguments, BadArgument, Call, Duration, Instant, Shape, question, severity_key
from bot.operations.verbs import span
from bot.usecases.queries.figures import period_figures

Name = Annotated[str, Field(max_length=100)]
LONGEST = timedelta(days=3660)


class FiguresArguments(Arguments):
    """A period, which of its incidents count, and by what they are split."""

    since: Duration | None = Field(default=None, description="How far to look back; 30d without a period.")
    days: Annotated[int, Field(ge=1, le=3660)] | None = Field(default=None, description="The same, in days.")
    start: Instant | None = Field(default=None, description="Instead of `since`; with `end`.")
    end: Instant | None = Field(default=None, description="The first instant that is not counted; now without one.")
    severity: Name | None = None
    service: Name | None = None
    category: Name | None = None
    team: Name | None = Field(default=None, description="A team of the policy, which looks after services.")
    by: Literal["severity", "service", "category", "team"] = "severity"


class DistributionShape(Shape):
    """Seconds, with of how many incidents they are. Without any, `n` is 0 and the others null."""

    model_config = ConfigDict(title="Distribution")

    n: int
    median: float | None
    p75: float | None
    p95: float | None
    mean: float | None


class FiguresShape(Shape):
    """The figures of a period. Shares are from 0 to 1, or null where there is nothing to share."""

    model_config = ConfigDict(title="Figures")

    period: dict[str, Any]
    selection: dict[str, str]
    incidents: int
    private: int
    open: int
    resolved: int
    reopened: int
    drills_excluded: int
    cancelled: int
    merged: int
    by_severity: dict[str, int]
    by_category: dict[str, int]
    by_service: dict[str, int]
    by_team: dict[str, int] = Field(description="By the teams that look after the services.")
    acknowledge_s: DistributionShape
    identify_s: DistributionShape
    mitigate_s: DistributionShape
    resolve_s: DistributionShape
    detect_s: DistributionShape
    sla: dict[str, int]
    updates_on_cadence: float | None
    pages: dict[str, int]
    detection_rate: float | None
    false_positive_rate: float | None
    auto_remediation_rate: float | None
    follow_through: float | None
    n: dict[str, int] = Field(description="Of how many each share is.")
    trend: dict[str, Any] = Field(description="For each time: a verdict, how many were compared, and p.")
    targets: list[dict[str, Any]] = Field(description="The policy's targets, with what the period has.")
    split: dict[str, Any] = Field(description="The same times for each severity, service, category or team.")
    detected: dict[str, Any] = Field(description="How many incidents were detected in each week, month or quarter.")


async def _figures(call: Call, given: FiguresArguments) -> Answer:
    now = call.context.clock.now()
    severity = None if given.severity is None else severity_key(call, given.severity)
    team = None if given.team is None else _team(call, given.team)
    selection = Selection(severity, given.service, given.category, team)
    scope = Scope(_period(call, given), selection, given.by)
    policy = call.context.policy
    return Answer(figures_json(await period_figures(call.context.database, policy, scope, now), policy))


def _team(call: Call, named: str) -> str:
    try:
        return team_key(named, call.context.policy)
    except Refused as refused:
        raise BadArgument("team", str(refused)) from None


def _period(call: Call, given: FiguresArguments) -> Period:
    now = call.context.clock.now()
    if given.start is None:
        if given.end is not None:
            raise BadArgument("end", "An end needs a start.")
        return Period(now - _looked_back(given), now)
    end = min(given.end or now, now)
    if given.since is not None or given.days is not None:
        raise BadArgument("start", "Give either since or days, or start and end.")
    if not given.start < end:
        raise BadArgument("start", "The start must lie before the end, and in the past.")
    if end - given.start > LONGEST:
        raise BadArgument("start", "A period has at most ten years.")
    return Period(given.start, end)


def _looked_back(given: FiguresArguments) -> timedelta:
    if given.since is not None and given.days is not None:
        raise BadArgument("days", "Give either since or days.")
    return span(given.since) if given.since else timedelta(days=given.days or 30)


OPERATIONS = (
    question("get_figures", "/metrics", "Read the figures of a period", _figures, FiguresShape, tag="Figures",
             arguments=FiguresArguments, example={"since": "90d", "by": "service"}),
)  # fmt: skip
