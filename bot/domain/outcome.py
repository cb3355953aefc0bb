"""Defines the outcome of a decision about one incident: its change, the notices to send, the state of deadlines.

A use case writes the outcome; nothing here does. `of_paging` builds the outcome of paging people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Change, Incident
from bot.domain.paging import calls
from bot.domain.paging.calls import PagePlan
from bot.domain.paging.context import PagingContext
from bot.domain.paging.ladder import PagingOutcome, recipients_text
from bot.domain.policy.policy import Rung
from bot.domain.routing import keys
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Entry


@dataclass(frozen=True, slots=True)
class LedgerDecision:
    """The new state of a deadline in the ledger (the list of every reminder and page), with its reason."""

    dedup_key: str
    state: DeadlineState
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The change of an incident, the notices to send, and the new states of deadlines. None of it is written yet."""

    change: Change
    notices: tuple[Notice, ...] = ()
    ledger: tuple[LedgerDecision, ...] = ()

    @property
    def incident(self) -> Incident:
        """The incident as the outcome leaves it."""
        return self.change.incident

    def then(self, later: Outcome) -> Outcome:
        """Both outcomes as one. `later` was decided for the incident as this outcome leaves it."""
        return Outcome(
            Change(later.incident, (*self.change.entries, *later.change.entries)),
            (*self.notices, *later.notices),
            (*self.ledger, *later.ledger),
        )


def due(change: Change, dedup_key: str, reason: str) -> Outcome:
    """The outcome of a lapsed deadline whose message or page is about to be sent."""
    return Outcome(change, ledger=(LedgerDecision(dedup_key, DeadlineState.DUE, reason),))


def skip(change: Change, dedup_key: str, reason: str) -> Outcome:
    """The outcome of a lapsed deadline for which nothing is sent."""
    return Outcome(change, ledger=(LedgerDecision(dedup_key, DeadlineState.SKIPPED, reason),))


@dataclass(frozen=True, slots=True)
class PageCause:
    """Why people are paged."""

    why: str  # in words
    key: str  # of the deadline that lapsed, or a name of its own for a page that a person asked for
    said: tuple[Entry, ...] = ()  # entries that come before those of the page
    rung: Rung | None = None  # what is paged beside the ladder; None: the ladder's own rung


def of_paging(before: Incident, paging: PagingOutcome, cause: PageCause, context: PagingContext) -> Outcome:
    """The outcome of a page: its messages and entries, and the deadlines that it settles.

    `before` is the incident that `paging` was decided for.
    """
    first_page = [keys.rung_key(before, paging.rung)] if paging.rung and paging.times == 1 else []
    rung = context.policy.severity(before.severity).ladder[paging.rung - 1] if paging.rung else cause.rung
    pages = paging.plan
    fell_through = [
        *(_rung_skipped(before, number, f"fell through: {gap}") for number, gap in paging.fell_through),
        *(_rung_skipped(before, number, reason) for number, reason in paging.skipped),
    ]
    if _is_said_already(paging):
        nobody_left = LedgerDecision(
            cause.key, DeadlineState.SKIPPED, f"{cause.why}: nobody left to page, as said before"
        )
        return Outcome(
            Change(paging.change.incident, (*cause.said, *paging.change.entries)), (), (*fell_through, nobody_left)
        )
    if before.drill:
        return _would_have_paged(before, paging, cause, first_page, pages)
    recipient_words = recipients_text(paging, context.policy)
    used_up = [
        LedgerDecision(key, DeadlineState.DUE, _with_gaps(f"paged early: {cause.why}{recipient_words}", pages))
        for key in first_page
        if key != cause.key
    ]
    if pages.gaps:
        paged = LedgerDecision(cause.key, DeadlineState.DUE, _with_gaps(f"paged: {cause.why}{recipient_words}", pages))
        used_up.append(paged)
    serves = {cause.key, *first_page} - {decision.dedup_key for decision in fell_through}
    notices = routing.pages(before, paging, cause.why, cause.key, sorted(serves), rung, pages)
    entries = (*cause.said, *(_with_methods(entry, pages) for entry in paging.change.entries))
    changed = _with_open_pages(before, paging, pages, notices)
    return Outcome(Change(changed, entries), tuple(notices), (*fell_through, *used_up))


def _rung_skipped(before: Incident, rung: int, reason: str) -> LedgerDecision:
    return LedgerDecision(keys.rung_key(before, rung), DeadlineState.SKIPPED, reason)


def _is_said_already(paging: PagingOutcome) -> bool:
    """Whether the channel knows that the ladder has nobody left: it is told once an episode and severity."""
    return not paging.reached and paging.said_before and not paging.fell_through and not paging.skipped


def _would_have_paged(
    before: Incident, paging: PagingOutcome, cause: PageCause, first_page: Sequence[str], pages: PagePlan
) -> Outcome:
    """The outcome of a page in a drill, which pages nobody: a message and entries that say whom it would have paged."""
    reason = f"a drill pages nobody; otherwise: {cause.why}"
    entries = [
        replace(record, kind="drill", text=f"Would have paged: {record.text}", key=False)
        if record.kind == "page"
        else record
        for record in (*cause.said, *paging.change.entries)
    ]
    notice = routing.would_have_paged(before, paging, cause.why, cause.key, pages)
    ledger = [LedgerDecision(key, DeadlineState.SKIPPED, reason) for key in {cause.key, *first_page}]
    return Outcome(Change(paging.change.incident, tuple(entries)), (notice,), tuple(ledger))


def _with_open_pages(before: Incident, paging: PagingOutcome, pages: PagePlan, notices: Sequence[Notice]) -> Incident:
    """The incident with the messages and the vendors' alerts that have to change when somebody acknowledges it."""
    base = next((str(notice.payload["base"]) for notice in notices if "base" in notice.payload), "")
    page_keys = {attempt: routing.page_key(base, attempt) for attempt in pages.attempts}
    return replace(
        paging.change.incident,
        live_pages=(*before.live_pages, *routing.live_page_keys(notices)),
        live_alerts=calls.opened_alerts(before, pages, page_keys),
    )


def _with_gaps(reason: str, pages: PagePlan) -> str:
    return "; ".join([reason, *pages.gaps])


def _with_methods(entry: Entry, pages: PagePlan) -> Entry:
    """The entry of a page with the methods used, unless it was Slack alone, and the methods that cannot be used."""
    if entry.kind != "page":
        return entry
    methods = [calls.label(method) for method in pages.methods]
    by_methods = f" by {', '.join(methods)}" if methods and methods != ["Slack"] else ""
    gaps = f"; {'; '.join(pages.gaps)}" if pages.gaps else ""
    data = {**entry.data, "by": list(pages.methods), "gaps": list(pages.gaps)}
    return replace(entry, text=f"{entry.text}{by_methods}{gaps}", data=data)
