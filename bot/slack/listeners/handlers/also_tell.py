"""Handles **Also tell**: after a status update, messages to several audiences go out with one more press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.slack.blocks.inputs import in_place_of
from bot.slack.blocks.modals.also_tell import CALLBACK, Offer, tell_all_modal, values_of_tell_all
from bot.slack.listeners.calls import Submission, SubmissionHandler
from bot.usecases.communications.draft import draft, record_of
from bot.usecases.communications.send import ACTION, send_many

CHANGED = "The incident changed meanwhile, and the texts with it. Look at them once more."


async def following_form(call: Submission, number: int, audiences: Sequence[str], note: str) -> dict[str, Any] | None:
    """The form that shows what these audiences would be told. None without audiences, or if the person may not."""
    if not audiences:
        return None
    incident, _ = await call.ctx.visible_incident(number, call.interaction)
    try:
        call.require(ACTION, incident)
        return await _form(call, number, audiences, call.context.clock.now(), note)
    except Refused as refused:  # what was submitted is recorded all the same
        await call.reply_later(await call.ctx.refusal(refused, call.user, number), channel=incident.channel_id)
        return None


async def _form(call: Submission, number: int, audiences: Sequence[str], at: datetime, note: str) -> dict[str, Any]:
    incident, _ = await call.ctx.visible_incident(number, call.interaction)
    offers = await _offers(call, number, audiences, at)
    return in_place_of(call.view, tell_all_modal(incident, offers, at, note))


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
    offers = await _offers(call, values.incident, list(values.digests), values.at)
    offers_by_key = {offer.audience.key: offer for offer in offers}
    if any(
        key not in offers_by_key or offers_by_key[key].digest != values.digests.get(key) for key in values.audiences
    ):
        return await _form(call, values.incident, list(values.digests), call.context.clock.now(), CHANGED)
    messages = [offers_by_key[key].message for key in values.audiences]
    # Slack keeps the ID of a form that took another's place, and that one was submitted already.
    delivery = call.delivery and f"{call.delivery}:{CALLBACK}"
    await send_many(call.context, values.incident, messages, call.user, delivery=delivery)
    return None


SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit}
