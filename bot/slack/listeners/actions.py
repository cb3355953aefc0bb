"""Buttons: one table from action to what it does. A press on an old card meets the incident as it stands now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import declare as declaring
from bot.slack.blocks import modals, replies
from bot.slack.blocks import policy_change as policy_blocks
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackError
from bot.slack.commands.arguments import Request
from bot.slack.commands.parse import DeclareRequest
from bot.slack.listeners import commands, jobs, menu, oncall, playbooks, verbs
from bot.slack.listeners.context import OPEN_VIEW_WITHIN_S, Interaction, ListenerContext
from bot.usecases import authorize, delivery
from bot.usecases.incidents import acknowledge as acknowledging
from bot.usecases.incidents import change_policy, handover, update
from bot.usecases.incidents import escalate as escalating
from bot.usecases.oncall import shift_change
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()

Press = Callable[[ListenerContext, Interaction, Incident, Policy, str], Awaitable[Message | None]]


async def on_action(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Commit, acknowledge; words for the presser follow through the outbox."""
    started = time.perf_counter()
    interaction = asking_of(body)
    if (body.get("view") or {}).get("callback_id") == declaring.CALLBACK:
        await _suggest(ctx, body["view"])
        await ack()
        return
    for action in body.get("actions") or ():
        message = await _pressed(ctx, interaction, action)
        if message is not None:
            await _tell(ctx, interaction, message)
    await ack()
    ctx.metrics.acknowledgements.labels("press").observe(time.perf_counter() - started)


async def _suggest(ctx: ListenerContext, view: dict[str, Any]) -> None:
    """Facts in the declare form changed: so does the suggestion. One that is overtaken by the next key is dropped."""
    shown = declaring.with_suggestion(view, ctx.context.policy)
    if shown is None or shown["blocks"] == view.get("blocks"):
        return
    try:
        async with asyncio.timeout(OPEN_VIEW_WITHIN_S):
            await ctx.api.call("views.update", view_id=view["id"], hash=view.get("hash"), view=shown)
    except (SlackError, TimeoutError) as error:
        log.info("modal.not_updated", view=view.get("callback_id"), error=str(error) or "too slow")


