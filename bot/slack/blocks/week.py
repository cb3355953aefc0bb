"""Builds the digest of a week: what is open and owed, which alerts were noisy, and how much people were paged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.domain.actions.item import due_text
from bot.domain.figures.text import summary
from bot.domain.figures.week import Week
from bot.domain.incident import Incident
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message
from bot.slack.text import clip, escape, mention, plain, render

TITLE = 120


def digest(week: Week, today: date, command: str) -> Message:
    """The message."""
    report, load = week.report, week.load
    head = (
        f"The week until {report.period.end:%-d %b %Y}: {_count(report.incidents, 'incident')}, "
        f"{week.open_total} open now"
    )
    paged = (
        f"{_count(load.pages, 'page')} to {_count(load.people, 'person', 'people')}, {load.at_night} at night, "
        f"{load.on_weekends} on the weekend"
    )
    return elements.message(
        head,
        [
            elements.header(head),
            *_part("Times", [escape(line) for line in summary(report)], len(summary(report))),
            *_part("Open", [_open(incident) for incident in week.open], week.open_total),
            *_part(
                "Overdue action items",
                [
                    f"*{item.id}* {_title(item.title)} · {mention(item.owner) if item.owner else 'no owner'}, "
                    f"{due_text(item.due)}"
                    for item in week.overdue
                ],
                week.overdue_total,
            ),
            *_part(
                "Reviews owed",
                [
                    f"*INC-{number}* {_title(title)}{f', due {due:%-d %b}' if due else ''}"
                    for number, title, due in week.reviews
                ],
                len(week.reviews),
            ),
            *_part(
                "Noisiest alerts",
                [
                    f"{_title(alert.title)}: told {alert.groups}×, dismissed {alert.dismissed}×, flapped {alert.flaps}×"
                    for alert in week.noisy
                ],
                len(week.noisy),
            ),
            elements.section(f"*Load*\n{paged}" if load.pages else "*Load*\nNobody was paged."),
            elements.context(f"More: `{command} metrics 7d` · `{command} actions overdue`"),
        ],
    )


def _open(incident: Incident) -> str:
    where = phrases.channel_link(incident) if incident.channel_id else ""
    title = f"*{incident.id}* {_title(incident.title)}"
    return elements.join_dots([title, render(incident.severity), str(incident.status), where])


def _part(title: str, lines: Sequence[str], total: int) -> list[Block]:
    """A heading with its lines; nothing where there is nothing to say."""
    if not total:
        return []
    more = total - len(lines)
    bullets = [f"• {line}" for line in lines] + ([f"… and {more} more"] if more > 0 else [])
    return elements.sections(f"*{title}*\n" + "\n".join(bullets))


def _title(text: str) -> str:
    return clip(render(plain(text)), TITLE)


def _count(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"
