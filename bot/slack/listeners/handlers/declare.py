"""Handles `/incident declare` and `/incident drill`, and the form to declare an incident."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from bot.domain.incident import Incident
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import refusal_at
from bot.slack.blocks.modals.declare import (
    CALLBACK,
    DeclareValues,
    FormOrigin,
    declare_modal,
    values_of_declare,
    with_suggestion,
)
from bot.slack.client.api import SlackError
from bot.slack.commands.request import DeclareRequest
from bot.slack.listeners.calls import Call, Submission, SubmissionHandler, View, WorkspaceCall, WorkspaceHandler
from bot.slack.listeners.context import OPEN_VIEW_WITHIN_S, ListenerContext
from bot.usecases.alerts.act import declare_from_card
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.playbooks.runs import open_run

log = structlog.get_logger()


async def declare_or_open_form(call: Call, request: DeclareRequest) -> Message | None:
    """Declare at once if severity and title are given; else open the form with what is given filled in."""
    policy = call.context.policy
    if request.is_complete:
        return await _declare(call, request.title, request.severity or "", private=request.private)
    call.require("declare")
    view = declare_modal(
        policy,
        title=request.title,
        severity=request.severity,
        private=request.private,
        origin=FormOrigin(call.interaction.channel),
    )
    line = command_line(call.ctx, title=request.title, severity=request.severity, private=request.private)
    return await call.ctx.open_view(call.interaction, view, line)


def command_line(ctx: ListenerContext, title: str = "", severity: str | None = None, *, private: bool = False) -> str:
    """The command that declares the same at once; with a middling severity if none is given."""
    levels = ctx.context.policy.severities
    level = severity or levels[len(levels) // 2].key
    return f"{ctx.command} declare {level} {'--private ' if private else ''}{title or 'What is wrong'}"


async def _drill(call: WorkspaceCall) -> Message:
    """Declare a drill. A title that is a playbook's ID or name opens that playbook in it, too."""
    request = call.request
    library = await call.context.playbook_library.library()
    typed = request.text.strip().lower()
    playbook = next((shipped for shipped in library.playbooks if typed in (shipped.id, shipped.name.lower())), None)
    declaration = Declaration(
        playbook.name if playbook else request.text, request.severity or "", call.user, drill=True,
        plays=request.other, speed=request.speed, answer=_answer_to(call),
    )  # fmt: skip
    incident = await declare(call.context, declaration, call.delivery)
    if playbook is not None:
        await open_run(call.context, incident.number, playbook.id, call.user)
    return replies.declaring_reply(incident, call.context.policy)


async def _declare(call: Call, title: str, severity: str, *, private: bool = False) -> Message:
    declaration = Declaration(title, severity, call.user, private=private, answer=_answer_to(call))
    incident: Incident = await declare(call.context, declaration, call.delivery)
    return replies.declaring_reply(incident, call.context.policy)


def _answer_to(call: Call) -> dict[str, Any]:
    interaction = call.interaction
    return {"user": call.user, "response_url": interaction.response_url, "channel": interaction.channel}


async def _submit(call: Submission) -> None:
    values = values_of_declare(call.view, call.context.policy)
    declaration = Declaration(
        title=values.title,
        severity=values.severity,
        actor=call.user,
        description=values.description,
        category=values.category,
        services=values.services,
        private=values.private,
        facts=values.facts,
        custom=values.custom,
        answer={"user": call.user, **_answer_place(values)},
        source=values.source,
    )
    if values.group is None:
        await declare(call.context, declaration, call.delivery)
        return
    with refusal_at("title"):
        await declare_from_card(call.context, values.group, declaration, call.delivery)


def _answer_place(values: DeclareValues) -> dict[str, Any]:
    """The place of the answer: the thread of the message for all to read, unless the incident is private."""
    source = values.source
    if source is None or values.private:
        return {"channel": values.channel}
    return {"channel": source["channel"], "thread_ts": source.get("thread_ts") or source["ts"], "in_thread": True}


async def update_suggestion(ctx: ListenerContext, view: View) -> None:
    """Update the severity suggested in the declare form after a fact in it has changed.

    An update that the next change has overtaken fails on its hash and is dropped.
    """
    updated: dict[str, Any] | None = with_suggestion(view, ctx.context.policy)
    if updated is None or updated["blocks"] == view.get("blocks"):
        return
    try:
        async with asyncio.timeout(OPEN_VIEW_WITHIN_S):
            await ctx.api.call("views.update", view_id=view["id"], hash=view.get("hash"), view=updated)
    except (SlackError, TimeoutError) as error:
        log.info("modal.not_updated", view=view.get("callback_id"), error=str(error) or "too slow")


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"drill": _drill}
SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit}
