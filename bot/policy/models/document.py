"""Defines the schema of the whole policy document, and of its smaller groups of settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.alerting_rules import AlertingRule, Query
from bot.policy.models.alerts import Alerts
from bot.policy.models.automation import Automation
from bot.policy.models.base import StrictModel
from bot.policy.models.classification import Category, CustomField, Rule
from bot.policy.models.figures import FigureTargets, Sheet, WeeklyDigest
from bot.policy.models.ladders import NamedLadder, Trigger
from bot.policy.models.people import Audience, Communications, Contact, MessageTemplate, Role
from bot.policy.models.probes import Probe
from bot.policy.models.schedules import Schedule, Team
from bot.policy.models.services import Service
from bot.policy.models.severities import Severity
from bot.policy.models.shadow import Shadow
from bot.policy.models.status_page import StatusPage
from bot.policy.models.targets import TARGET_FORMS, Channel, TargetField, Who
from bot.policy.models.texts import Bookmark, ChannelName, Emoji, Key, Link, Name, Text
from bot.policy.models.times import Duration, Zone
from bot.policy.models.webhooks import Webhook


class Nudges(StrictModel):
    """When reminders are sent, and when they are gentle."""

    busy: Annotated[int, Field(ge=1, strict=True)] = Field(default=3, description="Messages by people …")
    busy_within: Duration = Field(
        default="5m", description="… within this time make a reminder one line, not a mention."
    )
    roles_after: Duration | None = Field(
        default=None, description="Reminder of empty roles; null: the severity's respond_within."
    )
    roles_every: Duration | None = Field(default=None, description="Its repetition; null: the severity's update_every.")
    handover_within: Duration = Field(
        default="10m", description="A person who is asked to take over a role answers within this time."
    )


class Playbooks(StrictModel):
    """Who may approve a step, and when playbooks are reviewed."""

    approvers: list[TargetField] = Field(
        default=[], description=f"Who may approve: {TARGET_FORMS}. Left out: anybody but the person who asked."
    )
    approval_expires: Duration = Field(default="30m", description="An unanswered request expires after this time.")
    break_glass: bool = Field(
        default=True, description="Whether a person may go on without approval, by giving a reason that everybody sees."
    )
    review_every: Duration | None = Field(
        default="90d", description="How often the owner is asked to review a playbook; null: never."
    )
    skipped: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=3, description="The owner is told of a step that was skipped this often."
    )


class Timeline(StrictModel):
    """What is recorded, and how long it is kept."""

    record: Literal["all", "key"] = Field(default="all", description="all: every message. key: key entries only.")
    keep: Duration | None = Field(default=None, description="Texts are purged after this time; null: never.")
    reactions: list[Emoji] = Field(default=[], description="Emoji whose reactions are recorded.")


class Document(StrictModel):
    """A whole policy: the preset with the file merged into it."""

    preset: Text | None = Field(default=None, description="What this file starts from.")
    name: Name | None = Field(default=None, description="The policy's name; if left out, the preset's.")
    announce: Channel | None = Field(default=None, description="Where incidents are announced.")
    channel_name: ChannelName = Field(
        default="inc-{number}-{slug}", description="{number}, {slug}, {severity}, {date}."
    )
    timezone: Zone = Field(default="UTC", description="For business days, and for schedules without their own.")
    order: list[Key] = Field(
        default=[], description="Every severity, worst first; if left out, as in the preset, then as listed."
    )
    severities: dict[Key, Severity] = Field(min_length=1, description="Worst first.")
    roles: dict[Key, Role] = Field(min_length=1, description="The roles of responders.")
    role_order: list[Key] = Field(default=[], description="Every role, in the order in which people see them.")
    nudges: Nudges = Field(default=Nudges(), description="When reminders are sent, and when they are gentle.")
    playbooks: Playbooks = Field(
        default=Playbooks(), description="Who may approve a step, and when playbooks are reviewed."
    )
    timeline: Timeline = Field(default=Timeline(), description="What is recorded, and how long it is kept.")
    bookmarks: dict[Text, Bookmark] = Field(
        default={}, description="Addresses by title, or `huddle`; `bridge` is the call."
    )
    links: dict[Text, Link] = Field(default={}, description="Addresses by title: dashboards, logs, support portals.")
    executives: list[Key] = Field(default=[], description="Contacts who get the executive briefing.")
    contacts: dict[Key, Contact] = Field(default={}, description="People and vendors who can be reached.")
    schedules: dict[Key, Schedule] = Field(default={}, description="Who is on call when.")
    teams: dict[Key, Team] = Field(default={}, description="People who are paged together.")
    ladders: dict[Key, NamedLadder] = Field(default={}, description="Ladders that severities and services name.")
    services: dict[Key, Service] = Field(default={}, description="The services that can break.")
    categories: dict[Key, Category] = Field(default={}, description="The categories of incidents.")
    audiences: dict[Key, Audience] = Field(default={}, description="The audiences that are informed.")
    templates: dict[Key, MessageTemplate] = Field(default={}, description="Templates in place of those that ship.")
    communications: Communications = Field(
        default=Communications(), description="What communications say of you, and what they must not say."
    )
    triggers: dict[Key, Trigger] = Field(default={}, description="Reasons to page people, other than time.")
    classification: dict[Key, Rule] = Field(default={}, description="Rules that suggest a severity from facts.")
    fields: dict[Key, CustomField] = Field(default={}, description="Questions of your own in the declare modal.")
    automation: Automation = Field(default=Automation(), description="What may run, and when it runs without a person.")
    alerts: Alerts = Field(default=Alerts(), description="What becomes of alerts from monitoring systems.")
    metrics: dict[Key, Query] = Field(default={}, description="Names for PromQL expressions, for rules.")
    rules: dict[Key, AlertingRule] = Field(default={}, description="Alerting rules that Tocsin evaluates itself.")
    probes: dict[Key, Probe] = Field(default={}, description="Addresses that Tocsin asks itself.")
    status_page: StatusPage = Field(default=StatusPage(), description="What customers see, and how uptime counts.")
    targets: FigureTargets = Field(default=FigureTargets(), description="What figures are compared with.")
    weekly_digest: WeeklyDigest | None = Field(default=None, description="When the week is summed up; null: never.")
    review_agenda: Literal["long", "short"] = Field(
        default="long", description="Of a review's meeting. long: 80 minutes, seven points. short: 40 minutes, five."
    )
    sheet: Sheet | None = Field(default=None, description="To whom the emergency sheet is mailed; null: nobody.")
    shadow: Shadow | None = Field(default=None, description="Beside another paging service, paging nobody; null: off.")
    webhooks: list[Webhook] = Field(default=[], description="Programs that are told of events.")
    permissions: dict[Key, list[Who]] = Field(default={}, description="Who may do what; everybody, if left out.")


# Settings whose entries the author of the policy names: `key: null` removes one, and others stay.
COLLECTIONS = (
    "severities", "roles", "bookmarks", "links", "contacts", "schedules", "teams", "ladders", "services", "categories",
    "audiences", "templates", "triggers", "classification", "fields", "permissions", "metrics", "rules", "probes",
)  # fmt: skip
