"""Defines the schema of the policy's services: the organisation's systems that can break."""

from __future__ import annotations

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.targets import Channel
from bot.policy.models.texts import Key, Link, Name, Text


class Service(StrictModel):
    """Something of yours that can break."""

    name: Name = Field(default="", description="The name people know it by.")
    description: Text = Field(default="", description="One line.")
    schedule: Key | None = Field(default=None, description="The schedule of its on-call engineers.")
    depends_on: list[Key] = Field(default=[], description="Services it cannot work without.")
    links: dict[Text, Link] = Field(default={}, description="Addresses by title: dashboards, logs, traces.")
    channel: Channel | None = Field(default=None, description="The owning team's channel.")
    contacts: list[Key] = Field(default=[], description="Its owners and the vendors' support.")
    playbooks: list[Key] = Field(default=[], description="IDs of playbooks to offer first.")
    components: list[Text] = Field(default=[], description="Its components on the status page.")
    ladder: Key | None = Field(
        default=None, description="The ladder that pages for its incidents, in place of the severity's."
    )
    repository: Text | None = Field(default=None, description="Where its tickets go on GitHub, as `owner/name`.")
    project: Text | None = Field(default=None, description="Where its tickets go: a project of Jira, a team of Linear.")
