"""Renders the HTML pages: the page itself, an incident, the history. Templates get plain values only."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.domain.statuspage.component_state import ComponentState, worst
from bot.domain.statuspage.publication import Publication, PublicStatus
from bot.domain.statuspage.uptime import Day
from bot.domain.statuspage.view import RECENT, ComponentView, PageView

# A page has at most 40 KB, also after a bad fortnight: what there is no room for is on the page of its incident.
OPEN_BUDGET, RECENT_BUDGET, HISTORY_BUDGET, UPDATE_FRAME = 4000, 2500, 6000, 190  # bytes
MOST_RECENT = 8
DAY_BUDGET = 900  # days that bars may list one by one; beyond, equal days in a row are one line
_MARKS = {
    ComponentState.OPERATIONAL: "o", ComponentState.UNDER_MAINTENANCE: "w", ComponentState.DEGRADED_PERFORMANCE: "d",
    ComponentState.PARTIAL_OUTAGE: "p", ComponentState.MAJOR_OUTAGE: "m",
}  # fmt: skip
NO_RECORD = "n"
# A bar of a day is as high as the component was up: never told by colour alone.
_HEIGHTS = {"o": 32, "w": 32, "d": 24, "p": 16, "m": 8, NO_RECORD: 2}


@functools.cache
def environment() -> Environment:
    """The templates, which escape every value and refuse unknown names."""
    env = Environment(
        loader=PackageLoader("bot.web.statuspage"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    env.filters["paragraphs"] = paragraphs
    return env


@functools.cache
def style() -> str:
    """The one stylesheet of all pages, without white space that changes nothing."""
    text = resources.files("bot.web.statuspage").joinpath("templates", "style.css").read_text(encoding="utf-8")
    return "".join(line.strip() for line in text.splitlines() if not line.lstrip().startswith("/*"))


def paragraphs(text: str) -> Markup:
    """A text of several lines as HTML: blank lines separate paragraphs."""
    blocks = [block.strip() for block in text.split("\n\n") if block.strip()]
    return Markup("").join(
        Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(escape(line) for line in block.split("\n")))
        for block in blocks
    )


@dataclass(frozen=True, slots=True)
class Words:
    """Formats instants and days in the page's time zone."""

    zone: ZoneInfo

    def time(self, instant: datetime) -> Markup:
        """A `<time>` with the instant in words."""
        local = instant.astimezone(self.zone)
        machine = instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Markup("<time datetime={}>{}</time>").format(machine, f"{local.day} {local:%b %Y, %H:%M %Z}")

    def clock(self, instant: datetime) -> str:
        """The time of day."""
        return f"{instant.astimezone(self.zone):%H:%M %Z}"

    def day(self, day: date) -> str:
        """A day in words."""
        return f"{day.day} {day:%B %Y}"

    def period(self, starts: datetime, ends: datetime) -> Markup:
        """From an instant to another; the day is named once where it is the same."""
        one_day = starts.astimezone(self.zone).date() == ends.astimezone(self.zone).date()
        last = Markup("<time datetime={}>{}</time>").format(
            ends.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), self.clock(ends)
        )
        return Markup("{} to {}").format(self.time(starts), last if one_day else self.time(ends))


