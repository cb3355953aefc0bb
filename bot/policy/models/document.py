"""A whole policy, and those parts of it that stand there once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.automation import Automation
from bot.policy.models.base import StrictModel
from bot.policy.models.classification import Category, CustomField, Rule
from bot.policy.models.ladders import Trigger
from bot.policy.models.people import Audience, Contact, Role, Schedule
from bot.policy.models.services import Service
from bot.policy.models.severities import Severity
from bot.policy.models.targets import TARGET_FORMS, Channel, TargetField, Who
from bot.policy.models.texts import Bookmark, ChannelName, Emoji, Key, Link, Text
from bot.policy.models.times import Duration, Zone


class Nudges(StrictModel):
    """When reminders come, and when they are gentle."""

    busy: Annotated[int, Field(ge=1, strict=True)] = Field(default=3, description="So many messages from people …")
    busy_within: Duration = Field(default="5m", description="… within so long: one line instead of a mention.")
    roles_after: Duration | None = Field(default=None, description="Empty roles; null: the severity's respond_within.")
    roles_every: Duration | None = Field(default=None, description="And again; null: the severity's update_every.")
    handover_within: Duration = Field(
        default="10m", description="Whoever is asked to take a role over answers by then."
    )


class Playbooks(StrictModel):
    """Who may approve a step, and how playbooks are kept fresh."""

    approvers: list[TargetField] = Field(
        default=[], description=f"Who may approve: {TARGET_FORMS}. Left out: anybody but whoever asked."
    )
    approval_expires: Duration = Field(default="30m", description="A request without an answer ends after so long.")
    break_glass: bool = Field(
        default=True, description="Whether somebody alone may go on without approval, with a reason, for all to see."
    )
    review_every: Duration | None = Field(
        default="90d", description="The owner is asked to review a playbook so often; null: never."
    )
    skipped: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=3, description="The owner is told of a step that was skipped so often."
    )


class Timeline(StrictModel):
    """What is recorded, and for how long."""

    record: Literal["all", "key"] = Field(default="all", description="Everything said, or key entries only.")
    keep: Duration | None = Field(default=None, description="Texts are purged after so long; null: never.")
    reactions: list[Emoji] = Field(default=[], description="Emoji that carry meaning and are recorded.")


class Document(StrictModel):
    """A whole policy, as it stands after the preset and the file were put together."""

    preset: Text | None = Field(default=None, description="What this file starts from.")
    name: Text | None = Field(default=None, description="What the policy is called; else the preset's name.")
    announce: Channel | None = Field(default=None, description="Where incidents are announced.")
    channel_name: ChannelName = Field(
        default="inc-{number}-{slug}", description="{number}, {slug}, {severity}, {date}."
    )
    timezone: Zone = Field(default="UTC", description="For business days, and schedules without their own.")
    order: list[Key] = Field(default=[], description="Every severity, worst first; else as the preset, then as listed.")
    severities: dict[Key, Severity] = Field(min_length=1, description="Worst first.")
    roles: dict[Key, Role] = Field(min_length=1, description="Who does what.")
    role_order: list[Key] = Field(default=[], description="Every role, in the order people see them.")
    nudges: Nudges = Field(default=Nudges(), description="When reminders come, and when they are gentle.")
    playbooks: Playbooks = Field(default=Playbooks(), description="Who may approve steps, and when owners are asked.")
    timeline: Timeline = Field(default=Timeline(), description="What is recorded, and for how long.")
    bookmarks: dict[Text, Bookmark] = Field(default={}, description="Title to address; `bridge` is the call to join.")
    links: dict[Text, Link] = Field(default={}, description="Title to address: dashboards, logs, support portals.")
    executives: list[Key] = Field(default=[], description="Contacts who get the executive briefing.")
    contacts: dict[Key, Contact] = Field(default={}, description="People and vendors who can be reached.")
    schedules: dict[Key, Schedule] = Field(default={}, description="Who is on call when.")
    services: dict[Key, Service] = Field(default={}, description="What can break.")
    categories: dict[Key, Category] = Field(default={}, description="What sort of trouble an incident is.")
    audiences: dict[Key, Audience] = Field(default={}, description="Who is told.")
    triggers: dict[Key, Trigger] = Field(default={}, description="Reasons to page beside the passing of time.")
    classification: dict[Key, Rule] = Field(default={}, description="Rules that suggest a severity from facts.")
    fields: dict[Key, CustomField] = Field(default={}, description="Questions of your own in the declare modal.")
    automation: Automation = Field(default=Automation(), description="What may be run, and when without a person.")
    permissions: dict[Key, list[Who]] = Field(default={}, description="Who may do what; else everybody may.")


# Settings whose entries are named by whoever writes the policy: `key: null` removes one, other keys stay.
COLLECTIONS = (
    "severities", "roles", "bookmarks", "links", "contacts", "schedules", "services", "categories", "audiences",
    "triggers", "classification", "fields", "permissions",
)  # fmt: skip
