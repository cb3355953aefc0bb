"""Forms that were submitted: read, committed, and only then closed. What cannot be used is said beside its input."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.slack.blocks import cover as covers
from bot.slack.blocks import custom_fields as details
from bot.slack.blocks import declare as declaring
from bot.slack.blocks import forms, inputs, modals, replies
from bot.slack.blocks import impact as impacts
from bot.slack.blocks.inputs import InputErrors
from bot.slack.listeners import jobs, menu, oncall, playbooks
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.text import from_command, mention
from bot.usecases.incidents import update
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()

View = dict[str, Any]
Submit = Callable[[ListenerContext, Interaction, View], Awaitable[None]]


async def on_view(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """A submission counts once it is committed; one that is corrected after an error is a new one."""
    started = time.perf_counter()
    view = body["view"]
    interaction = Interaction(
        user=str(body["user"]["id"]), delivery=f"v:{view['id']}", trigger_id=body.get("trigger_id")
    )
    submit = SUBMITS.get(str(view.get("callback_id")))
    if submit is None:
        log.info("view.unknown", callback_id=str(view.get("callback_id"))[:80])
        await ack()
        return
    try:
        if (number := inputs.known_incident(view)) is not None:  # what a form says it is about is not believed
            await ctx.visible_incident(number, interaction, paged=True)
        await submit(ctx, interaction, view)
    except InputErrors as wrong:
        await ack(response_action="errors", errors=wrong.errors)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("view").inc()
        await ack()
    except Refused as refused:
        second = playbooks.overtaken(refused, interaction.user)
        said = second or ctx.refusal(refused, inputs.known_incident(view))
        await ack(response_action="update", view=forms.refusal_modal(view, said))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        log.warning("view.malformed", callback_id=str(view.get("callback_id"))[:80], error=repr(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    except StorageError as error:
        log.error("view.not_recorded", error=str(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    else:
        await ack()
    ctx.metrics.acknowledgements.labels("view").observe(time.perf_counter() - started)


async def _declare(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = declaring.values_of_declare(view, ctx.context.policy)
    answer = {"user": interaction.user, "channel": said.channel}
    await declare(
        ctx.context,
        Declaration(
            title=said.title,
            severity=said.severity,
            actor=interaction.user,
            description=said.description,
            category=said.category,
            services=said.services,
            private=said.private,
            facts=said.facts,
            custom=said.custom,
            answer=answer,
            source=said.source,
        ),
        interaction.delivery,
    )


async def _update(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    """Only what the person changed against what they saw is meant: somebody else may have moved on meanwhile."""
    said = modals.values_of_update(view, await ctx.policy_of(inputs.incident_of(view)))
    await update.update(
        ctx.context,
        said.incident,
        said.text,
        interaction.user,
        status=said.status if str(said.status) != said.status_seen else None,
        severity=said.severity if said.severity != said.severity_seen else None,
        next_in=said.next_in,
        delivery=interaction.delivery,
    )


async def _severity(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    incident, policy = await ctx.visible_incident(inputs.incident_of(view), interaction)
    said = modals.values_of_severity(view, policy)
    if incident.open and said.severity == incident.severity:  # what was typed as the reason stays in the form
        raise InputErrors({"severity": f"It is already {said.severity}. Choose another, or close this form."})
    await update.change_severity(
        ctx.context, said.incident, said.severity, interaction.user, said.reason, delivery=interaction.delivery
    )


async def _roles(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = modals.values_of_roles(view, await ctx.policy_of(inputs.incident_of(view)))
    holders = {**said.assign, **dict.fromkeys(said.clear)}
    await update.assign(ctx.context, said.incident, holders, interaction.user, delivery=interaction.delivery)


async def _resolve(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = modals.values_of_resolve(view, ctx.context.clock.now())
    await update.resolve(
        ctx.context,
        said.incident,
        interaction.user,
        summary=said.summary,
        root_cause=said.root_cause,
        impact_ended_at=said.impact_ended_at,
        delivery=interaction.delivery,
    )


async def _reopen(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = modals.values_of_reopen(view)
    await update.reopen(ctx.context, said.incident, interaction.user, said.reason, delivery=interaction.delivery)


async def _impact(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    number, said = impacts.values_of_impact(view, await ctx.policy_of(inputs.incident_of(view)))
    await update.impact(ctx.context, number, said, interaction.user, delivery=interaction.delivery)


async def _fields(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    incident, policy = await ctx.visible_incident(inputs.incident_of(view), interaction)
    said = details.values_of_modal(view, policy, incident.severity)
    await update.answer(ctx.context, said.incident, said.answers, interaction.user, delivery=interaction.delivery)


async def _add_to_timeline(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = forms.values_of_add_to_timeline(view)
    await ctx.visible_incident(said.incident, interaction, paged=True)
    text = f"{mention(said.source['author'])} said: {from_command(said.source.get('text', ''))}"
    await update.note(
        ctx.context, said.incident, text, interaction.user, link=said.source.get("link"), delivery=interaction.delivery
    )


async def _cover(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    said = covers.values_of_modal(view, ctx.context.clock.now())
    told = await oncall.take_cover(ctx, interaction, said.schedule, said.starts_at, said.ends_at)
    await ctx.reply_later(replace(interaction, channel=said.channel), told)


SUBMITS: dict[str, Submit] = {
    "declare": _declare,
    "update": _update,
    "severity": _severity,
    "roles": _roles,
    "resolve": _resolve,
    "fields": _fields,
    "reopen": _reopen,
    impacts.CALLBACK: _impact,
    covers.CALLBACK: _cover,
    "add_to_timeline": _add_to_timeline,
    **playbooks.SUBMITS,
    **jobs.SUBMITS,
    **menu.SUBMITS,
}