def span_text(span: timedelta) -> str:
    """A span for customers, such as `1 h 5 min`."""
    minutes = max(1, round(span.total_seconds() / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts[:2])


def status_page(view: PageView, links: dict[str, str]) -> str:
    """The page itself."""
    recent = [
        publication for publication in view.past if publication.ended_at and publication.ended_at > view.now - RECENT
    ]
    visible_components = [component_view for component_view in view.components if _is_visible(component_view)]
    return _render(
        "page.html",
        view,
        links,
        headline=view.headline,
        overall=_MARKS[view.headline_state],
        groups=_groups(visible_components, merged=len(visible_components) * len(view.window) > DAY_BUDGET),
        incidents=_short_cards(view.incidents, view, OPEN_BUDGET),
        active=_short_cards(view.active_maintenance, view, OPEN_BUDGET),
        upcoming=_short_cards(view.upcoming_maintenance, view, OPEN_BUDGET),
        recent=_by_day(recent[:MOST_RECENT], view),
        more_recent=max(0, len(recent) - MOST_RECENT),
        recent_days=RECENT.days,
        days=len(view.window),
        weights=view.rules.weights,
        path=bar_path,
        marks=_HEIGHTS,
    )


def incident_page(publication: Publication, view: PageView, links: dict[str, str]) -> str:
    """The permanent page of one incident or maintenance."""
    return _render("incident.html", view, links, incident=incident_values(publication, view))


def history_page(publications: Sequence[Publication], view: PageView, links: dict[str, str], older: str | None) -> str:
    """A part of the history by month, the newest first. `older` is the address of the next part."""
    months: dict[str, list[dict[str, Any]]] = {}
    for publication, card in zip(publications, _short_cards(publications, view, HISTORY_BUDGET), strict=True):
        month = f"{publication.started_at.astimezone(view.zone):%B %Y}"
        months.setdefault(month, []).append(card)
    return _render("history.html", view, links, months=months, older=older)


def message_page(view: PageView, links: dict[str, str], title: str, text: str, template: str, **values: Any) -> str:
    """A page with a heading and a text, for subscriptions and refusals."""
    return _render(template, view, links, title=title, text=text, **values)


def incident_values(publication: Publication, view: PageView) -> dict[str, Any]:
    """A template's values of a publication: none of the incident behind it."""
    words = Words(view.zone)
    names = {component.key: component.name for component in view.rules.components}
    over = publication.ended_at
    return {
        "id": publication.id,
        "title": publication.title,
        "impact": publication.impact,
        "maintenance": publication.is_maintenance,
        "mark": "w" if publication.is_maintenance else _MARKS[publication.worst_ever],
        "now": "w" if publication.is_maintenance else _MARKS[worst(publication.components.values())],
        "status": publication.status.label,
        "over": over is not None,
        "when": _period_text(publication, words, view.now),
        "lasted": span_text(over - publication.started_at) if over and over > publication.started_at else "",
        "components": [
            (names[key], "" if publication.status is PublicStatus.SCHEDULED else state.label, _MARKS[state])
            for key, state in publication.components.items()
            if key in names
        ],
        "edited": words.time(publication.edited_at) if publication.edited_at else None,
        "more": 0,  # updates that are not shown here
        "updates": [
            {
                "status": update.status.label,
                "message": update.message,
                "at": words.time(update.at),
                "edited": words.time(update.edited_at) if update.edited_at else None,
            }
            for update in reversed(publication.updates)
        ],
    }


def _short_cards(publications: Sequence[Publication], view: PageView, budget: int) -> list[dict[str, Any]]:
    """The publications with their newest updates, and as many older ones as `budget` has room for, in bytes.

    `more` counts the others, which the publication's own page has.
    """
    cards = [incident_values(publication, view) for publication in publications]
    room = budget - sum(_size(card["updates"][0]) for card in cards)
    for card in cards:
        shown_cards = 1
        while shown_cards < len(card["updates"]) and (room := room - _size(card["updates"][shown_cards])) >= 0:
            shown_cards += 1
        card["more"] = len(card["updates"]) - shown_cards
        card["updates"] = card["updates"][:shown_cards]
    return cards


def _size(update: dict[str, Any]) -> int:
    """About how many bytes of a page an update takes."""
    return UPDATE_FRAME + len(update["message"].encode())


def _period_text(publication: Publication, words: Words, now: datetime) -> Markup:
    if publication.is_maintenance and publication.scheduled_for and publication.scheduled_until:
        return words.period(publication.scheduled_for, publication.scheduled_until)
    if publication.ended_at:
        return words.period(publication.started_at, publication.ended_at)
    return Markup("Since {}").format(words.time(publication.started_at))


def _is_visible(component_view: ComponentView) -> bool:
    return not component_view.component.only_show_if_degraded or component_view.state is not ComponentState.OPERATIONAL


def _groups(components: Iterable[ComponentView], *, merged: bool) -> list[tuple[str, list[dict[str, Any]]]]:
    """The components under their groups; a group stands where its first component does."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for component_view in components:
        groups.setdefault(component_view.component.group, []).append(
            {
                "key": component_view.component.key,
                "name": component_view.component.name,
                "description": component_view.component.description,
                "state": component_view.state.label,
                "mark": _MARKS[component_view.state],
                "share": _percent(component_view.uptime.share),
                "days": [_mark(day) for day in component_view.uptime.days],
                "options": _day_lines(component_view.uptime.days, merged=merged),
            }
        )
    return list(groups.items())


def bar_path(days: Sequence[str], mark: str) -> str:
    """The days with this mark as the path of an SVG, four units to a day: a dashed line for each run of days.

    The style makes it as thick as the mark is high. Maintenance has two lines, with a gap between them.
    """
    middles = (6.5, 25.5) if mark == "w" else (32 - _HEIGHTS[mark] / 2,)
    runs: list[list[int]] = []  # first day, and how many
    for number, day in enumerate(days):
        if day == mark and runs and sum(runs[-1]) == number:
            runs[-1][1] += 1
        elif day == mark:
            runs.append([number, 1])
    return "".join(f"M{4 * first} {middle:g}h{4 * count - 1.4:g}" for middle in middles for first, count in runs)


def _mark(day: Day) -> str:
    return _MARKS[day.state] if day.recorded or day.spent else NO_RECORD


def _day_lines(days: Sequence[Day], *, merged: bool) -> list[str]:
    """Each day in words; with `merged`, equal days in a row share a line."""
    lines: list[tuple[str, str, str]] = []  # first day, last day, what
    for day in days:
        name, words = f"{day.day.day} {day.day:%b}", _day_text(day)
        if merged and lines and lines[-1][2] == words and not day.spent:
            lines[-1] = (lines[-1][0], name, words)
        else:
            lines.append((name, name, words))
    return [f"{first}: {words}" if first == last else f"{first} – {last}: {words}" for first, last, words in lines]


def _day_text(day: Day) -> str:
    if not day.recorded and not day.spent:
        return "no record"
    if not day.spent:
        return "operational"
    return ", ".join(
        f"{state.label.lower()} {span_text(spent)}"
        for state, spent in sorted(day.spent.items(), key=lambda item: -list(ComponentState).index(item[0]))
    )


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    cut = int(share * 10000) / 100  # never rounded up to 100 %
    return "100 %" if share >= 1 else f"{cut:.2f} %"


def _by_day(publications: Sequence[Publication], view: PageView) -> list[tuple[str, list[dict[str, Any]]]]:
    words = Words(view.zone)
    days: dict[date, list[dict[str, Any]]] = {}
    for publication, card in zip(publications, _short_cards(publications, view, RECENT_BUDGET), strict=True):
        if publication.ended_at is not None:
            days.setdefault(publication.ended_at.astimezone(view.zone).date(), []).append(card)
    return [(words.day(day), incidents) for day, incidents in days.items()]


def _render(template: str, view: PageView, links: dict[str, str], **values: Any) -> str:
    words = Words(view.zone)
    return environment().get_template(template).render(
        site=view.rules.name, logo=view.rules.logo, support=_support(view.rules.support), style=Markup(style()),  # noqa: S704 - ours
        links=links, timezone=view.rules.timezone, now=words.time(view.now), subscribe=view.rules.subscribe,
        public=view.rules.visibility == "public", **values,
    )  # fmt: skip


def _support(address: str | None) -> str | None:
    if address is None or address.startswith(("https://", "http://", "mailto:")):
        return address
    return f"mailto:{address}" if "@" in address else None
