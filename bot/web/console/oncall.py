"""The page **On call**: a calendar by week with gaps in red, covers to take and to give up, and calendars to export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override
from bot.domain.policy.schedules import Schedule
from bot.usecases.effects.on_call import address_of
from bot.usecases.oncall import calendar_feeds
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.list_parts import list_part
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from storage import overrides

WEEK = timedelta(days=7)
FARTHEST = 52  # weeks
MOST_COVERS = 5  # of a schedule, beside its calendar
SCHEDULES_PER_PART = 10


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the forms to take and to give up covers."""
    return [
        web.get("/oncall", login_required(console, show)),
        web.post("/oncall/{schedule}/cover", login_required(console, cover)),
        web.post("/oncall/{schedule}/give-up", login_required(console, give_up)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show a week."""
    return await _page(visitor)


async def cover(visitor: Visitor) -> web.StreamResponse:
    """Take over on-call for a while."""
    return await _carry_out(visitor, _cover_form(visitor, visitor.request.match_info["schedule"]))


async def give_up(visitor: Visitor) -> web.StreamResponse:
    """Give the visitor's own covers up."""
    return await _carry_out(visitor, _give_up_form(visitor, visitor.request.match_info["schedule"]))


async def _carry_out(visitor: Visitor, form: Form) -> web.Response:
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/oncall")


def _cover_form(visitor: Visitor, schedule: str) -> Form:
    policy = visitor.context.policy
    form = form_for("cover_schedule", f"/oncall/{schedule}/cover", policy, f"Cover {schedule}", "Take over")
    form_fields = tuple(
        form_field for form_field in form.fields if form_field.name != "ends_at"
    )  # a duration says the same
    return replace(
        form, fields=tuple(replace(form_field, required=form_field.name == "duration") for form_field in form_fields)
    )


def _give_up_form(visitor: Visitor, schedule: str) -> Form:
    policy = visitor.context.policy
    return form_for("give_up_cover", f"/oncall/{schedule}/give-up", policy, "Give my covers up")


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    context = visitor.context
    week = _parse_week(visitor.request.query.get("week", ""))
    today = visitor.now.astimezone(UTC).date()
    monday = today - timedelta(days=today.weekday()) + week * WEEK
    start = datetime.combine(monday, datetime.min.time(), UTC)
    async with context.database.reading() as conn:
        in_force = await overrides.in_force(conn, min(start, visitor.now))
        feeds = {key: await calendar_feeds.current_token(conn, f"schedule:{key}") for key in context.policy.schedules}
    part = list_part(visitor.request, "part", list(context.policy.schedules.items()), SCHEDULES_PER_PART)
    schedules = []
    for key, schedule in part.rows:
        forms = [_cover_form(visitor, key), _give_up_form(visitor, key)]
        covers = _covers(schedule, in_force, visitor.now)
        schedules.append(
            {
                "key": key,
                "days": [_day(visitor, schedule, monday + timedelta(days=n), in_force) for n in range(7)],
                "forms": [refused if refused is not None and refused.action == form.action else form for form in forms],
                "ics": f"/oncall/{key}.ics?{urlencode({'token': feeds[key] or ''})}",
                "covers": covers[:MOST_COVERS],
                "more_covers": max(0, len(covers) - MOST_COVERS),
            }
        )
    return await visitor.page(
        "oncall.html", status, at="oncall", schedules=schedules, part=part, week=week, today=today.isoformat(),
        monday=f"{monday.day} {monday:%B %Y}",
    )  # fmt: skip


def _parse_week(text: str) -> int:
    """The number of weeks from this one; 0 for anything that is no number."""
    number = text.removeprefix("-")
    if not (number.isascii() and number.isdecimal()) or len(number) > len(str(FARTHEST)):
        return 0
    return max(-FARTHEST, min(FARTHEST, int(text)))


def _day(visitor: Visitor, schedule: Schedule, day: date, in_force: Sequence[Override]) -> dict[str, Any]:
    """The shifts of a day, and its gaps that are not over yet."""
    starts = datetime.combine(day, datetime.min.time(), UTC)
    ends = starts + timedelta(days=1)
    policy = visitor.context.policy
    parts: list[dict[str, Any]] = [
        {"who": address_of(policy, shift.member) or shift.member, "from": max(shift.starts_at, starts),
         "to": min(shift.ends_at, ends), "gap": False}
        for shift in oncall.shifts(schedule, starts, ends, tuple(in_force))
    ]  # fmt: skip
    parts += [
        {"who": "", "from": max(gap.starts_at, starts), "to": min(gap.ends_at, ends), "gap": True}
        for gap in oncall.gaps(schedule, starts, ends, tuple(in_force))
        if gap.ends_at > visitor.now
    ]
    visible_parts = sorted((part for part in parts if part["from"] < part["to"]), key=lambda part: part["from"])
    return {
        "date": day.isoformat(),
        "name": f"{day:%a} {day.day} {day:%b}",
        "parts": [_shift_text(part) for part in visible_parts],
    }


def _shift_text(part: dict[str, Any]) -> dict[str, Any]:
    ends = "24:00" if part["to"].time() == datetime.min.time() else f"{part['to']:%H:%M}"
    return {"who": part["who"], "gap": part["gap"], "when": f"{part['from']:%H:%M}–{ends}"}


def _covers(schedule: Schedule, in_force: Sequence[Override], now: datetime) -> list[dict[str, Any]]:
    return [
        {"member": override.member, "starts_at": override.starts_at, "ends_at": override.ends_at}
        for override in in_force
        if override.schedule == schedule.key and override.ends_at > now
    ]
