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
from bot.slack.listeners.context import Asking, Front
from bot.slack.text import from_command, mention
from bot.usecases.context import Repeated
from bot.usecases.incidents import update
from bot.usecases.incidents.declare import Declaration, declare
from storage.engine.errors import StorageError

log = structlog.get_logger()

View = dict[str, Any]
Submit = Callable[[Front, Asking, View], Awaitable[None]]


async def on_view(front: Front, ack: AsyncAck, body: dict[str, Any]) -> None:
    """A submission counts once it is committed; one that is corrected after an error is a new one."""
    started = time.perf_counter()
    view = body["view"]
    asking = Asking(user=str(body["user"]["id"]), delivery=f"v:{view['id']}", trigger_id=body.get("trigger_id"))
    submit = SUBMITS.get(str(view.get("callback_id")))
    if submit is None:
        log.info("view.unknown", callback_id=str(view.get("callback_id"))[:80])
        await ack()
        return
    try:
        if (number := inputs.known_incident(view)) is not None:  # what a form says it is about is not believed
            await front.incident(number, asking, paged=True)
        await submit(front, asking, view)
    except InputErrors as wrong:
        await ack(response_action="errors", errors=wrong.errors)
    except Repeated:
        front.metrics.repeated.labels("view").inc()
        await ack()
    except Refused as refused:
        second = playbooks.overtaken(refused, asking.user)
        said = second or front.refused(refused, inputs.known_incident(view))
        await ack(response_action="update", view=forms.refusal_modal(view, said))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        log.warning("view.malformed", callback_id=str(view.get("callback_id"))[:80], error=repr(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    except StorageError as error:
        log.error("view.not_recorded", error=str(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    else:
        await ack()
    front.metrics.acknowledgements.labels("view").observe(time.perf_counter() - started)


async def _declare(front: Front, asking: Asking, view: View) -> None:
    said = declaring.values_of_declare(view, front.desk.policy)
    answer = {"user": asking.user, "channel": said.channel}
    await declare(
        front.desk,
        Declaration(
            title=said.title,
            severity=said.severity,
            actor=asking.user,
            description=said.description,
            category=said.category,
            services=said.services,
            private=said.private,
            facts=said.facts,
            custom=said.custom,
            answer=answer,
            source=said.source,
        ),
        asking.delivery,
    )


async def _update(front: Front, asking: Asking, view: View) -> None:
    """Only what the person changed against what they saw is meant: somebody else may have moved on meanwhile."""
    said = modals.values_of_update(view, await front.policy_of(inputs.incident_of(view)))
    await update.update(
        front.desk,
        said.incident,
        said.text,
        asking.user,
        status=said.status if str(said.status) != said.status_seen else None,
        severity=said.severity if said.severity != said.severity_seen else None,
        next_in=said.next_in,
        delivery=asking.delivery,
    )


async def _severity(front: Front, asking: Asking, view: View) -> None:
    incident, policy = await front.incident(inputs.incident_of(view), asking)
    said = modals.values_of_severity(view, policy)
    if incident.open and said.severity == incident.severity:  # what was typed as the reason stays in the form
        raise InputErrors({"severity": f"It is already {said.severity}. Choose another, or close this form."})
    await update.change_severity(
        front.desk, said.incident, said.severity, asking.user, said.reason, delivery=asking.delivery
    )


async def _roles(front: Front, asking: Asking, view: View) -> None:
    said = modals.values_of_roles(view, await front.policy_of(inputs.incident_of(view)))
    holders = {**said.assign, **dict.fromkeys(said.clear)}
    await update.assign(front.desk, said.incident, holders, asking.user, delivery=asking.delivery)


async def _resolve(front: Front, asking: Asking, view: View) -> None:
    said = modals.values_of_resolve(view, front.desk.clock.now())
    await update.resolve(
        front.desk,
        said.incident,
        asking.user,
        summary=said.summary,
        root_cause=said.root_cause,
        impact_ended_at=said.impact_ended_at,
        delivery=asking.delivery,
    )


async def _reopen(front: Front, asking: Asking, view: View) -> None:
    said = modals.values_of_reopen(view)
    await update.reopen(front.desk, said.incident, asking.user, said.reason, delivery=asking.delivery)


async def _impact(front: Front, asking: Asking, view: View) -> None:
    number, said = impacts.values_of_impact(view, await front.policy_of(inputs.incident_of(view)))
    await update.impact(front.desk, number, said, asking.user, delivery=asking.delivery)


async def _fields(front: Front, asking: Asking, view: View) -> None:
    incident, policy = await front.incident(inputs.incident_of(view), asking)
    said = details.values_of_modal(view, policy, incident.severity)
    await update.answer(front.desk, said.incident, said.answers, asking.user, delivery=asking.delivery)


async def _add_to_timeline(front: Front, asking: Asking, view: View) -> None:
    said = forms.values_of_add_to_timeline(view)
    await front.incident(said.incident, asking, paged=True)
    text = f"{mention(said.source['author'])} said: {from_command(said.source.get('text', ''))}"
    await update.note(
        front.desk, said.incident, text, asking.user, link=said.source.get("link"), delivery=asking.delivery
    )


async def _cover(front: Front, asking: Asking, view: View) -> None:
    said = covers.values_of_modal(view, front.desk.clock.now())
    told = await oncall.take_cover(front, asking, said.schedule, said.starts_at, said.ends_at)
    await front.answer_later(replace(asking, channel=said.channel), told)


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
