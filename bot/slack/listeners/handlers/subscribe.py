"""Handles `/incident subscribe`, which subscribes a channel to the status page."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.slack.blocks.elements import Message
from bot.slack.blocks.status_page import subscription_changed
from bot.slack.listeners.calls import WorkspaceCall, WorkspaceHandler
from bot.usecases.status_page.maintain import ACTION
from bot.usecases.status_page.subscribe import ChannelChange, toggle_channel


async def _subscribe(call: WorkspaceCall) -> Message:
    """Subscribe this channel to a component, or to everything; the same again ends that."""
    call.require(ACTION)
    rules, channel, name = call.context.policy.status_page, call.interaction.channel, call.request.text.strip()
    if "slack" not in rules.subscribe:
        raise Refused("The policy lets no channel subscribe: add slack to `status_page.subscribe`.")
    if not channel:
        raise Refused("Type this in the channel that is to be told.", "subscribe")
    component = rules.component(name) if name else None
    if name and component is None:
        keys = ", ".join(page_component.key for page_component in rules.components) or "none in the policy"
        raise Refused(f"There is no component “{name[:40]}”. There are: {keys}.", "subscribe")
    name = component.name if component else ""
    subscription = await toggle_channel(call.context, channel, component.key if component else None)
    return subscription_changed(
        subscription.components,
        rules,
        f"{call.ctx.command} subscribe",
        covered=name if subscription.change is ChannelChange.COVERED else "",
        ended=name if subscription.change is ChannelChange.ENDED else "",
    )


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"subscribe": _subscribe}
