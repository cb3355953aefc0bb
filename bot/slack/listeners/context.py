"""Defines what every listener uses: the use cases' context, the Slack client, and ways to answer a person."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import structlog

from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Entry
from bot.domain.values.slack_ids import ids_in
from bot.metrics import Metrics
from bot.slack import text
from bot.slack.blocks import elements, inputs, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.press_value import incident_tag
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.commands.verbs import BY_NAME
from bot.slack.directory.identities import Identities
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.text import length
from bot.usecases import personal
from bot.usecases.context import Context
from bot.usecases.incidents.record import Recorder
from bot.usecases.queries.find_incidents import IncidentMatches, find_incidents
from bot.usecases.visibility import can_see, was_paged
from storage import incidents, names
from storage.engine.errors import StorageError
from storage.timeline import entries as timeline

log = structlog.get_logger()

LARGEST_NUMBER = 2**31 - 1  # of an incident, in the database
REQUEST_AGAIN = "choose_incident"  # the action of a button whose value is a typed command
OPEN_VIEW_WITHIN_S = 2.0  # a trigger lives 3 s, and the acknowledgement waits for the form


@dataclass(frozen=True, slots=True)
class Interaction:
    """One command, press, submission or mention by a person, with the ways to answer it."""

    user: str
    channel: str | None = None
    thread_ts: str | None = None  # the thread to answer in
    trigger_id: str | None = None  # to open a form; used once, within 3 s
    response_url: str | None = None
    delivery: str | None = None  # the same when Slack delivers again
    raw: str = ""  # the typed text, to offer the command again
    again: tuple[str, str] | None = None  # action ID and value of a button that makes the same request once more


def command_again(raw: str) -> tuple[str, str] | None:
    """The button that runs a typed command once more; None if the text does not fit into a button."""
    return (REQUEST_AGAIN, raw or "declare") if length(raw) <= elements.VALUE else None


def refuse_earlier(incident: Incident, tag: str | None) -> None:
    """Raise `Refused` if a button or form with this tag belongs to an earlier incident of the same number.

    Those of older versions have no tag, and are taken to be about this incident.
    """
    if tag is not None and tag != incident_tag(incident):
        declared_at = f"{incident.declared_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise Refused(
            f"This belongs to an earlier {incident.id}, from before the database was restored from a backup. Nothing "
            f"was changed. {incident.id} is another incident now, declared {declared_at}."
        )


@dataclass(slots=True)
class ListenerContext:
    """The context that all listeners share; one for the whole app."""

    context: Context
    api: SlackApi
    recorder: Recorder
    bot: BotIdentity
    metrics: Metrics
    command: str = "/incident"  # what people type, from the settings
    event_lost: Callable[[], None] = lambda: None  # called when an event could not be recorded
    identities: Identities = field(init=False)

    def __post_init__(self) -> None:
        self.identities = Identities(self.api, self.bot, self.context.database)

    async def visible_incident(
        self, number: int, interaction: Interaction, *, paged: bool = False
    ) -> tuple[Incident, Policy]:
        """The incident and its policy. Raises `NotFound` if this person may see no such incident.

        `paged` marks the answer to a page or a request, which a person may give before joining the channel.
        """
        async with self.context.database.reading() as conn:
            incident = await incidents.get(conn, number) if number <= LARGEST_NUMBER else None
            if incident is None:
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            in_channel = incident.channel_id is not None and incident.channel_id == interaction.channel
            answers_page = paged and await was_paged(conn, incident, interaction.user)
            if not (in_channel or answers_page or await can_see(conn, incident, interaction.user)):
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            return incident, await self.context.policies.of(conn, incident)

    async def policy_of(self, number: int) -> Policy:
        """The policy of an incident whose visibility was checked before. Raises `NotFound` if there is none."""
        async with self.context.database.reading() as conn:
            incident = await incidents.get(conn, number)
            if incident is None:
                raise NotFound(f"There is no incident INC-{number}.", "list all")
            return await self.context.policies.of(conn, incident)

    async def open_incidents(self, user: str, limit: int = 100) -> IncidentMatches:
        """The first `limit` open incidents that this person may see, the worst first, and how many there are."""
        async with self.context.database.reading() as conn:
            worst_first = [level.key for level in self.context.policy.severities]
            return await find_incidents(conn, user, worst_first=worst_first, limit=limit)

    async def ended_incidents(self, user: str, limit: int = 100) -> list[Incident]:
        """Those of the last `limit` incidents that have ended and that this person may see, the newest first."""
        async with self.context.database.reading() as conn:
            latest = await find_incidents(conn, user, open_only=False, limit=limit)
        return [incident for incident in latest.incidents if incident.status in (Status.RESOLVED, Status.CLOSED)]

    async def labelled(self, raw: str) -> str:
        """Slack's text with the names of channels and user groups that came without them, as far as they are known."""
        ids = ids_in(raw)
        if not ids:
            return raw
        self.context.names.request(ids)
        async with self.context.database.reading() as conn:
            return text.with_labels(raw, await names.get_many(conn, ids))

    async def incident_number_in(self, channel: str | None) -> int | None:
        """The number of the incident that a channel belongs to; None for other channels."""
        return None if channel is None else await self.recorder.channels.incident_of(channel)

    async def open_view(
        self, interaction: Interaction, view: dict[str, Any], instead: str, about: Incident | None = None
    ) -> Message | None:
        """Open a form. Returns None if it opened, else an answer with a button that opens it.

        `instead` is a command line that does the same, with what the person typed. `about` is the form's incident.
        """
        if interaction.trigger_id is None:
            return replies.form_error_reply(instead, interaction.again, late=False)
        try:
            tag = None if about is None else incident_tag(about)
            form = inputs.opened_in(view, interaction.channel, interaction.response_url, tag)
            async with asyncio.timeout(OPEN_VIEW_WITHIN_S):
                await self.api.call("views.open", trigger_id=interaction.trigger_id, view=form)
        except (SlackError, TimeoutError) as error:
            log.warning("modal.not_opened", view=view.get("callback_id"), error=str(error) or "too slow")
            return replies.form_error_reply(instead, interaction.again)
        return None

    async def reply_later(self, interaction: Interaction, message: Message, *, replace: bool = False) -> None:
        """Answer privately through the outbox, once for each delivery.

        For presses and submissions, whose acknowledgement cannot carry text. `replace` replaces the message with the
        button instead of adding one.
        """
        payload: dict[str, Any] = {
            "user": interaction.user,
            "channel": interaction.channel,
            "thread_ts": interaction.thread_ts,
            "message": {"text": message.text, "blocks": message.blocks},
            "replace": replace,
        }
        if message.plain_blocks is not None:
            payload["message"]["plain_blocks"] = message.plain_blocks
        if interaction.response_url:
            payload["response_url"] = interaction.response_url
        await personal.answer(self.context, interaction.delivery or uuid.uuid4().hex, payload)

    async def refusal(self, error: Refused, user: str, incident: int | None = None) -> Message:
        """The answer to a refused request of `user`, with an example that works, and who did the same before.

        Pass `incident` if the channel does not tell which incident is meant: the example then names it.
        """
        before = await self._done_before(error) if isinstance(error, AlreadyDone) else None
        if not error.example:
            return replies.refusal(error.message, before=before, user=user)
        verb = BY_NAME.get(error.example.split()[0])
        flag = f" --in INC-{incident}" if incident and verb and verb.needs_incident else ""
        return replies.refusal(error.message, f"{self.command} {error.example}{flag}", before=before, user=user)

    async def _done_before(self, error: AlreadyDone) -> Entry | None:
        """The entry of the person who was first; None if there is none, or while the database is away."""
        try:
            async with self.context.database.reading() as conn:
                record = await timeline.newest_of_kinds(conn, error.number, error.kinds)
        except StorageError:
            return None
        return record.entry if record else None
