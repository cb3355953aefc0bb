"""What the menu offers beside the card: each verb that needs more than a press has its form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import handover as handovers
from bot.slack.blocks import menu_forms, replies
from bot.slack.blocks.elements import Message
from bot.slack.commands.arguments import Request
from bot.slack.listeners import verbs
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases import authorize
from bot.usecases.incidents import handover, update

View = dict[str, Any]
Press = Callable[[ListenerContext, Interaction, Incident, Policy, str], Awaitable[Message | None]]
Submit = Callable[[ListenerContext, Interaction, View], Awaitable[None]]


async def _catchup(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message:
    return await verbs.catchup(ctx, interaction, Request("catchup", incident.number), incident, policy)


async def _impact(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await verbs.impact(ctx, interaction, Request("impact", incident.number), incident, policy)


async def _cancel(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    view = menu_forms.cancel_modal(incident)
    return await _form(ctx, interaction, incident, view, menu_forms.CANCEL, "cancel Why it was none")


async def _note(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await ctx.open_view(interaction, menu_forms.note_modal(incident), f"{ctx.command} note What happened")


async def _handover(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    view = menu_forms.handover_modal(incident, policy, interaction.user)
    return await _form(ctx, interaction, incident, view, menu_forms.HANDOVER, "handover @user")


async def _form(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, view: View, verb: str, instead: str
) -> Message | None:
    """Of an incident that is open; whoever may not use it hears so before they fill it in."""
    if not incident.open:
        return replies.press_too_late(incident)
    authorize.require(ctx.context, verb, interaction.user, incident)
    return await ctx.open_view(interaction, view, f"{ctx.command} {instead}")


async def _cancelled(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = menu_forms.values_of_text(view)
    await update.cancel(ctx.context, said.incident, interaction.user, said.text, delivery=interaction.delivery)


async def _noted(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = menu_forms.values_of_text(view)
    await update.note(ctx.context, said.incident, said.text, interaction.user, delivery=interaction.delivery)
    incident, _ = await ctx.visible_incident(said.incident, interaction, paged=True)
    await _tell(ctx, interaction, incident, replies.done(f"Noted on the timeline of {incident.id}."))


async def _offered(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = menu_forms.values_of_handover(view)
    _, policy = await ctx.visible_incident(said.incident, interaction, paged=True)
    saved = await handover.offer(
        ctx.context, said.incident, said.role, said.to, interaction.user, delivery=interaction.delivery
    )
    await _tell(ctx, interaction, saved, handovers.offered(saved, policy, saved.handovers[-1]))


async def _tell(ctx: ListenerContext, interaction: Interaction, incident: Incident, message: Message) -> None:
    """A form has no channel: the incident's is where it was asked for."""
    await ctx.reply_later(replace(interaction, channel=incident.channel_id), message)


PRESSES: dict[str, Press] = {
    "catchup": _catchup,
    "impact": _impact,
    "cancel": _cancel,
    "note": _note,
    "handover": _handover,
}
SUBMITS: dict[str, Submit] = {
    menu_forms.CANCEL: _cancelled,
    menu_forms.NOTE: _noted,
    menu_forms.HANDOVER: _offered,
}
