"""Sends pages (calls to a person to respond) by other methods than Slack.

It turns a notice into a `Page` and calls the notifier of its method, such as e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot import alert_page
from bot.domain.errors import DeliveryError, Refused
from bot.domain.incident import Incident
from bot.domain.paging import calls, people
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import AlertFollowUpPayload, PersonPagePayload
from bot.domain.routing.send_result import Failed, NotNeeded, Retry, SendResult, Sent, result_of
from bot.integrations import http
from bot.integrations.protocol import Action, Notifier, Page
from bot.usecases import acknowledge_links
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from storage import incidents
from storage.outbox import census
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

WITH_LINK = ("email", "sms", "phone", "push")  # methods whose pages carry a link to acknowledge


class PageSender:
    """Sends notices of the kinds in `PAGER_KINDS`. The page shows the incident as it is when it is sent."""

    def __init__(
        self,
        context: Context,
        by_method: Mapping[str, Notifier],
        team_url: str,
        bridge: Callable[[Incident, Policy], str | None],
    ) -> None:
        self._context = context
        self._by_method = by_method
        self._team_url = team_url
        self._bridge = bridge  # the address of an incident's call

    @property
    def notifiers(self) -> Mapping[str, Notifier]:
        """The notifiers in use, by method."""
        return self._by_method

    def use(self, by_method: Mapping[str, Notifier]) -> None:
        """Send by these notifiers from now on."""
        self._by_method = by_method

    async def send(self, row: ClaimedNotice) -> SendResult:
        """1. Read the incident. 2. Check that the page is needed. 3. Pass it to the notifier. 4. Describe a failure."""
        if row.kind == NoticeKind.ALERT_PAGE_VENDOR:
            page = await alert_page.page_of(self._context, row)
            return await self._deliver(row, page, alert_page.failure_text(row)) if isinstance(page, Page) else page
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, row.incident) if row.incident is not None else None
            if incident is None:
                return Failed(f"there is no incident for {row.dedup_key}")
            policy = await self._context.policies.of(conn, incident)
            directory = await current_directory(conn, policy)
            policy = directory.with_users(policy)  # mentions become contacts' names
            failed = {failure.dedup_key for failure in await census.failures(conn, incident.number)}
        if reason := _drop_reason(row, incident, failed) or _removed_reason(row, incident, policy):
            return NotNeeded(reason)
        page = page_of(row, incident, policy, self._team_url, self._context.clock.at(row.created_at.timestamp()))
        if not incident.private:
            page = replace(page, bridge=self._bridge(incident, policy), console=self._console(incident))
        down = self._context.outage is not None
        page = replace(page, slack_down=down, acknowledge=await self._acknowledge_link(row, incident, page))
        return await self._deliver(row, page, _failure_text(row, policy, incident))

    def _console(self, incident: Incident) -> str | None:
        """The incident's address in the console while Slack is down; None while it works, or without an address."""
        url = self._context.url
        return f"{url.rstrip('/')}/incidents/{incident.id}" if url and self._context.outage is not None else None

    async def _acknowledge_link(self, row: ClaimedNotice, incident: Incident, page: Page) -> str | None:
        """The link in a page by one of `WITH_LINK`; None for the others, which have their own ways to acknowledge."""
        person = page.person.slack or page.person.email
        if row.payload.get("method") not in WITH_LINK or page.action is not Action.TRIGGER or not person:
            return None
        return await acknowledge_links.address_for(self._context, incident, person, row.key)

    async def _deliver(self, row: ClaimedNotice, page: Page, text: str) -> SendResult:
        """Pass the page to the notifier of its method. `text` begins the text of a failure: what could not be done."""
        method = str(row.payload["method"])
        notifier = self._by_method.get(method)
        if notifier is None:
            return Failed(f"{text}: {calls.label(method)} is not set up any more.")
        if not row.lease_covers(2 * http.TIMEOUT_S):  # the longest look-up and request
            return Retry(f"{text}: its lease would have ended before the answer", timedelta(0))
        try:
            receipt = await notifier.send(page)
        except DeliveryError as error:
            return result_of(error, f"{text}: {error}.")
        return Sent({"method": method, **receipt.as_json()})


def _drop_reason(row: ClaimedNotice, incident: Incident, failed: set[str]) -> str | None:
    """The reason to drop the notice; None while it is needed."""
    if incident.drill:
        return "a drill pages nobody"
    payload = _payload(row)
    if isinstance(payload, PersonPagePayload):
        reason = calls.not_needed_because(incident, payload.unless)
        return f"{reason}, or confirmed: an earlier attempt may have arrived" if reason and row.uncertain else reason
    return "it was never opened there" if failed.issuperset(payload.triggers) else None


def _removed_reason(row: ClaimedNotice, incident: Incident, policy: Policy) -> str | None:
    """The reason not to page a person who was removed from the private incident's channel."""
    payload = _payload(row)
    if not incident.removed or not isinstance(payload, PersonPagePayload):
        return None
    person = people.person_by_address(payload.contact or payload.person, policy)
    return "they are not in the private incident's channel any more" if person.slack in incident.removed else None


def page_of(row: ClaimedNotice, incident: Incident, policy: Policy, team_url: str, paged_at: datetime) -> Page:
    """The page that the vendor gets; of a private incident it contains only the ID."""
    payload, is_private = _payload(row), incident.private
    person = people.person_by_address(payload.contact, policy) if payload.contact else people.Person("", "")
    person = replace(person, name=_plain(person.name, policy))
    trigger = payload if isinstance(payload, PersonPagePayload) else None
    why = trigger.why if trigger else None
    return Page(
        incident=incident.id,
        action=Action(payload.action or Action.TRIGGER),
        dedup_key=calls.dedup_key(incident, payload.severity),
        key=row.key,
        person=person,
        title=None if is_private else _plain(incident.title, policy) or "Untitled incident",
        severity=None if is_private else incident.severity,
        severe=None if is_private else _severe(incident, policy),
        status=None if is_private else str(incident.status),
        why=None if is_private or not why else _plain(str(why), policy),
        link=None if is_private else _link(incident, team_url),
        rung=trigger.rung if trigger else None,
        times=trigger.count if trigger else 1,
        declared_at=incident.declared_at,
        paged_at=paged_at,
        uncertain=row.uncertain,
    )


def _severe(incident: Incident, policy: Policy) -> int | None:
    try:
        return policy.rank(policy.severity(incident.severity).key)
    except Refused:
        return None


def _link(incident: Incident, team_url: str) -> str | None:
    if not incident.channel_id or not team_url.startswith(("https://", "http://")):
        return None
    return f"{team_url.rstrip('/')}/archives/{incident.channel_id}"


# Control characters, and those that change the direction of text: a title must not look like something else.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def _plain(text: str, policy: Policy) -> str:
    return " ".join(_UNSEEN.sub(" ", people.replace_mentions(text, policy)).split())


def _failure_text(row: ClaimedNotice, policy: Policy, incident: Incident) -> str:
    payload = _payload(row)
    method = calls.label(payload.method)
    if isinstance(payload, PersonPagePayload):
        name = people.person_by_address(payload.contact or payload.person, policy).name
        return f"Could not page {name} by {method}"
    return f"Could not {payload.action} {incident.id} in {method}"


def _payload(row: ClaimedNotice) -> PersonPagePayload | AlertFollowUpPayload:
    """The notice's payload: a page to one person, or an update of the alert that it opened at a vendor."""
    if row.payload["action"] == Action.TRIGGER:
        return read_payload(row, PersonPagePayload)
    return read_payload(row, AlertFollowUpPayload)
