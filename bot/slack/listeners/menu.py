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
from bot.slack.listeners.context import Asking, Front
from bot.usecases import authorize
from bot.usecases.incidents import handover, update

View = dict[str, Any]
Press = Callable[[Front, Asking, Incident, Policy, str], Awaitable[Message | None]]
Submit = Callable[[Front, Asking, View], Awaitable[None]]


async def _catchup(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message:
    return await verbs.catchup(front, asking, Request("catchup", incident.number), incident, policy)


async def _impact(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    return await verbs.impact(front, asking, Request("impact", incident.number), incident, policy)


async def _cancel(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    view = menu_forms.cancel_modal(incident)
    return await _form(front, asking, incident, view, menu_forms.CANCEL, "cancel Why it was none")


async def _note(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    return await front.open_view(asking, menu_forms.note_modal(incident), f"{front.command} note What happened")


async def _handover(front: Front, asking: Asking, incident: Incident, policy: Policy, rest: str) -> Message | None:
    view = menu_forms.handover_modal(incident, policy, asking.user)
    return await _form(front, asking, incident, view, menu_forms.HANDOVER, "handover @user")


async def _form(
    front: Front, asking: Asking, incident: Incident, view: View, verb: str, instead: str
) -> Message | None:
    """Of an incident that is open; whoever may not use it hears so before they fill it in."""
    if not incident.open:
        return replies.press_too_late(incident)
    authorize.require(front.desk, verb, asking.user, incident)
    return await front.open_view(asking, view, f"{front.command} {instead}")


async def _cancelled(front: Front, asking: Asking, view: View) -> None:
    said = menu_forms.values_of_text(view)
    await update.cancel(front.desk, said.incident, asking.user, said.text, delivery=asking.delivery)


async def _noted(front: Front, asking: Asking, view: View) -> None:
    said = menu_forms.values_of_text(view)
    await update.note(front.desk, said.incident, said.text, asking.user, delivery=asking.delivery)
    incident, _ = await front.incident(said.incident, asking, paged=True)
    await _tell(front, asking, incident, replies.done(f"Noted on the timeline of {incident.id}."))


async def _offered(front: Front, asking: Asking, view: View) -> None:
    said = menu_forms.values_of_handover(view)
    _, policy = await front.incident(said.incident, asking, paged=True)
    saved = await handover.offer(front.desk, said.incident, said.role, said.to, asking.user, delivery=asking.delivery)
    await _tell(front, asking, saved, handovers.offered(saved, policy, saved.handovers[-1]))


async def _tell(front: Front, asking: Asking, incident: Incident, message: Message) -> None:
    """A form has no channel: the incident's is where it was asked for."""
    await front.answer_later(replace(asking, channel=incident.channel_id), message)


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
