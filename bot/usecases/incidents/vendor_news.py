"""Handles a paging vendor's report about an alert that the bot opened there, and tells the channel."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Change, Incident, VendorAlert
from bot.domain.paging import calls, people
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.timeline.vendor_names import vendor_name
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage.outbox import enqueue


@dataclass(frozen=True, slots=True)
class VendorNews:
    """A vendor's report that an alert was acknowledged or resolved there."""

    method: str  # of paging, which names the vendor
    key: str  # dedup key of the alert
    who: str | None  # the name at the vendor of the person who did it; None: an integration, a timer, or us
    resolved: bool = False

    @property
    def vendor(self) -> str:
        """The vendor's name, as people read it."""
        return calls.label(self.method)

    @property
    def name(self) -> str:
        """The person's name as plain text, which is never a mention or a Slack ID."""
        return vendor_name(self.who or "", self.vendor)


async def take(context: Context, news: VendorNews, delivery: str) -> Incident | None:
    """Tell the channel. An action of a person there acknowledges the incident here; nothing there resolves it here.

    None for an alert that the bot did not open, and for the echo of its own acknowledgement or resolution.
    """
    number = calls.incident_number_in(news.key)
    if number is None:
        return None
    async with locked_incident(context, number, delivery) as work:
        incident = work.incident
        alerts = [alert for alert in incident.live_alerts if _is_about(news, incident, alert)]
        if not alerts:
            return None
        if news.who is not None:
            return await _acknowledge_for(work, news)
        action = "resolve" if news.resolved else "acknowledge"
        for alert in alerts:  # people with PagerDuty services of their own have one each
            if await enqueue.exists(work.conn, routing.follow_up_key(incident, alert, action)):
                return None
        return await work.commit(Change(incident, (_note(work, BOT, _automatic_text(news, incident), news),)))


def _is_about(news: VendorNews, incident: Incident, alert: VendorAlert) -> bool:
    return alert.method == news.method and calls.dedup_key(incident, alert.severity) == news.key


async def _acknowledge_for(work: UnitOfWork, news: VendorNews) -> Incident:
    """Make the person a responder. The channel gets one line: that they acknowledged, or what else they did there."""
    incident = work.incident
    policy = (await current_directory(work.conn, work.policy)).with_users(work.policy)
    person = people.person_by_name(news.name, policy)
    if person is not None and incident.private and person.slack not in _people_paged(incident):
        person = None  # the vendor's names let nobody into a private incident
    actor = person.slack if person and person.slack else news.name
    change = verbs.acknowledge(incident, actor, work.now)
    data = {"via": news.method, "alert": news.key}
    if news.resolved:
        data["implied_by"] = f"resolved it in {news.vendor}"
    entries = tuple(
        replace(acknowledgement, text=f"is responding (in {news.vendor})", data={**acknowledgement.data, **data})
        for acknowledgement in change.entries
    )
    if news.resolved:
        text = f"{news.name} resolved it in {news.vendor}. The incident stays open until it is resolved here."
        entries = (*entries, _note(work, actor, text, news))
    elif not entries:
        entries = (_note(work, actor, f"{news.name} acknowledged it in {news.vendor} as well.", news),)
    invited = [routing.invitation(incident.number, actor)] if person and person.slack else []
    return await work.commit(Change(change.incident, entries), invited)


def _people_paged(incident: Incident) -> set[str]:
    return {person for page in incident.ladder.pages for person in page.people}


def _automatic_text(news: VendorNews, incident: Incident) -> str:
    if not news.resolved:
        return f"The alert was acknowledged in {news.vendor}, and not by a person: pages for {incident.id} go on."
    return f"The alert was resolved in {news.vendor}, by no person. {incident.id} stays open until it is resolved here."


def _note(work: UnitOfWork, actor: str, text: str, news: VendorNews) -> Entry:
    return entry(work.now, "note", actor, text, via=news.method, told=True)
