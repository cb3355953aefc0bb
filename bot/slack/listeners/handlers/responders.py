"""Handles the verbs, buttons and form with which people acknowledge, join, invite others and take roles.

A verb is a word after `/incident`, such as `ack`.
"""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.slack.blocks import incident_lists, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import incident_of
from bot.slack.blocks.modals.roles import roles_modal, values_of_roles
from bot.slack.listeners.calls import (
    IncidentCall,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
)
from bot.slack.listeners.handlers.forms import open_form_of_verb, outdated_press, press_for_form, press_of_verb
from bot.slack.listeners.people import refuse_bots
from bot.slack.text import mention
from bot.usecases.incidents.acknowledge import AcknowledgementResult, acknowledge, invite, join
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.page_answers import PageRef, people_asked_instead
from storage.timeline import entries as timeline


async def _acknowledge(call: VerbCall) -> Message:
    outcome = await acknowledge(call.context, call.number, call.user, delivery=call.delivery)
    return _acknowledgement_reply(outcome, call)


def _acknowledgement_reply(outcome: AcknowledgementResult, call: IncidentCall) -> Message:
    """The answer: the person is the first, or came after another. A person who may not lead is not asked to."""
    offer_lead = outcome.offer_lead and _may_lead(call)
    here = call.interaction.channel
    if outcome.first_by is not None and outcome.first_at is not None:
        return replies.already_acknowledged_reply(
            outcome.incident, outcome.first_by, outcome.first_at, call.user, offer_lead=offer_lead, here=here
        )
    return replies.acknowledged_reply(outcome.incident, offer_lead=offer_lead, here=here)


def _may_lead(call: IncidentCall) -> bool:
    """Whether the person may take a role, as far as Slack has told who they are."""
    try:
        call.require("role", call.incident)
    except Refused:
        return False
    return True


async def _press_acknowledge(call: Press) -> Message | None:
    outcome = await acknowledge(call.context, call.number, call.user, delivery=call.delivery)
    if outcome.first_by is None and not outcome.offer_lead:
        return None  # the channel sees it
    return _acknowledgement_reply(outcome, call)


async def _press_on_it(call: Press) -> Message | None:
    """Make the paged person a responder, even if another one has acknowledged before."""
    if not call.incident.open:
        return await outdated_press(call)
    page, channel = PageRef.parse(call.argument), call.interaction.channel
    async with call.context.database.reading() as conn:
        paged_people = await people_asked_instead(conn, call.incident, page, call.user, channel)
    if paged_people:
        return replies.not_your_page_reply(call.incident, paged_people)
    outcome = await acknowledge(call.context, call.number, call.user, delivery=call.delivery)
    return _acknowledgement_reply(outcome, call)


async def _press_lead(call: Press) -> Message | None:
    holder = call.incident.roles.get("commander")
    if holder and holder != call.user:
        async with call.context.database.reading() as conn:
            role_entries = await timeline.of_kind(conn, call.number, "role")
        since = next((entry.at for entry in reversed(role_entries) if entry.data.get("role") == "commander"), None)
        return replies.leads_already(call.incident, holder, since, call.ctx.command)
    await assign_roles(call.context, call.number, {"commander": call.user}, call.user, delivery=call.delivery)
    await call.reply_later(replies.confirmation(f"You lead {call.incident.id}."), replace_original=True)
    return None


async def _join(call: VerbCall) -> Message:
    return replies.join_reply(await join(call.context, call.number, call.user, delivery=call.delivery))


async def _invite(call: VerbCall) -> Message:
    await invite(call.context, call.number, call.request.users, call.user, delivery=call.delivery)
    people = ", ".join(mention(user) for user in call.request.users)
    return replies.confirmation(f"Inviting {people} to {call.incident.id}.")


async def _assign_role(call: VerbCall) -> Message | None:
    """Assign or clear a role; `lead` does so for the commander's. If neither is named, open the form."""
    if not call.request.users and not call.request.clear:
        return await open_form_of_verb(call, roles_modal(call.incident, call.policy), "role commander @user")
    holder = None if call.request.clear else call.request.users[0]
    role = call.request.role or "commander"
    saved = await assign_roles(call.context, call.number, {role: holder}, call.user, delivery=call.delivery)
    title = call.policy.role(role).title
    return replies.confirmation(f"{title} of {saved.id}: " + (f"{mention(holder)}." if holder else "nobody now."))


async def _roles(call: VerbCall) -> Message:
    return incident_lists.roles(call.incident, call.policy, call.ctx.command, call.user)


async def _submit_roles(call: Submission) -> None:
    values = values_of_roles(call.view, await call.ctx.policy_of(incident_of(call.view)))
    await refuse_bots(call.ctx, values.assign.values())
    holders = {**values.assign, **dict.fromkeys(values.clear)}
    await assign_roles(call.context, values.incident, holders, call.user, delivery=call.delivery)


VERBS: dict[str, VerbHandler] = {
    "ack": _acknowledge,
    "join": _join,
    "invite": _invite,
    "role": _assign_role,
    "lead": _assign_role,
    "roles": _roles,
}
PRESSES: dict[str, PressHandler] = {
    "ack": _press_acknowledge,
    "on_it": _press_on_it,
    "lead": _press_lead,
    "join": press_of_verb(_join, "join"),
    "roles": press_for_form(lambda call: roles_modal(call.incident, call.policy), "role commander @user"),
}
SUBMISSIONS: dict[str, SubmissionHandler] = {"roles": _submit_roles}
