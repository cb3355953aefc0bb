"""Finds what to ask the other service in shadow mode: who was on call there when it paged, and stores its answer.

The report then says whom it paged as it says so itself, and where the imported schedule has somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.domain.figures.shadow import schedule_key
from bot.usecases.context import Context
from storage import key_value, shadow

MOST_SCHEDULES = 50  # in one question
MOST_PAGES = 200  # looked at together


@dataclass(frozen=True, slots=True)
class OnCallQuestion:
    """A page of the other service, and the schedules to ask it about: the policy's key by its own ID."""

    page: ShadowPage
    schedules: dict[str, str]


async def open_questions(context: Context, since: datetime) -> list[OnCallQuestion]:
    """The pages since then about which the other service was not asked, the earliest first; some of them."""
    rules = context.policy.shadow
    if rules is None:
        return []
    async with context.database.reading() as conn:
        pages = await shadow.between(conn, since, context.clock.now(), MOST_PAGES)
        names = await key_value.imported_names(rules.source).get(conn) or {}
    schedules = {
        identity: name.partition(":")[2]
        for identity, name in names.items()
        if name.startswith("schedule:") and name.partition(":")[2] in context.policy.schedules
    }
    return [
        OnCallQuestion(page, _asked_about(page, schedules, rules.source))
        for page in pages
        if page.side is ShadowSide.THEIRS and page.vendor_on_call is None
    ]


async def record_answer(context: Context, question: OnCallQuestion, on_call: Mapping[str, tuple[str, ...]]) -> None:
    """Store the people that the other service named, given by its own IDs of schedules."""
    people = {question.schedules[identity]: names for identity, names in on_call.items()}
    async with context.database.transaction() as conn:
        await shadow.update(conn, replace(question.page, vendor_on_call=people))


def _asked_about(page: ShadowPage, schedules: Mapping[str, str], source: str) -> dict[str, str]:
    """PagerDuty pages people, of whichever schedule: it is asked about all, at once. Opsgenie may name a schedule."""
    if source == "pagerduty":
        return dict(sorted(schedules.items())[:MOST_SCHEDULES])
    schedule_keys = schedule_key(page.who)
    return {identity: key for identity, key in schedules.items() if identity == page.who or key == schedule_keys}
