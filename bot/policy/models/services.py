"""What can break."""

from __future__ import annotations

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.targets import Channel
from bot.policy.models.texts import Key, Link, Text


class Service(StrictModel):
    """Something of yours that can break."""

    name: Text = Field(default="", description="As people know it.")
    description: Text = Field(default="", description="One line.")
    schedule: Key | None = Field(default=None, description="Who is on call for it.")
    depends_on: list[Key] = Field(default=[], description="Services it cannot work without.")
    links: dict[Text, Link] = Field(default={}, description="Title to address: dashboards, logs, traces.")
    channel: Channel | None = Field(default=None, description="The owning team's channel.")
    contacts: list[Key] = Field(default=[], description="Owners and vendors' support.")
    playbooks: list[Key] = Field(default=[], description="Ids of playbooks to offer first.")
    components: list[Text] = Field(default=[], description="Components of the status page.")
