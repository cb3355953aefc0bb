"""The front desk: what every listener needs, and how people are answered."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.domain import routing
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.metrics import Metrics
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.commands.verbs import BY_NAME
from bot.slack.directory.identities import Identities
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from bot.usecases.effects.visibility import can_see, was_paged
from bot.usecases.incidents.record import Recorder
from storage import incidents
from storage.outbox import enqueue

log = structlog.get_logger()

LARGEST = 2**31 - 1  # of numbers
OPEN_VIEW_WITHIN_S = 2.0  # a trigger lives 3 s, and the acknowledgement waits for us


@dataclass(frozen=True, slots=True)
class Interaction:
    """Who asks, and how they can be answered. `raw` is what they typed, for asking again."""

    user: str
    channel: str | None = None
    trigger_id: str | None = None
    response_url: str | None = None
    delivery: str | None = None
    raw: str = ""


@dataclass(slots=True)
class ListenerContext:
    """One for the whole app. `command` is what people type, `/incident` unless the settings say otherwise."""

    context: Context
    api: SlackApi
    recorder: Recorder
    bot: BotIdentity
    metrics: Metrics
    command: str = "/incident"
    event_lost: Callable[[], None] = lambda: None  # an event could not be written down
    identities: Identities = field(init=False)

    def __post_init__(self) -> None:
        self.identities = Identities(self.api, self.bot)

    async def visible_incident(
        self, number: int, interaction: Interaction, *, paged: bool = False
    ) -> tuple[Incident, Policy]:
        """The incident as this person may see it. Raises `NotFound`, also for what is private to others.

        `paged`: the answer to a page, which somebody may give before they are in the channel.
        """
        async with self.context.database.reading() as conn:
            incident = await incidents.get(conn, number) if number <= LARGEST else None
            if incident is None:
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            here = incident.channel_id is not None and incident.channel_id == interaction.channel
            answers_page = paged and await was_paged(conn, incident, interaction.user)
            if not (here or answers_page or await can_see(conn, incident, interaction.user)):
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            return incident, await self.context.policies.of(conn, incident)

    async def policy_of(self, number: int) -> Policy:
        """For a form that was opened by somebody who may see the incident."""
        async with self.context.database.reading() as conn:
            incident = await incidents.get(conn, number)
            if incident is None:
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            return await self.context.policies.of(conn, incident)

    async def open_incidents(self, user: str, limit: int = 100) -> list[Incident]:
        async with self.context.database.reading() as conn:
            found = await incidents.newest(conn, open_only=True, limit=limit)
            return [incident for incident in found if await can_see(conn, incident, user)]

    async def incident_number_in(self, channel: str | None) -> int | None:
        return None if channel is None else await self.recorder.channels.incident_of(channel)

    async def open_view(self, interaction: Interaction, view: dict[str, Any], instead: str) -> Message | None:
        """Open a modal. Where that fails in time, the answer says which command does the same."""
        if interaction.trigger_id is None:
            return replies.modal_failed(instead)
        try:
            async with asyncio.timeout(OPEN_VIEW_WITHIN_S):
                await self.api.call("views.open", trigger_id=interaction.trigger_id, view=view)
        except (SlackError, TimeoutError) as error:
            log.warning("modal.not_opened", view=view.get("callback_id"), error=str(error) or "too slow")
            return replies.modal_failed(instead)
        return None

    async def reply_later(self, interaction: Interaction, message: Message, *, replace: bool = False) -> None:
        """Tell somebody privately, through the outbox: for presses, whose acknowledgement cannot carry words.

        A delivery that Slack repeats is answered once.
        """
        payload: dict[str, Any] = {
            "user": interaction.user,
            "channel": interaction.channel,
            "message": {"text": message.text, "blocks": message.blocks},
            "replace": replace,
        }
        if interaction.response_url:
            payload["response_url"] = interaction.response_url
        dedup_key = interaction.delivery or uuid.uuid4().hex
        notice = routing.answer(dedup_key, payload)
        async with self.context.database.transaction() as conn:
            await enqueue.put(conn, [notice])
        self.context.wakeups.notify()

    def refusal(self, error: Refused, incident: int | None = None) -> Message:
        """`incident` is given where the channel does not say which is meant, so that the example works there too."""
        if not error.example:
            return replies.refused(error.message)
        verb = BY_NAME.get(error.example.split()[0])
        where = f" --in INC-{incident}" if incident and verb and verb.needs_incident else ""
        return replies.refused(error.message, f"{self.command} {error.example}{where}")
