"""Handles `/incident merge`, `relate` and `tag`, and their forms."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.merge import require_mergeable
from bot.domain.incident.relations import parse_tags
from bot.slack.blocks import elements, phrases, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import refusal_at
from bot.slack.blocks.modals.relations import (
    MERGE,
    OTHER,
    RELATE,
    TAG,
    TAGS,
    merge_modal,
    other_of,
    relate_modal,
    tag_modal,
    tags_of,
)
from bot.slack.listeners.calls import PressHandler, Submission, SubmissionHandler, VerbCall, VerbHandler
from bot.slack.text import mention, plain
from bot.usecases.incidents.merge import MergeResult, merge
from bot.usecases.incidents.relate import relate, tag
from bot.usecases.queries.find_incidents import find_incidents

CHOICES = 100  # options of a select


async def _merge(call: VerbCall) -> Message | None:
    if call.request.other is None:
        call.require("merge", call.incident)
        require_mergeable(call.incident)
        incidents = await _other_incidents(call, open_only=call.incident.open)
        fitting = [
            incident
            for incident in incidents
            if incident.private == call.incident.private and incident.drill == call.incident.drill
        ]
        if not fitting:
            raise Refused(f"There is no other open incident that {call.incident.id} could go on in.", "list all")
        return await call.open_form(merge_modal(call.incident, fitting), "merge INC-7")
    merged = await merge(call.context, call.number, call.request.other, call.user, call.delivery)
    return _merge_reply(merged, call.ctx.command)


def _merge_reply(merged: MergeResult, command: str) -> Message:
    incident, target = merged.incident, merged.target
    where = f" {phrases.channel_link(target)}" if target.channel_id else ""
    parts = [f"{incident.id} is merged into {target.id}{where}. Reminders and pages have stopped here."]
    if merged.invited:
        parts.append(f"Inviting {len(merged.invited)} {'person' if len(merged.invited) == 1 else 'people'} there.")
    if merged.outside:
        people = elements.join_comma([mention(user) for user in merged.outside])
        parts.append(f"Not in {target.id}, which is private: {people}. Invite who should see it.")
    if merged.groups:
        parts.append(f"{merged.groups} {'group' if merged.groups == 1 else 'groups'} of alerts moved there.")
    if incident.detected_at < target.detected_at:
        parts.append(
            f"{incident.id} was detected earlier, {elements.moment(incident.detected_at)}: "
            f"{elements.code(f'{command} times --in {target.id}')} corrects when it began."
        )
    return elements.line(" ".join(parts))


async def _relate(call: VerbCall) -> Message | None:
    if call.request.other is None:
        call.require("relate", call.incident)
        incidents = await _other_incidents(call, open_only=False)
        if not incidents:
            raise Refused("There is no other incident yet.", "list all")
        return await call.open_form(relate_modal(call.incident, incidents), "relate INC-7")
    await relate(call.context, call.number, call.request.other, call.user, call.delivery)
    return replies.confirmation(f"{call.incident.id} and INC-{call.request.other} are related.")


async def _tag(call: VerbCall) -> Message | None:
    if not call.request.text:
        call.require("tag", call.incident)
        return await call.open_form(tag_modal(call.incident), "tag checkout database")
    saved = await tag(call.context, call.number, parse_tags(call.request.text), call.user, call.delivery)
    return _tag_reply(saved)


def _tag_reply(incident: Incident) -> Message:
    tags = elements.join_comma(incident.tags, at_most=20)
    return replies.confirmation(f"Tags of {incident.id}: {plain(tags) or 'none'}.")


async def _other_incidents(call: VerbCall, *, open_only: bool) -> Sequence[Incident]:
    async with call.context.database.reading() as conn:
        matches = await find_incidents(conn, call.user, open_only=open_only, worst_first=(), limit=CHOICES)
    return [incident for incident in matches.incidents if incident.number != call.number]


async def _submit_merge(call: Submission) -> None:
    number, target = other_of(call.view)
    with refusal_at(OTHER):
        merged = await merge(call.context, number, target, call.user, call.delivery)
    await call.reply_later(_merge_reply(merged, call.ctx.command), channel=merged.incident.channel_id)


async def _submit_relate(call: Submission) -> None:
    number, related = other_of(call.view)
    with refusal_at(OTHER):
        saved = await relate(call.context, number, related, call.user, call.delivery)
    await call.reply_later(replies.confirmation(f"{saved.id} and INC-{related} are related."), channel=saved.channel_id)


async def _submit_tag(call: Submission) -> None:
    number, change = tags_of(call.view)
    with refusal_at(TAGS):
        saved = await tag(call.context, number, change, call.user, call.delivery)
    await call.reply_later(_tag_reply(saved), channel=saved.channel_id)


VERBS: dict[str, VerbHandler] = {"merge": _merge, "relate": _relate, "tag": _tag}
PRESSES: dict[str, PressHandler] = {}
SUBMISSIONS: dict[str, SubmissionHandler] = {MERGE: _submit_merge, RELATE: _submit_relate, TAG: _submit_tag}
