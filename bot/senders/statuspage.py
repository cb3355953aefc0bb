"""Copies publications to Atlassian Statuspage. Each attempt reads the copy and writes the first thing missing there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import DeliveryError
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.routing.payloads import CopyPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, Retry, SendResult, Sent, result_of
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.copying import Copy, CopyStep, ManualChange, first_step, is_backfill, next_step
from bot.domain.statuspage.publication import Publication, states_now
from bot.domain.timeline.entry import rfc3339
from bot.integrations import http
from bot.integrations.statuspage import Statuspage
from bot.usecases.context import Context
from storage import key_value
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.statuspage import publications

GIVEN_UP_AFTER = timedelta(days=1)
MORE = timedelta(seconds=1)  # until the next request, while something is missing


class StatuspageSender:
    """Sends notices of the kinds `COPY_KINDS`. `client` returns the one that is configured now, or None."""

    def __init__(self, context: Context, client: Callable[[], Statuspage | None]) -> None:
        self._context = context
        self._client = client

    async def send(self, row: ClaimedNotice) -> SendResult:
        """1. Read the copy. 2. Write what is missing next. 3. Retry until nothing is missing."""
        client = self._client()
        if client is None:
            return NotNeeded("Statuspage is not set up")
        if self._context.policy.status_page.visibility != "public":
            return NotNeeded("a page that is not public is not copied")
        async with self._context.database.reading() as conn:
            publication = await publications.get(conn, read_payload(row, CopyPayload).publication)
            unresolved = await publications.unresolved(conn)
        if publication is None:
            return NotNeeded("there is no such publication")
        states = states_now(unresolved, list(publication.components))
        try:
            return await self._step(client, row, publication, states)
        except DeliveryError as error:
            problem = f"Could not copy “{publication.title}” to Statuspage: {error}."
            if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                return Failed(problem)
            return result_of(error, problem)

    async def _step(
        self, client: Statuspage, row: ClaimedNotice, publication: Publication, states: Mapping[str, ComponentState]
    ) -> SendResult:
        copy = await self._copy(client, row, publication)
        step = first_step(publication) if copy is None else next_step(publication, copy)
        if step is None:
            return Sent({"vendor": "Statuspage", "id": copy.id if copy is not None else ""})
        if isinstance(step, ManualChange):
            return Failed(
                f"“{publication.title}” was changed by hand at Statuspage and is not overwritten: {step.what}. "
                "Change it there, too."
            )
        fields = await self._fields(client, publication, step, states)
        if not row.lease_covers(http.TIMEOUT_S):
            return LEASE_TOO_SHORT
        await self._write(client, publication, copy, step, fields)
        return Retry("more may be left to copy", MORE)

    async def _copy(self, client: Statuspage, row: ClaimedNotice, publication: Publication) -> Copy | None:
        """The copy; None if there is none yet. One from an attempt that got no answer is found by its marks."""
        async with self._context.database.reading() as conn:
            copy_id = await key_value.statuspage_copy(publication.id).get(conn)
        if copy_id is not None:
            copy = await client.get(copy_id)
            if copy is None:
                raise DeliveryError("it was removed there by hand", permanent=True)
            return copy
        copy = await client.find(publication.id) if row.attempts > 1 or row.uncertain else None
        if copy is not None:
            await self._keep(publication, copy.id)
        return copy

    async def _write(
        self, client: Statuspage, publication: Publication, copy: Copy | None, step: CopyStep, fields: dict[str, Any]
    ) -> None:
        if copy is None:
            await self._keep(publication, await client.create(fields, step.marks))
        elif step.correct is not None and step.update is not None:
            await client.correct(copy.id, step.correct, step.update.message)
        else:
            await client.change(copy.id, fields, step.marks)

    async def _keep(self, publication: Publication, copy: str) -> None:
        async with self._context.database.transaction() as conn:
            await key_value.statuspage_copy(publication.id).put(conn, copy)

    async def _fields(
        self, client: Statuspage, publication: Publication, step: CopyStep, states: Mapping[str, ComponentState]
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {} if step.name is None else {"name": step.name}
        if step.update is None or step.correct is not None:
            return fields
        update = step.update
        fields |= {"status": str(update.status), "body": update.message, "deliver_notifications": True}
        if is_backfill(publication):
            day = publication.started_at.date().isoformat()
            return fields | {
                "status": "resolved", "backfilled": True, "backfill_date": day, "deliver_notifications": False,
            }  # fmt: skip
        if publication.scheduled_for and publication.scheduled_until and not step.marks.updates.keys() - {update.id}:
            fields |= {
                "scheduled_for": rfc3339(publication.scheduled_for),
                "scheduled_until": rfc3339(publication.scheduled_until),
                "scheduled_auto_in_progress": False,
                "scheduled_auto_completed": False,
            }
        ids_by_name = await client.components()
        component_ids = _component_ids(self._context.policy.status_page, publication, ids_by_name)
        if component_ids:
            fields["component_ids"] = list(component_ids.values())
            if str(update.status) != "scheduled":
                fields["components"] = {component_id: str(states[key]) for key, component_id in component_ids.items()}
        return fields


def _component_ids(rules: StatusPageRules, publication: Publication, ids_by_name: Mapping[str, str]) -> dict[str, str]:
    """The vendor's IDs of the publication's components, by our key. Components are matched by name."""
    return {
        component.key: ids_by_name[component.name.strip().lower()]
        for component in rules.components
        if component.key in publication.components and component.name.strip().lower() in ids_by_name
    }
