"""Publishes an incident on the status page, posts further updates, and corrects publications.

Publishing is a person's act with a title and words of its own; nothing is taken from the incident but its number, which
stays inside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.communications.page import record_status_page
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
    context: Context,
    number: int | None,
    new: NewPublication,
    actor: str,
    delivery: str | None = None,
    *,
    first: bool = False,
) -> Publication:
    """Publish an incident; `number` is the internal incident, or None. Returns the stored publication.

    Raises `Refused` for a drill, without a title or message, for a component that the policy does not have, and for
    an incident that is on the page under the same title already; with `first`, under any title.
    """
    async with _writing(context, number, actor, delivery) as (conn, work):
        if work is not None and work.incident.drill:
            raise Refused(f"{work.incident.id} is a drill: nothing of it goes to the public.")
        require_publishable((new.title, new.impact, new.message), None if work is None else work.incident)
        require_known_components(context.policy, new.components)
        publication = pages.publish(new, number, actor, context.clock.now())
        if number is not None and new.notify:
            await _require_new(conn, number, None if first else publication.title)
        await publications.save(conn, publication)
        await announce(conn, publication, publication.updates[-1].id if new.notify else None, context.clock.now())
        if work is not None:
            event = f"Published on the status page: “{publication.title}”"
            await work.commit(
                _receipt(work, publication, event, actor),
                [_receipt_notice(work, publication, publication.updates[-1].id, actor)],
            )
    return publication


async def _require_new(conn: AsyncConnection, number: int, title: str | None) -> None:
    """Raise `Refused` if the incident is on the page under this title; None: under any. It was published twice."""
    for published in await publications.of_incident(conn, number):
        if not published.ended and title in (None, published.title):
            raise Refused(
                f"INC-{number} is on the status page already, as “{published.title}”. Add an update to that.",
                "comms status_page",
            )


async def post(
    context: Context, publication_id: str, change: PublicChange, actor: str, delivery: str | None = None
) -> Publication:
    """Add an update to a publication, `resolved` too."""
    require_known_components(context.policy, change.components or {})
    requested = _Change(
        lambda publication: pages.change(publication, change, context.clock.now()),
        "Updated on the status page",
        (change.title, change.impact, change.message),
    )
    return await _apply_change(context, publication_id, requested, actor, delivery)


async def correct(
    context: Context, publication_id: str, correction: Correction, actor: str, delivery: str | None = None
) -> Publication:
    """Correct a publication. The page shows the text as edited, and subscribers get a correction."""
    requested = _Change(
        lambda publication: pages.apply_correction(publication, correction, context.clock.now()),
        "Corrected on the status page",
        (correction.message, correction.title, correction.impact),
        correction.notify,
    )
    return await _apply_change(context, publication_id, requested, actor, delivery)


async def resolve_page_of(work: UnitOfWork, message: str, actor: str) -> None:
    """Resolve every open publication of the incident that `work` holds, in its transaction."""
    for publication in await publications.of_incident(work.conn, work.incident.number):
        current = await publications.lock(work.conn, publication.id)
        if current is None or current.ended:
            continue
        require_publishable((message,), work.incident)
        changed = pages.change(current, PublicChange(message, PublicStatus.RESOLVED), work.now)
        await publications.save(work.conn, changed)
        await announce(work.conn, changed, changed.updates[-1].id, work.now)
        receipt = _receipt(work, changed, "Resolved on the status page", actor)
        await work.commit(receipt, [_receipt_notice(work, changed, changed.updates[-1].id, actor)])


async def open_publication(conn: AsyncConnection, incident: int) -> Publication | None:
    """The open publication of this incident; None if there is none."""
    return next(
        (publication for publication in await publications.of_incident(conn, incident) if not publication.ended), None
    )


async def find(conn: AsyncConnection, name: str) -> Publication:
    """The publication with this ID, or the open one of an incident such as INC-7. Raises `NotFound`."""
    number = name.upper().removeprefix("INC-")
    if name.upper().startswith("INC-") and number.isdecimal():
        of_incident = await publications.of_incident(conn, int(number))
        if not of_incident:
            raise NotFound(f"{name.upper()} is not on the status page yet. Publish it first.")
        if len([candidate for candidate in of_incident if not candidate.ended]) > 1:
            ids = ", ".join(candidate.id for candidate in of_incident if not candidate.ended)
            raise Refused(f"{name.upper()} has several open publications: {ids}. Name one.")
        return of_incident[0]
    publication = await publications.get(conn, name.lower())
    if publication is None:
        raise NotFound(f"There is no publication “{name[:40]}”. See them all: tocsin statuspage")
    return publication


def proposed_components(policy: Policy, incident: Incident) -> dict[str, ComponentState]:
    """The components that an incident's services affect, with the state that its severity proposes."""
    names = set(incident.services)
    component_keys = {
        component for key in names if (service := policy.services.get(key)) for component in service.components
    }
    state = state_of_severity(policy.rank(policy.severity(incident.severity).key))
    return {
        component.key: state
        for component in policy.status_page.components
        if component.key in component_keys or names & set(component.services)
    }


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a publication, with the text of its timeline entry."""

    of: Callable[[Publication], Publication]
    event: str  # such as “Corrected on the status page”
    texts: tuple[str | None, ...]  # that become public
    notify: bool = True


async def _apply_change(
    context: Context, publication_id: str, change: _Change, actor: str, delivery: str | None
) -> Publication:
    async with context.database.reading() as conn:
        publication = await publications.get(conn, publication_id)
    if publication is None:
        raise NotFound(f"There is no publication “{publication_id[:40]}”.")
    async with _writing(context, publication.incident, actor, delivery, silences=publication.silence) as (conn, work):
        current = await publications.lock(conn, publication_id)
        if current is None:
            raise NotFound(f"There is no publication “{publication_id[:40]}”.")
        require_publishable(change.texts, None if work is None else work.incident)
        changed = change.of(current)
        if changed == current:
            return current
        if publication.silence:
            changed = await settle(context, conn, changed, context.clock.now())
        await publications.save(conn, changed)
        told_reference = _reference_to_tell(current, changed) if change.notify else None
        await announce(conn, changed, told_reference, context.clock.now())
        if work is not None:
            update = _last_changed(current, changed)
            reference = update.id if len(changed.updates) > len(current.updates) else correction_of(update, work.now)
            receipt = _receipt(work, changed, change.event, actor, update)
            await work.commit(receipt, [_receipt_notice(work, changed, reference, actor)])
    return changed


def _reference_to_tell(before: Publication, after: Publication) -> str | None:
    """The reference to a new update, or to the correction of one that subscribers know. None: they are told nothing."""
    if len(after.updates) > len(before.updates):
        return after.updates[-1].id
    edited = _last_changed(before, after)
    if edited in before.updates or edited.at < after.created_at:  # a backfill was told to nobody
        return None
    return correction_of(edited, edited.edited_at or edited.at)


def _last_changed(before: Publication, after: Publication) -> PublicUpdate:
    """The update that a change added or corrected; the newest one if only the title changed."""
    return next((update for update in after.updates if update not in before.updates), after.updates[-1])


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


def _receipt_notice(work: UnitOfWork, published: Publication, reference: str, actor: str) -> Notice:
    """The notice that shows the publication in the incident's channel."""
    return routing.publication_receipt(work.incident.number, PublicationPayload(published.id, reference, actor))


def _receipt(
    work: UnitOfWork, published: Publication, event: str, actor: str, update: PublicUpdate | None = None
) -> Change:
    last = update or published.updates[-1]
    text = f"{event} ({published.status.label.lower()}): {last.message}"
    data = {
        "audience": STATUS_PAGE.key, "publication": published.id, "status": str(published.status),
        "title": published.title, "message": last.message,
    }  # fmt: skip
    record = entry(work.now, "sent", actor, text, **data)
    return record_status_page(work.incident, (record,), work.now, resolved=published.ended)


def require_known_components(policy: Policy, components: Iterable[str]) -> None:
    """Raise `Refused` for a component that is not on the status page, with a list of those that are."""
    known_keys = {component.key for component in policy.status_page.components}
    unknown = [key for key in components if key not in known_keys]
    if unknown:
        keys_text = ", ".join(sorted(known_keys)) or "none: list them under status_page.components of the policy"
        raise Refused(f"There is no component “{unknown[0][:40]}” on the status page. There are: {keys_text}.")
