"""Listens for submitted forms: reads the values, commits, then closes the form.

An input that cannot be used gets its error message beside it.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.slack.blocks import inputs, replies
from bot.slack.blocks.inputs import InputErrors
from bot.slack.blocks.modals.refused import refusal_modal
from bot.slack.listeners import access
from bot.slack.listeners.calls import Submission
from bot.slack.listeners.context import Interaction, ListenerContext, refuse_earlier
from bot.slack.listeners.handlers import SUBMISSIONS
from bot.slack.listeners.handlers.playbooks import overtaken_answer
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_view(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Handle a submission and close the form once it is committed. A corrected form is a new submission."""
    started = time.perf_counter()
    view = body["view"]
    interaction = Interaction(
        user=str(body["user"]["id"]), delivery=f"v:{view['id']}", trigger_id=body.get("trigger_id")
    )
    handler = SUBMISSIONS.get(str(view.get("callback_id")))
    if handler is None:
        log.info("view.unknown", callback_id=str(view.get("callback_id"))[:80])
        await ack(response_action="update", view=refusal_modal(view, replies.other_version_reply("form", ctx.command)))
        return
    try:
        await access.identify(ctx, interaction, access.FORMS[str(view["callback_id"])])
        if (number := inputs.known_incident(view)) is not None:  # the form's own data is not trusted
            incident, _ = await ctx.visible_incident(number, interaction, paged=True)
            refuse_earlier(incident, inputs.tag_of(view))
        following = await handler(Submission(ctx, interaction, view))
    except InputErrors as invalid:
        await ack(response_action="errors", errors=invalid.errors)
    except DuplicateDelivery:
        ctx.metrics.repeated.labels("view").inc()
        await ack()
    except Refused as refused:
        answer = overtaken_answer(refused, interaction.user)
        message = answer or await ctx.refusal(refused, interaction.user, inputs.known_incident(view))
        await ack(response_action="update", view=refusal_modal(view, message))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        log.warning("view.malformed", callback_id=str(view.get("callback_id"))[:80], error=repr(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    except StorageError as error:
        ctx.metrics.not_recorded.labels("view").inc()
        log.error("view.not_recorded", error=str(error))
        await ack(response_action="errors", errors={inputs.first_block(view): replies.NOT_RECORDED})
    else:
        await (ack() if following is None else ack(response_action="update", view=following))
    ctx.metrics.acknowledgements.labels("view").observe(time.perf_counter() - started)
