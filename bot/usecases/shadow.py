"""Runs shadow mode: hears what the other service pages, withholds our own pages, and reports each day.

When it began is stored, so that it ends by itself and each day is reported once, whatever restarts and however many
replicas there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.domain.figures.shadow import ShadowReport, compare
from bot.domain.oncall.schedule import Override, on_call
from bot.domain.policy.policy import Policy
from bot.domain.policy.shadow import ShadowRules
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ShadowReportPayload
from bot.usecases.context import Context
from storage import incidents, key_value, overrides, shadow
from storage.alerts import groups, members
from storage.outbox import enqueue
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset(
    {
        NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_ELSEWHERE, NoticeKind.PAGE_VENDOR,
        NoticeKind.ALERT_PAGE, NoticeKind.ALERT_PAGE_VENDOR,
    }
)  # fmt: skip
DAY = timedelta(days=1)
MOST_PAGES = 2_000  # in one report


async def queue_report(context: Context) -> bool:
    """Begin and end shadow mode as the policy says, and queue the report of a day that is over. Returns whether it did.

    Days that passed while the bot was down are told in one report.
    """
    rules, now = context.policy.shadow, context.clock.now()
    async with context.database.transaction() as conn:
        stored = await key_value.SHADOW.lock(conn, {})
        if rules is None:
            if stored:
                await key_value.SHADOW.put(conn, {})
            return False
        if stored.get("source") != rules.source:
            await key_value.SHADOW.put(conn, {"source": rules.source, "since": now.isoformat(), "told": "0"})
            await shadow.delete_before(conn, now - DAY)
            return False
        since, told = datetime.fromisoformat(stored["since"]), int(stored["told"])
        over = min((now - since) // DAY, rules.days)
        if over <= told:
            return False
        await key_value.SHADOW.put(conn, {**stored, "told": str(over)})
        if context.policy.announce is None:
            return False
        payload = ShadowReportPayload(
            since + told * DAY, since + over * DAY, over, rules.days, rules.source, context.policy.announce
        )
        await enqueue.put(conn, [routing.shadow_report(payload)])
    context.wakeups.notify()
    return True


async def withheld(context: Context, row: ClaimedNotice) -> str | None:
    """Why a page is not sent, which the ledger keeps; None if it is no page, or shadow mode is off.

    A page that is withheld is kept for the report. What would acknowledge or resolve pages at a vendor is withheld if
    all of them were.
    """
    rules = context.policy.shadow
    if rules is None or row.kind not in PAGES:
        return None
    async with context.database.transaction() as conn:
        if row.payload.get("action") not in (None, "trigger"):
            opened = row.payload.get("triggers") or []
            return "the page was withheld" if await shadow.holds_all(conn, opened) else None
        stored = await key_value.SHADOW.get(conn) or {}
        if not _is_on(rules, stored, context.clock.now()):
            return None
        await shadow.save(conn, [page] if (page := _ours(context, row)) else [])
    return f"shadow mode is on: {rules.source} pages, and nobody is paged here"


def _is_on(rules: ShadowRules, stored: dict[str, str], now: datetime) -> bool:
    """Whether it is on. It is from the moment the policy says so, before that is stored."""
    if stored.get("source") != rules.source:
        return True
    return now < rules.ends_at(datetime.fromisoformat(stored["since"]))


def _ours(context: Context, row: ClaimedNotice) -> ShadowPage | None:
    """The page as the report tells it; None for a page in the incident's own channel, which names nobody new."""
    who = row.payload.get("person") or row.payload.get("channel")
    if not who:
        return None
    at = context.clock.at(row.created_at.timestamp())
    return ShadowPage(
        row.dedup_key, ShadowSide.OURS, at, str(who), group=row.payload.get("group"), incident=row.incident
    )


async def hear(context: Context, conn: AsyncConnection, pages: Sequence[ShadowPage]) -> None:
    """Keep whom the other service paged, with the groups that its alerts are in now."""
    rules = context.policy.shadow
    ours = [each for each in pages if rules is not None and each.alert.startswith(f"{rules.source}:")]
    if rules is None or not ours:
        return
    if not _is_on(rules, await key_value.SHADOW.get(conn) or {}, context.clock.now()):
        return
    known = await shadow.with_keys(conn, {each.vendor_alert for each in ours if each.vendor_alert})
    ours = [_of_alert(each, known.get(each.vendor_alert)) for each in ours]
    firing = await members.firing_occurrences(conn, list({each.alert for each in ours}))
    newest = {alert: max(number for number, _ in placed) for alert, placed in firing.items()}
    await shadow.save(conn, [replace(each, group=newest.get(each.alert)) for each in ours])


def _of_alert(page: ShadowPage, known: ShadowPage | None) -> ShadowPage:
    """The page with the alert that has the ID of theirs that it names."""
    return page if known is None else replace(page, alert=known.alert, title=known.title)


async def read_report(context: Context, since: datetime, until: datetime) -> ShadowReport:
    """What was paged in this span, and what would have been."""
    async with context.database.snapshot() as conn:
        pages = await shadow.between(conn, since, until, MOST_PAGES + 1)
        covers = await overrides.in_force(conn, since)
        rules = context.policy.shadow
        names = await key_value.imported_names(rules.source).get(conn) if rules is not None else None
        named = [_named(each, names or {}) for each in pages[:MOST_PAGES]]
        shown = [_with_people(each, context.policy, covers) for each in named]
        about = await groups.get_many(conn, {each.group for each in shown if each.group is not None})
        numbers = {each.incident for each in shown} | {group.incident for group in about.values()}
        found = await incidents.get_many(conn, sorted(number for number in numbers if number is not None))
    return replace(compare(shown, about, found, context.policy), cut=len(pages) > MOST_PAGES)


def _named(page: ShadowPage, names: Mapping[str, str]) -> ShadowPage:
    """Their page of somebody by the ID there, as the import knows them."""
    name = names.get(page.who) if page.side is not ShadowSide.OURS else None
    return page if name is None else replace(page, who=name.partition(":")[2])


def _with_people(page: ShadowPage, policy: Policy, covers: Sequence[Override]) -> ShadowPage:
    """Their page of a schedule or a team, with the people on call on the one that was imported from it.

    An import makes the key of the name, and `tocsin import prove` says whether both have the same people on call.
    """
    if page.side is ShadowSide.OURS:
        return page
    key = re.sub(r"[^a-z0-9]+", "-", page.who.lower()).strip("-")
    if (schedule := policy.schedules.get(key)) is not None:
        return replace(page, people=on_call(schedule, page.at, covers))
    team = policy.teams.get(key)
    return replace(page, people=team.members) if team is not None else page
