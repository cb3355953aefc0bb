"""Publishes on the status page from the form **Also tell**."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bot.domain.communications.leaks import Finding, Leak
from bot.domain.communications.page import on_the_page, public_status
from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.domain.statuspage.publication import OVER, NewPublication, PublicChange
from bot.slack.blocks.inputs import InputErrors, refusal_at
from bot.slack.blocks.modals.also_tell_page import MESSAGE, TITLE, PageOffer, PageText
from bot.slack.listeners.calls import IncidentCall, Submission
from bot.usecases.status_page.lint import findings_of
from bot.usecases.status_page.publish import ACTION, open_publication, post, proposed_components, publish
from bot.usecases.unit_of_work import DuplicateDelivery

MISSING = frozenset({Leak.NO_IMPACT, Leak.NO_NEXT_UPDATE})  # what a text lacks, as opposed to what it gives away


def may_publish(call: IncidentCall) -> bool:
    """Whether there is a status page, and the person may publish this incident there."""
    incident = call.incident
    if not call.context.policy.status_page.components or incident.drill:
        return False
    if incident.private and not on_the_page(incident):
        return False
    try:
        call.require(ACTION, incident)
    except Refused:
        return False
    return True


async def page_offer(
    call: Submission, number: int, typed: PageText | None, findings: Sequence[Finding] = ()
) -> PageOffer | None:
    """What the page would say now. None for an incident that ended and is not on the page.

    The text of the last update is proposed, unless it gives something away.
    """
    incident, policy = await call.ctx.visible_incident(number, call.interaction)
    async with call.context.database.reading() as conn:
        published = await open_publication(conn, number)
    if published is None and not incident.open:
        return None
    status, rules = public_status(incident), call.context.policy.status_page
    components = proposed_components(call.context.policy, incident) if published is None else published.components
    if typed is not None:
        return PageOffer(rules, published, status, components, typed.title, typed.message, findings)
    text = incident.update_text or ""
    findings = _findings(policy, published.title if published else "", text, over=status in OVER)
    if any(finding.leak not in MISSING for finding in findings):
        return PageOffer(rules, published, status, components)
    return PageOffer(rules, published, status, components, message=text, findings=findings)


async def publish_text(call: Submission, number: int, text: PageText, delivery: str | None) -> Sequence[Finding] | None:
    """Publish what the person typed. None, with nothing published, if the page has changed since the form opened.

    Also returns the findings that the form did not show, and then publishes nothing. Raises `InputErrors` for an empty
    title or message, and for a text that must not be published.
    """
    incident, policy = await call.ctx.visible_incident(number, call.interaction)
    async with call.context.database.reading() as conn:
        published = await open_publication(conn, number)
    if (published.id if published else None) != text.publication:
        return None
    _require_complete(text)
    status, title = public_status(incident), published.title if published else text.title
    findings = _findings(policy, title, text.message, over=status in OVER)
    blocking = [finding.sentence for finding in findings if finding.blocks]
    if blocking:
        raise InputErrors({MESSAGE: f"{'. '.join(blocking)}."})
    if any(finding.sentence not in text.shown_findings for finding in findings):
        return findings
    with refusal_at(MESSAGE), suppress(DuplicateDelivery):
        if published is None:
            components = proposed_components(call.context.policy, incident)
            new = NewPublication(title, text.message, components, status)
            await publish(call.context, number, new, call.user, delivery, first=True)
        else:
            await post(call.context, published.id, PublicChange(text.message, status), call.user, delivery)
    return ()


def _require_complete(text: PageText) -> None:
    errors = {}
    if text.publication is None and not text.title:
        errors[TITLE] = "Write a title for customers, such as “Checkout fails for some”, or do not send to the page."
    if not text.message:
        errors[MESSAGE] = "Write what customers notice, or do not send to the page."
    if errors:
        raise InputErrors(errors)


def _findings(policy: Policy, title: str, message: str, *, over: bool) -> list[Finding]:
    return findings_of(policy, title, "", message, over=over)
