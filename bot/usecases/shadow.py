"""Runs shadow mode: records the pages of the other service, withholds our own, and reports each day.

When it began is stored, so that it ends by itself and each day is reported once, whatever restarts and however many
replicas there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.domain.figures.shadow import ShadowReport, compare, contact_of, import_differences, schedule_key
from bot.domain.oncall.schedule import Override, on_call
from bot.domain.policy.policy import Policy
from bot.domain.policy.shadow import ShadowRules
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ShadowReportPayload
from bot.usecases.context import Context
from bot.usecases.restored import look_since, looked_for
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

    Days that passed while the bot was down share one report.
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
        since, days_reported = datetime.fromisoformat(stored["since"]), int(stored["told"])
        days_over = min((now - since) // DAY, rules.days)
        if days_over <= days_reported:
            return False
        await key_value.SHADOW.put(conn, {**stored, "told": str(days_over)})
        if context.policy.announce is None:
            return False
        payload = ShadowReportPayload(
            since + days_reported * DAY,
            since + days_over * DAY,
            days_over,
            rules.days,
            rules.source,
            context.policy.announce,
        )
        await enqueue.put(conn, looked_for([routing.shadow_report(payload)], look_since(context, payload.until)))
    context.wakeups.notify()
    return True


async def withheld(context: Context, row: ClaimedNotice) -> str | None:
    """The reason why a page is withheld, for the ledger; None if it is not a page, or shadow mode is off.

    A withheld page is stored for the report. An acknowledgement or resolution at a vendor is withheld if all of its
    pages were.
    """
    rules = context.policy.shadow
    if rules is None or row.kind not in PAGES:
        return None
    async with context.database.transaction() as conn:
        if row.payload.get("action") not in (None, "trigger"):
            triggers = row.payload.get("triggers") or []
            return "the page was withheld" if await shadow.holds_all(conn, triggers) else None
        stored = await key_value.SHADOW.get(conn) or {}
        if not _is_on(rules, stored, context.clock.now()):
            return None
        await shadow.save(conn, [page] if (page := _own_page(context, row)) else [])
    return f"shadow mode is on: {rules.source} pages, and nobody is paged here"


async def pages_instead(context: Context, conn: AsyncConnection) -> str:
    """The service that pages while shadow mode is on, so that nobody is paged here; empty if it is off."""
    rules = context.policy.shadow
    if rules is None or not _is_on(rules, await key_value.SHADOW.get(conn) or {}, context.clock.now()):
        return ""
    return rules.source


def _is_on(rules: ShadowRules, stored: dict[str, str], now: datetime) -> bool:
    """Whether shadow mode is on. It is as soon as the policy sets it, before that is stored."""
    if stored.get("source") != rules.source:
        return True
    return now < rules.ends_at(datetime.fromisoformat(stored["since"]))


def _own_page(context: Context, row: ClaimedNotice) -> ShadowPage | None:
    """The page as the report shows it; None for a page in the incident's own channel, which names nobody new."""
    recipient = row.payload.get("person") or row.payload.get("channel")
    if not recipient:
        return None
    at = context.clock.at(row.created_at.timestamp())
    return ShadowPage(
        row.dedup_key, ShadowSide.OURS, at, str(recipient), group=row.payload.get("group"), incident=row.incident
    )


async def hear(context: Context, conn: AsyncConnection, pages: Sequence[ShadowPage]) -> None:
    """Store the pages of the other service, with the current groups of their alerts."""
    rules = context.policy.shadow
    shadow_pages = [page for page in pages if rules is not None and page.alert.startswith(f"{rules.source}:")]
    if rules is None or not shadow_pages:
        return
    if not _is_on(rules, await key_value.SHADOW.get(conn) or {}, context.clock.now()):
        return
    alert_pages = await shadow.with_keys(conn, {page.vendor_alert for page in shadow_pages if page.vendor_alert})
    shadow_pages = [_of_alert(page, alert_pages.get(page.vendor_alert)) for page in shadow_pages]
    firing = await members.firing_occurrences(conn, list({page.alert for page in shadow_pages}))
    newest = {alert: max(number for number, _ in placed) for alert, placed in firing.items()}
    await shadow.save(conn, [replace(page, group=newest.get(page.alert)) for page in shadow_pages])


def _of_alert(page: ShadowPage, stored: ShadowPage | None) -> ShadowPage:
    """The page with the alert whose vendor ID it names."""
    return page if stored is None else replace(page, alert=stored.alert, title=stored.title)


async def read_report(context: Context, since: datetime, until: datetime) -> ShadowReport:
    """The report of a period: the other service's pages, and those that were withheld here."""
    async with context.database.snapshot() as conn:
        pages = await shadow.between(conn, since, until, MOST_PAGES + 1)
        covers = await overrides.in_force(conn, since)
        rules = context.policy.shadow
        names = await key_value.imported_names(rules.source).get(conn) if rules is not None else None
        named_pages = [_with_name(page, names or {}) for page in pages[:MOST_PAGES]]
        reported_pages = [_with_people(page, context.policy, covers) for page in named_pages]
        groups_by_number = await groups.get_many(
            conn, {page.group for page in reported_pages if page.group is not None}
        )
        numbers = {page.incident for page in reported_pages} | {group.incident for group in groups_by_number.values()}
        incidents_by_number = await incidents.get_many(conn, sorted(number for number in numbers if number is not None))
    return replace(
        compare(reported_pages, groups_by_number, incidents_by_number, context.policy),
        cut=len(pages) > MOST_PAGES,
        imports=import_differences(reported_pages, context.policy, covers),
    )


def _with_name(page: ShadowPage, names: Mapping[str, str]) -> ShadowPage:
    """The other service's page, with the imported name of the person instead of the vendor's ID."""
    name = names.get(page.who) if page.side is not ShadowSide.OURS else None
    return page if name is None else replace(page, who=name.partition(":")[2])


def _with_people(page: ShadowPage, policy: Policy, covers: Sequence[Override]) -> ShadowPage:
    """The other service's page of a schedule or team, with the people that it says were on call there.

    If it was not asked, they are those of the schedule that was imported from it, by the key that is derived from the
    name.
    """
    if page.side is ShadowSide.OURS:
        return page
    key = schedule_key(page.who)
    if (names := (page.vendor_on_call or {}).get(key)) is not None:
        return replace(page, people=tuple(contact_of(name, policy) for name in names))
    if (schedule := policy.schedules.get(key)) is not None:
        return replace(page, people=on_call(schedule, page.at, covers))
    team = policy.teams.get(key)
    return replace(page, people=team.members) if team is not None else page
