"""Handles the verbs (words after `/incident`) that only answer a question: `show`, `why`, `list`, `search` and so on.

The button **Retry** on the card, which sends failed messages again, is also handled here.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.deadlines import DeadlineState
from bot.domain.timeline.entry import Entry
from bot.slack.blocks import card, help, incident_lists, menu, replies, triage, why
from bot.slack.blocks.catchup import MissedEntries, UpcomingDeadline, catchup
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import (
    Press,
    PressHandler,
    VerbCall,
    VerbHandler,
    WorkspaceCall,
    WorkspaceHandler,
)
from bot.slack.listeners.handlers.forms import press_of_verb
from bot.usecases.outbox.retry_failed import retry_failed
from bot.usecases.queries import search
from bot.usecases.queries.catchup import catch_up
from bot.usecases.queries.find_incidents import find_incidents
from storage import deadlines
from storage.outbox import census
from storage.timeline import entries

SHOWN_ENTRIES = 5  # the latest key entries


async def _menu(call: VerbCall) -> Message:
    return menu.menu(call.incident, call.policy, call.ctx.command)


async def _show(call: VerbCall) -> Message:
    async with call.context.database.reading() as conn:
        latest = await entries.read(conn, call.number, key_only=True, limit=SHOWN_ENTRIES, newest=True)
        failed = await census.causes_of_failure(conn, call.number)
    failures = [card.Failure(step=failure.kind, text=failure.error) for failure in failed]
    return incident_lists.show(call.incident, call.policy, latest, call.context.clock.now(), failures)


async def _why(call: VerbCall) -> Message:
    async with call.context.database.reading() as conn:
        rows = await deadlines.ledger(conn, call.number)
        pages = await entries.of_kind(conn, call.number, "page")
        calls = await census.pages_by_hand(conn, call.number)
    by_hand = [page for page in pages if str(page.data.get("label", "")).startswith("hand:")]
    reminders = [_by_hand(page, calls) for page in by_hand]
    reminders += [
        why.Reminder(
            why.ledger_kind(row.kind, row.dedup_key),
            row.rung,
            row.due_at,
            row.sent_at,
            DeadlineState(row.state),
            row.reason,
        )
        for row in rows
    ]
    return why.why(call.incident, call.policy, reminders, call.context.clock.now())


def _by_hand(page: Entry, calls: Sequence[tuple[str, str, str]]) -> why.Reminder:
    """The line of a page by hand: failed or withheld if all of its calls were."""
    own_calls = [(state, error) for key, state, error in calls if f":{page.data['label']}:" in key]
    state, reason = DeadlineState.SENT, page.text
    if own_calls and all(state in ("failed", "dropped") for state, _ in own_calls):
        failed = any(state == "failed" for state, _ in own_calls)
        state = DeadlineState.FAILED if failed else DeadlineState.SKIPPED
        reason = "; ".join((page.text, *dict.fromkeys(error for _, error in own_calls if error)))
    return why.Reminder("page", None, page.at, page.at if state is DeadlineState.SENT else None, state, reason)


async def _catchup(call: VerbCall) -> Message:
    """Answer what the person missed, which from now on counts as read."""
    read = await catch_up(call.context, call.incident, call.policy, call.user, call.delivery)
    upcoming = [
        UpcomingDeadline(why.ledger_kind(row.kind, row.dedup_key), row.rung, row.due_at) for row in read.upcoming
    ]
    missed = MissedEntries(read.since, read.entries, read.messages, upcoming, read.contacts, read.links)
    return catchup(call.incident, call.policy, call.context.clock.now(), missed)


async def _list(call: WorkspaceCall) -> Message:
    request = call.request
    async with call.context.database.reading() as conn:
        matches = await find_incidents(
            conn,
            call.user,
            open_only=request.scope == "open",
            severities=request.severities,
            worst_first=[level.key for level in call.context.policy.severities] if request.scope == "open" else (),
            limit=incident_lists.INCIDENTS,
        )
    now = call.context.clock.now()
    incident_list = incident_lists.IncidentList(matches.incidents, matches.total, matches.drills, matches.is_all)
    return incident_lists.listing(
        incident_list, call.context.policy, now, scope=request.scope, narrowed=bool(request.severities),
        command=call.ctx.command,
    )  # fmt: skip


async def _search(call: WorkspaceCall) -> Message:
    text = call.request.text
    async with call.context.database.reading() as conn:
        matches = await search.search(conn, text, call.user, call.context.clock.now())
        alerts = await search.search_past_alerts(conn, text)
    return triage.search_results(matches, alerts, call.context.policy, text, call.ctx.command)


async def _help(call: WorkspaceCall) -> Message:
    return help.help(call.context.policy, call.ctx.command, call.request.text or None)


async def _press_retry(call: Press) -> Message:
    """Try failed notices of the incident again."""
    count = await retry_failed(call.context, call.number, delivery=call.delivery)
    return replies.confirmation("Trying again." if count else "Nothing is left to retry.")


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"list": _list, "search": _search, "help": _help}
VERBS: dict[str, VerbHandler] = {"menu": _menu, "show": _show, "why": _why, "catchup": _catchup}
PRESSES: dict[str, PressHandler] = {
    "show": press_of_verb(_show, "show"),
    "why": press_of_verb(_why, "why"),
    "catchup": press_of_verb(_catchup, "catchup"),
    "retry": _press_retry,
}
