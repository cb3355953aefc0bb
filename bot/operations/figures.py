"""Operations that read the figures of a period, and how often people were paged in it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot.domain.access.identity import OPERATOR
from bot.domain.errors import Refused
from bot.domain.figures.load import loads_of
from bot.domain.figures.report import Period, Scope
from bot.domain.figures.selection import Selection
from bot.domain.policy.teams import team_key
from bot.json_shapes.figures import figures_json
from bot.operations.base import (
    API,
    Answer,
    Arguments,
    BadArgument,
    Call,
    Duration,
    Instant,
    Shape,
    question,
    severity_key,
)
from bot.operations.verbs import span
from bot.usecases.queries.figures import period_figures
from storage.figures import people_paged

Name = Annotated[str, Field(max_length=100)]
LONGEST = timedelta(days=3660)
MOST_PEOPLE = 51  # the actor, and fifty whom they lead


class FiguresArguments(Arguments):
    """A period, a selection of its incidents, and the attribute to split by."""

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
    """A distribution of seconds over `n` incidents. Without any, `n` is 0 and the others null."""

    model_config = ConfigDict(title="Distribution")

    n: int
    median: float | None
    p75: float | None
    p95: float | None
    mean: float | None


class FiguresShape(Shape):
    """The figures of a period. Shares are from 0 to 1, or null if they are of nothing."""

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
    words: list[str] = Field(description="The same in lines to read, as `tocsin metrics` prints them.")


class LoadArguments(Arguments):
    """A period."""

    days: Annotated[int, Field(ge=1, le=3660)] = 30


class PersonLoadShape(Shape):
    """How often a person was paged: counts of pages, nights, days of weekends, and hours of the clock."""

    model_config = ConfigDict(title="PersonLoad")

    person: str
    pages: int
    nights: int
    weekend_days: int
    interrupted_hours: int


class LoadShape(Shape):
    """The load of the actor, then of the people whom they lead by the policy."""

    model_config = ConfigDict(title="Load")

    days: int
    loads: list[PersonLoadShape]


async def _figures(call: Call, arguments: FiguresArguments) -> Answer:
    now = call.context.clock.now()
    severity = None if arguments.severity is None else severity_key(call, arguments.severity)
    team = None if arguments.team is None else _team(call, arguments.team)
    selection = Selection(severity, arguments.service, arguments.category, team)
    scope = Scope(_period(call, arguments), selection, arguments.by)
    policy = call.context.policy
    return Answer(figures_json(await period_figures(call.context.database, policy, scope, now), policy))


async def _load(call: Call, arguments: LoadArguments) -> Answer:
    """Nights and weekends go by the policy's time zone: Slack, which knows each person's own, is not asked."""
    if call.actor in {API, OPERATOR}:
        raise Refused("This is about a person, and you act as nobody. Use a token of a person.", "metrics load")
    now, policy = call.context.clock.now(), call.context.policy
    async with call.context.database.snapshot() as conn:
        pages = await people_paged(conn, now - timedelta(days=arguments.days), now)
    loads = loads_of(call.actor, pages, policy, policy.zone)[:MOST_PEOPLE]
    return Answer({"days": arguments.days, "loads": [asdict(load) for load in loads]})


def _team(call: Call, name: str) -> str:
    try:
        return team_key(name, call.context.policy)
    except Refused as refused:
        raise BadArgument("team", str(refused)) from None


def _period(call: Call, arguments: FiguresArguments) -> Period:
    now = call.context.clock.now()
    if arguments.start is None:
        if arguments.end is not None:
            raise BadArgument("end", "An end needs a start.")
        return Period(now - _look_back(arguments), now)
    end = min(arguments.end or now, now)
    if arguments.since is not None or arguments.days is not None:
        raise BadArgument("start", "Give either since or days, or start and end.")
    if not arguments.start < end:
        raise BadArgument("start", "The start must lie before the end, and in the past.")
    if end - arguments.start > LONGEST:
        raise BadArgument("start", "A period has at most ten years.")
    return Period(arguments.start, end)


def _look_back(arguments: FiguresArguments) -> timedelta:
    if arguments.since is not None and arguments.days is not None:
        raise BadArgument("days", "Give either since or days.")
    return span(arguments.since) if arguments.since else timedelta(days=arguments.days or 30)


OPERATIONS = (
    question("get_figures", "/metrics", "Read the figures of a period", _figures, FiguresShape, tag="Figures",
             arguments=FiguresArguments, example={"since": "90d", "by": "service"}),
    question("get_load", "/metrics/load", "How often you, and people you lead, were paged", _load, LoadShape,
             tag="Figures", arguments=LoadArguments, example={"days": 30}),
)  # fmt: skip
