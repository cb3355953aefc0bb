"""Defines the single parameter of every handler: a verb, a button press or a submitted form, with its context.

A verb is a word after `/incident`, such as `ack`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.access import permissions
from bot.domain.access.identity import Identity
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import inputs
from bot.slack.blocks.elements import Message
from bot.slack.commands.request import Request
from bot.slack.listeners.context import REQUEST_AGAIN, Interaction, ListenerContext, command_again
from bot.usecases import authorize
from bot.usecases.context import Context

View = dict[str, Any]
_PLACE = ("channel", "response_url")  # where a form was opened, in its metadata


@dataclass(frozen=True, slots=True)
class Call:
    """The base of all calls: a person who wants something."""

    ctx: ListenerContext
    interaction: Interaction

    @property
    def context(self) -> Context:
        """The context of the use cases."""
        return self.ctx.context

    @property
    def user(self) -> str:
        """The Slack ID of the person."""
        return self.interaction.user

    @property
    def delivery(self) -> str | None:
        """The ID of Slack's delivery, with which a use case acts only once on it."""
        return self.interaction.delivery

    @property
    def identity(self) -> Identity:
        """Whether the person is a member, a guest or an outsider: as Slack last said."""
        return self.ctx.identities.known(self.user)

    def require(self, action: str, incident: Incident | None = None) -> None:
        """Raise `Refused` unless the policy lets the person do this, before they fill in a form for nothing."""
        authorize.require(self.context, action, self.user, incident)
        if action == "run":
            permissions.require_known(self.identity, permissions.PHRASES[action])

    async def open_form(self, view: View, instead: str) -> Message | None:
        """Open a form. Returns None if it opened, else an answer that names the command `instead`."""
        return await self.ctx.open_view(self.interaction, view, f"{self.ctx.command} {instead}")

    async def reply_later(
        self, message: Message, *, replace_original: bool = False, channel: str | None = None
    ) -> None:
        """Answer privately through the outbox; in `channel` if the interaction has none, as with a form."""
        interaction = self.interaction if channel is None else replace(self.interaction, channel=channel)
        await self.ctx.reply_later(interaction, message, replace=replace_original)


@dataclass(frozen=True, slots=True)
class WorkspaceCall(Call):
    """A verb that concerns no particular incident."""

    request: Request


@dataclass(frozen=True, slots=True)
class IncidentCall(Call):
    """A call about one incident, which the person may see."""

    incident: Incident
    policy: Policy

    @property
    def number(self) -> int:
        """The incident's number."""
        return self.incident.number

    async def open_form(self, view: View, instead: str) -> Message | None:
        """Open a form. Returns None if it opened, else an answer that works where the person is."""
        number_here = await self.ctx.incident_number_in(self.interaction.channel)
        flag = "" if number_here == self.number else f" --in {self.incident.id}"
        return await self.ctx.open_view(self._interaction(), view, f"{self.ctx.command} {instead}{flag}", self.incident)

    def _interaction(self) -> Interaction:
        """The interaction, whose button to ask again names the incident: it may be pressed elsewhere."""
        action, value = self.interaction.again or ("", "")
        if action != REQUEST_AGAIN or value.startswith("--in "):
            return self.interaction
        return replace(self.interaction, again=command_again(f"--in {self.incident.id} {value}"))


@dataclass(frozen=True, slots=True)
class VerbCall(IncidentCall):
    """A verb about one incident."""

    request: Request

    def _interaction(self) -> Interaction:
        """The interaction as it was typed, if the request names the incident itself."""
        return self.interaction if self.request.incident is not None else IncidentCall._interaction(self)


@dataclass(frozen=True, slots=True)
class Press(IncidentCall):
    """A pressed button of one incident."""

    argument: str = ""  # the button's value after the incident's ID

    def as_verb(self, name: str, **arguments: Any) -> VerbCall:
        """The same call as if the person had typed the verb with these arguments."""
        request = Request(name, self.number, **arguments)
        return VerbCall(self.ctx, self.interaction, self.incident, self.policy, request)


@dataclass(frozen=True, slots=True)
class Submission(Call):
    """A submitted form. If it names an incident, the person may see that incident."""

    view: View

    async def reply_later(
        self, message: Message, *, replace_original: bool = False, channel: str | None = None
    ) -> None:
        """Answer privately where the form was opened; in `channel` if the form does not know."""
        metadata = inputs.metadata_of(self.view)
        opened_in, url = (value if isinstance(value := metadata.get(key), str) else None for key in _PLACE)
        interaction = replace(self.interaction, channel=opened_in or channel, response_url=url)
        await self.ctx.reply_later(interaction, message, replace=replace_original)


WorkspaceHandler = Callable[[WorkspaceCall], Awaitable[Message | None]]
VerbHandler = Callable[[VerbCall], Awaitable[Message | None]]
PressHandler = Callable[[Press], Awaitable[Message | None]]
SubmissionHandler = Callable[[Submission], Awaitable[View | None]]  # a form that takes the place of the submitted one