def asking_of(body: dict[str, Any]) -> Interaction:
    trigger = body.get("trigger_id")
    return Interaction(
        user=str((body.get("user") or {}).get("id", "")),
        channel=(body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id"),
        trigger_id=trigger,
        response_url=body.get("response_url"),
        delivery=f"a:{trigger}" if trigger else None,
    )


async def _tell(ctx: ListenerContext, interaction: Interaction, message: Message) -> None:
    try:
        await ctx.reply_later(interaction, message)
    except StorageError as error:
        log.error("press.not_answered", error=str(error))
        if message == replies.not_recorded():
            raise  # neither recorded nor said: then Slack has to show that it did not work


async def _pressed(ctx: ListenerContext, interaction: Interaction, action: dict[str, Any]) -> Message | None:
    chosen = action.get("selected_option") or {}  # of a menu behind three dots
    name, value = str(action.get("action_id", "")), str(action.get("value") or chosen.get("value") or "")
    try:
        if name == "choose_incident":
            return await commands.answered(ctx, replace(interaction, raw=value))
        if name == "menu_declare":
            return await verbs.declare(ctx, interaction, DeclareRequest())
        if name == "cover":
            return await oncall.cover_form(ctx, interaction, value)
        press = PRESSES.get(name)
        if press is None:
            if name not in QUIET:
                log.info("press.unknown", action=name[:80])
            return None
        number, _, rest = value.removeprefix("INC-").partition(":")
        if not number.isdecimal():
            log.warning("press.malformed", action=name[:80])
            return None
        incident, policy = await ctx.visible_incident(int(number), interaction, paged=name in ANSWERS_A_PAGE)
        return await press(ctx, interaction, incident, policy, rest)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("press").inc()
        return None
    except Refused as refused:
        second = playbooks.overtaken(refused, interaction.user)
        return second or ctx.refusal(refused, await _not_the_channels(ctx, interaction, value))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        log.warning("press.malformed", action=name[:80], error=type(error).__name__)
        return None
    except StorageError as error:
        log.error("press.not_recorded", error=str(error), action=name[:80])
        return replies.not_recorded()


async def _not_the_channels(ctx: ListenerContext, interaction: Interaction, value: str) -> int | None:
    """The incident pressed for, unless the press was in its own channel."""
    said = value.removeprefix("INC-").partition(":")[0]
    if not said.isdecimal():  # it was about none, such as Declare
        return None
    number = int(said)
    return None if await ctx.incident_number_in(interaction.channel) == number else number


def _verb(verb: verbs.WithIncident, name: str, **arguments: Any) -> Press:
    """A button that does what a verb does."""

    async def press(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        return await verb(ctx, interaction, Request(name, incident.number, **arguments), incident, policy)

    return press


def _quietly(press: Press) -> Press:
    """What the channel is told anyway needs no private words."""

    async def silent(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        await press(ctx, interaction, incident, policy, rest)
        return None

    return silent


def _modal(
    build: Callable[[Incident, Policy, ListenerContext], dict[str, Any]], instead: str, *, ended: bool = False
) -> Press:
    """A button that opens a form; `instead` is the command that does the same."""

    async def press(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        if incident.open == ended:
            return replies.press_too_late(incident)
        authorize.require(
            ctx.context, instead.split()[0], interaction.user, incident
        )  # before they fill it in for nothing
        return await ctx.open_view(interaction, build(incident, policy, ctx), f"{ctx.command} {instead}")

    return press


async def _ack(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    done = await acknowledging.acknowledge(
        ctx.context, incident.number, interaction.user, asked=False, delivery=interaction.delivery
    )
    if not done.ask and done.first_by is None and not done.offer_lead:
        return None
    return verbs.acknowledged(done, interaction.user)


async def _responding(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    done = await acknowledging.acknowledge(
        ctx.context, incident.number, interaction.user, delivery=interaction.delivery
    )
    await ctx.reply_later(interaction, verbs.acknowledged(done, interaction.user), replace=True)
    return None


async def _watching(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    if not incident.open:
        message = replies.press_too_late(incident)
    elif incident.ladder.acknowledged_at is not None and incident.acknowledged_by:
        message = replies.watching_in_hands(incident, incident.acknowledged_by)
    else:
        message = replies.just_watching(incident)
    await ctx.reply_later(interaction, message, replace=True)
    return None


async def _lead(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    holder = incident.roles.get("commander")
    if holder and holder != interaction.user:
        return replies.done(f"<@{holder}> leads {incident.id} already. To take over: {ctx.command} lead @you")
    await update.assign(
        ctx.context, incident.number, {"commander": interaction.user}, interaction.user, delivery=interaction.delivery
    )
    await ctx.reply_later(interaction, replies.done(f"You lead {incident.id}."), replace=True)
    return None


async def _on_it(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    """From a page: responding, whoever acknowledged before."""
    if not incident.open:
        return replies.press_too_late(incident)
    done = await acknowledging.acknowledge(
        ctx.context, incident.number, interaction.user, delivery=interaction.delivery
    )
    return verbs.acknowledged(done, interaction.user)


async def _cant(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    rung = int(rest.split(":", 1)[0]) if rest.split(":", 1)[0].isdecimal() else 0
    done = await escalating.cannot(ctx.context, incident.number, rung, interaction.user, delivery=interaction.delivery)
    return replies.cant_noted(incident, done.climb if done else None)


async def _accept(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    offered = int(rest) if rest.isdecimal() else 0
    await handover.accept(ctx.context, incident.number, offered, interaction.user, delivery=interaction.delivery)
    return None  # the brief is edited, and the duties follow


async def _decline(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    offered = int(rest) if rest.isdecimal() else 0
    await handover.decline(ctx.context, incident.number, offered, interaction.user, delivery=interaction.delivery)
    return None


async def _shift_hand(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    role, _, to = rest.rpartition(":")
    await shift_change.hand_over(
        ctx.context, incident.number, role, to, interaction.user, delivery=interaction.delivery
    )
    return None  # the offer is edited, and the brief goes out


async def _shift_stay(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    await shift_change.stay(ctx.context, incident.number, rest, interaction.user, delivery=interaction.delivery)
    return None


async def _retry(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    count = await delivery.retry_failed(ctx.context, incident.number, delivery=interaction.delivery)
    return replies.done("Trying again." if count else "Nothing is left to retry.")


async def _policy_apply(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    saved = await change_policy.apply(
        ctx.context, incident.number, rest, interaction.user, delivery=interaction.delivery
    )
    await ctx.reply_later(interaction, policy_blocks.applied(saved), replace=True)
    return None


ANSWERS_A_PAGE = frozenset({"on_it", "cant", "handover_accept", "handover_decline"})
QUIET = frozenset({"open_channel", "severity_select", "link"})
PRESSES: dict[str, Press] = {
    "ack": _ack,
    "im_responding": _responding,
    "just_watching": _watching,
    "lead": _lead,
    "on_it": _on_it,
    "cant": _cant,
    "retry": _retry,
    "handover_accept": _accept,
    "handover_decline": _decline,
    "shift_hand": _shift_hand,
    "shift_stay": _shift_stay,
    "policy_apply": _policy_apply,
    "join": _verb(verbs.join, "join"),
    "escalate": _verb(verbs.escalate, "escalate"),
    "update": _modal(lambda i, p, f: modals.update_modal(i, p), "update What changed"),
    "severity": _modal(lambda i, p, f: modals.severity_modal(i, p), "severity sev2 Why"),
    "roles": _modal(lambda i, p, f: modals.roles_modal(i, p), "role commander @user"),
    "resolve": _modal(lambda i, p, f: modals.resolve_modal(i), "resolve What fixed it"),
    "reopen": _modal(lambda i, p, f: modals.reopen_modal(i), "reopen Why", ended=True),
    "close": _quietly(_verb(verbs.close, "close")),
    "snooze_15m": _verb(verbs.snooze, "snooze", span=timedelta(minutes=15)),
    "snooze_1h": _verb(verbs.snooze, "snooze", span=timedelta(hours=1)),
    "timeline": _verb(verbs.timeline_, "timeline", scope="key"),
    "why": _verb(verbs.why, "why"),
    "show": _verb(verbs.show, "show"),
    **playbooks.PRESSES,
    **jobs.PRESSES,
    **menu.PRESSES,
}
