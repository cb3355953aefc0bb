"""Handles **Also tell**: after a status update, messages to several audiences go out with one more press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.communications.leaks import Finding
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.errors import Refused
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import in_place_of
from bot.slack.blocks.modals.also_tell import CALLBACK, Offer, tell_all_modal, values_of_tell_all
from bot.slack.blocks.modals.also_tell_page import PageText
from bot.slack.blocks.modals.update import update_modal
from bot.slack.listeners.calls import IncidentCall, Submission, SubmissionHandler
from bot.slack.listeners.handlers.also_tell_page import may_publish, page_offer, publish_text
from bot.usecases.communications.draft import draft, record_of
from bot.usecases.communications.send import ACTION, send_many

CHANGED = "The incident changed meanwhile, and the texts with it. Look at them once more."


def update_form(call: IncidentCall) -> Block:
    """The form **Update status**, which offers the status page to whom may publish."""
    return update_modal(call.incident, call.policy, page=may_publish(call))


async def following_form(call: Submission, number: int, audiences: Sequence[str], note: str) -> dict[str, Any] | None:
    """The form that shows what these audiences would be told. None without audiences, or if the person may not."""
    if not audiences:
        return None
    incident, _ = await call.ctx.visible_incident(number, call.interaction)
    try:
        call.require(ACTION, incident)
        return await _form(call, number, _Shown(audiences, call.context.clock.now(), note))
    except Refused as refused:  # what was submitted is recorded all the same
        await call.reply_later(await call.ctx.refusal(refused, call.user, number), channel=incident.channel_id)
        return None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the form is to show: messages as they read at an instant, and what was typed for the status page."""

    audiences: Sequence[str]
    at: datetime
    note: str
    text: PageText | None = None
    findings: Sequence[Finding] = ()


async def _form(call: Submission, number: int, shown: _Shown) -> dict[str, Any] | None:
    """The form; None where there is nothing to send."""
    incident, _ = await call.ctx.visible_incident(number, call.interaction)
    offers = await _offers(call, number, shown.audiences, shown.at)
    page = None
    if STATUS_PAGE.key in shown.audiences:
        page = await page_offer(call, number, shown.text, shown.findings)
    if not offers and page is None:
        return None
    return in_place_of(call.view, tell_all_modal(incident, offers, shown.at, shown.note, page))


async def _offers(call: Submission, number: int, audiences: Sequence[str], at: datetime) -> list[Offer]:
    """The messages as they read at an instant."""
    incident, policy = await call.ctx.visible_incident(number, call.interaction)
    async with call.context.database.reading() as conn:
        record = replace(await record_of(call.context, conn, incident, policy), now=at)
        drafts = [
            await draft(call.context, conn, record, policy.audiences[key])
            for key in audiences
            if key in policy.audiences
        ]
    return [
        Offer(audience_draft.audience, audience_draft.message, audience_draft.reach, audience_draft.findings)
        for audience_draft in drafts
    ]


async def _submit(call: Submission) -> dict[str, Any] | None:
    """Send what the person saw. If the record changed since, show the new texts instead."""
    values = values_of_tell_all(call.view)
    shown = [*values.digests, *([STATUS_PAGE.key] if values.page else [])]
    offers = await _offers(call, values.incident, list(values.digests), values.at)
    offers_by_key = {offer.audience.key: offer for offer in offers}
    if any(
        key not in offers_by_key or offers_by_key[key].digest != values.digests.get(key) for key in values.audiences
    ):
        return await _form(call, values.incident, _Shown(shown, call.context.clock.now(), CHANGED, values.page))
    messages = [offers_by_key[key].message for key in values.audiences]
    # Slack keeps the ID of a form that took another's place, and that one was submitted already.
    delivery = call.delivery and f"{call.delivery}:{CALLBACK}"
    if values.page is not None and values.to_page:  # first, since it may be refused
        findings = await publish_text(call, values.incident, values.page, delivery and f"{delivery}:page")
        if findings is None:
            return await _form(call, values.incident, _Shown(shown, values.at, CHANGED))
        if findings:
            return await _form(call, values.incident, _Shown(shown, values.at, "", values.page, findings))
    if messages:
        await send_many(call.context, values.incident, messages, call.user, delivery=delivery)
    return None


SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit}
