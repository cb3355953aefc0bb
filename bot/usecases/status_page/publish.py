"""Publishes an incident on the status page, posts further updates, and corrects what was published.

Publishing is a person's act with a title and words of its own; nothing is taken from the incident but its number, which
stays inside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.communications.page import page_told
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Change, Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.routing.payloads import PublicationPayload
from bot.domain.statuspage import publication as pages
from bot.domain.statuspage.component_state import ComponentState, state_of_severity
from bot.domain.statuspage.publication import (
    Correction,
    NewPublication,
    Publication,
    PublicChange,
    PublicStatus,
    PublicUpdate,
    correction_of,
)
from bot.domain.timeline.entry import BOT, entry
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.status_page.announce import announce
from bot.usecases.status_page.lint import require_publishable
from bot.usecases.status_page.quiet import settle
from bot.usecases.unit_of_work import UnitOfWork, begin, claim_delivery
from storage import incidents
from storage.alerts import groups
from storage.statuspage import publications

ACTION = "comms"  # the permission


async def publish(
    context: Context, number: int | None, new: NewPublication, actor: str, delivery: str | None = None
) -> Publication:
    """Publish an incident; `number` is the internal one it is about, or None. Returns it as stored.

    Raises `Refused` for a drill, without a title or message, and for a component that the policy does not have.
    """
    async with _writing(context, number, actor, delivery) as (conn, work):
        if work is not None and work.incident.drill:
            raise Refused(f"{work.incident.id} is a drill: nothing of it goes to the public.")
        require_publishable((new.title, new.impact, new.message), None if work is None else work.incident)
        known_components(context.policy, new.components)
        made = pages.publish(new, number, actor, context.clock.now())
        await publications.save(conn, made)
        await announce(conn, made, made.updates[-1].id if new.notify else None, context.clock.now())
        if work is not None:
            words = f"Published on the status page: “{made.title}”"
            await work.commit(_receipt(work, made, words, actor), [_shown(work, made, made.updates[-1].id, actor)])
    return made


async def post(
    context: Context, publication_id: str, change: PublicChange, actor: str, delivery: str | None = None
) -> Publication:
    """Add an update to a publication, `resolved` too."""
    known_components(context.policy, change.components or {})
    made = _Change(
        lambda each: pages.change(each, change, context.clock.now()),
        "Updated on the status page",
        (change.title, change.impact, change.message),
    )
    return await _changed(context, publication_id, made, actor, delivery)


async def correct(
    context: Context, publication_id: str, correction: Correction, actor: str, delivery: str | None = None
) -> Publication:
    """Other words for what was published. The page shows them as edited, and subscribers get a correction."""
    made = _Change(
        lambda each: pages.corrected(each, correction, context.clock.now()),
        "Corrected on the status page",
        (correction.message, correction.title, correction.impact),
        correction.notify,
    )
    return await _changed(context, publication_id, made, actor, delivery)


async def resolve_page_of(work: UnitOfWork, message: str, actor: str) -> None:
    """Resolve what is on the page of the incident that `work` holds, in its transaction. Nothing may be left open."""
    for each in await publications.of_incident(work.conn, work.incident.number):
        current = await publications.lock(work.conn, each.id)
        if current is None or current.ended:
            continue
        require_publishable((message,), work.incident)
        changed = pages.change(current, PublicChange(message, PublicStatus.RESOLVED), work.now)
        await publications.save(work.conn, changed)
        await announce(work.conn, changed, changed.updates[-1].id, work.now)
        receipt = _receipt(work, changed, "Resolved on the status page", actor)
        await work.commit(receipt, [_shown(work, changed, changed.updates[-1].id, actor)])


async def open_publication(conn: AsyncConnection, incident: int) -> Publication | None:
    """What of this incident is on the page and not resolved; None if nothing is."""
    return next((each for each in await publications.of_incident(conn, incident) if not each.ended), None)


async def find(conn: AsyncConnection, name: str) -> Publication:
    """The publication with this ID, or the open one of an incident such as INC-7. Raises `NotFound`."""
    number = name.upper().removeprefix("INC-")
    if name.upper().startswith("INC-") and number.isdecimal():
        listed = await publications.of_incident(conn, int(number))
        if not listed:
            raise NotFound(f"Nothing of {name.upper()} is on the status page. Publish it first.")
        if len([each for each in listed if not each.ended]) > 1:
            ids = ", ".join(each.id for each in listed if not each.ended)
            raise Refused(f"{name.upper()} has several open publications: {ids}. Name one.")
        return listed[0]
    found = await publications.get(conn, name.lower())
    if found is None:
        raise NotFound(f"There is no publication “{name[:40]}”. See them all: tocsin statuspage")
    return found


def proposed_components(policy: Policy, incident: Incident) -> dict[str, ComponentState]:
    """The components that an incident's services affect, with the state that its severity proposes."""
    names = set(incident.services)
    named = {each for key in names if (service := policy.services.get(key)) for each in service.components}
    state = state_of_severity(policy.rank(policy.severity(incident.severity).key))
    return {
        each.key: state for each in policy.status_page.components if each.key in named or names & set(each.services)
    }


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a publication, and what the timeline says of it."""

    of: Callable[[Publication], Publication]
    words: str
    texts: tuple[str | None, ...]  # that become public
    notify: bool = True


async def _changed(
    context: Context, publication_id: str, change: _Change, actor: str, delivery: str | None
) -> Publication:
    async with context.database.reading() as conn:
        found = await publications.get(conn, publication_id)
    if found is None:
        raise NotFound(f"There is no publication “{publication_id[:40]}”.")
    async with _writing(context, found.incident, actor, delivery, silences=found.silence) as (conn, work):
        current = await publications.lock(conn, publication_id)
        if current is None:
            raise NotFound(f"There is no publication “{publication_id[:40]}”.")
        require_publishable(change.texts, None if work is None else work.incident)
        changed = change.of(current)
        if changed == current:
            return current
        if found.silence:
            changed = await settle(context, conn, changed, context.clock.now())
        await publications.save(conn, changed)
        told = _told_anew(current, changed) if change.notify else None
        await announce(conn, changed, told, context.clock.now())
        if work is not None:
            update = _last_changed(current, changed)
            shown = update.id if len(changed.updates) > len(current.updates) else correction_of(update, work.now)
            receipt = _receipt(work, changed, change.words, actor, update)
            await work.commit(receipt, [_shown(work, changed, shown, actor)])
    return changed


def _told_anew(before: Publication, after: Publication) -> str | None:
    """What subscribers are to be told of a change: a new update, or the correction of one that they were told."""
    if len(after.updates) > len(before.updates):
        return after.updates[-1].id
    edited = _last_changed(before, after)
    if edited in before.updates or edited.at < after.created_at:  # a backfill was told to nobody
        return None
    return correction_of(edited, edited.edited_at or edited.at)


def _last_changed(before: Publication, after: Publication) -> PublicUpdate:
    """The update that a change added or corrected; the newest where it was the title."""
    return next((each for each in after.updates if each not in before.updates), after.updates[-1])


@asynccontextmanager
async def _writing(
    context: Context, number: int | None, actor: str, delivery: str | None, *, silences: bool = False
) -> AsyncIterator[tuple[AsyncConnection, UnitOfWork | None]]:
    """A transaction that holds the incident's lock, if there is one. Raises `Refused` without permission."""
    async with context.database.transaction() as conn:
        if silences:
            await groups.lock_all(conn)  # before all others: a silence may begin or end
        incident = None if number is None else await incidents.lock(conn, number)
        if number is not None and incident is None:
            raise NotFound(f"There is no incident INC-{number}.", "list all")
        if actor != BOT:
            authorize.require(context, ACTION, actor, incident)
        await claim_delivery(conn, delivery, context.clock.now())
        yield conn, None if incident is None else await begin(context, conn, incident)
    context.wakeups.notify()
    context.wakeups.status_page.set()


def _shown(work: UnitOfWork, published: Publication, reference: str, actor: str) -> Notice:
    """The notice that shows in the incident's channel what was published."""
    return routing.publication_receipt(work.incident.number, PublicationPayload(published.id, reference, actor))


def _receipt(
    work: UnitOfWork, published: Publication, words: str, actor: str, update: PublicUpdate | None = None
) -> Change:
    last = update or published.updates[-1]
    text = f"{words} ({published.status.label.lower()}): {last.message}"
    data = {
        "audience": STATUS_PAGE.key, "publication": published.id, "status": str(published.status),
        "title": published.title, "message": last.message,
    }  # fmt: skip
    record = entry(work.now, "sent", actor, text, **data)
    return page_told(work.incident, (record,), work.now, resolved=published.ended)


def known_components(policy: Policy, components: Iterable[str]) -> None:
    """Raise `Refused` for a component that is not on the status page; it lists those that are."""
    known = {each.key for each in policy.status_page.components}
    unknown = [key for key in components if key not in known]
    if unknown:
        listed = ", ".join(sorted(known)) or "none: list them under status_page.components of the policy"
        raise Refused(f"There is no component “{unknown[0][:40]}” on the status page. There are: {listed}.")
