"""Defines an organisation's incident process (the policy) as values: severities, roles, ladders, people.

`bot.policy` reads it from YAML. Field names are those of the policy's JSON (`tocsin policy --json`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.policy.alert_rules import AlertRules
from bot.domain.policy.alerting_rules import AlertingRule, EscalationRung
from bot.domain.policy.automation_rules import AutomationRules
from bot.domain.policy.figures import FigureTargets, SheetMail, WeeklyDigest
from bot.domain.policy.probe_rules import Probe
from bot.domain.policy.schedules import Schedule, Team
from bot.domain.policy.shadow import ShadowRules
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.policy.webhook_rules import WebhookRule
from bot.domain.values.durations import Span
from bot.domain.values.target import Target

METHODS = ("slack", "pagerduty", "email", "sms", "phone", "push", "webhook")
WAKING_METHODS = ("pagerduty", "sms", "phone", "push")  # the methods that can wake a person at night

Fact = bool | float  # of an incident: a flag, or a figure


@lru_cache(maxsize=1024)  # each reminder compares the names of all severities several times
def fold_name(name: str) -> str:
    """The form in which names are compared: `Level 1`, `level-1` and `LEVEL_1` are the same."""
    return re.sub(r"[\s_-]", "", name.lower())


class Until(StrEnum):
    """The state of the incident that ends a rung's paging. The values are those of the policy's YAML."""

    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder."""

    after: timedelta  # from the start of the ladder
    notify: tuple[Target, ...]
    by: tuple[str, ...] = ("slack",)  # methods
    until: Until = Until.ACKNOWLEDGED  # once reached, it is not paged any more
    repeat: timedelta | None = None  # from the last page to the next; None: paged once


BRIDGE = "bridge"  # the title of the bookmark that is the call to join
HUDDLE = "huddle"  # as a bookmark's address: the huddle of the incident's own channel


@dataclass(frozen=True, slots=True)
class Severity:
    """A severity level and what it asks of people. A span that is None asks for nothing."""

    key: str
    name: str
    description: str = ""
    user_impact: str = ""
    examples: tuple[str, ...] = ()
    respond_within: Span | None = None
    update_every: Span | None = None
    escalate_after: Span | None = None
    resolve_within: Span | None = None
    review_within: Span | None = None
    roles: tuple[str, ...] = ()
    notify_executives: bool = False
    ladder: tuple[Rung, ...] = ()
    own_ladder: tuple[Rung, ...] | None = None  # in place of which the ladder of a service is used
    extra: dict[str, Any] = field(default_factory=dict)  # other settings of the document: audiences, channels …


@dataclass(frozen=True, slots=True)
class Role:
    """A duty that a person takes in an incident."""

    key: str
    title: str  # the label people see
    description: str = ""
    duties: tuple[str, ...] = ()
    backup: str | None = None  # the role or contact that is paged while nobody holds this role
    required_for: tuple[str, ...] = ()  # as in the document; reminders go by `Severity.roles`


@dataclass(frozen=True, slots=True)
class PersonalMethod:
    """A method by which a person wants to be paged, and the delay without an answer after which it is used."""

    method: str
    after: timedelta
    severities: tuple[str, ...] = ()  # empty: all


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or vendor that can be paged."""

    key: str
    name: str = ""
    slack: str | None = None  # user ID or e-mail address
    email: str | None = None
    phone: str | None = None
    pagerduty: str | None = field(default=None, repr=False)  # a routing key of their own: a secret
    url: str | None = None  # a vendor's support portal
    github: str | None = None  # their login there
    push: str | None = field(default=None, repr=False)  # an address of apprise, or `env:NAME`: a secret
    methods: tuple[PersonalMethod, ...] = ()  # one after the other, in place of the rung's; the first is used at once


@dataclass(frozen=True, slots=True)
class Service:
    """A thing of the user's that can break."""

    key: str
    name: str = ""
    schedule: str | None = None  # who is on call for it
    depends_on: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    description: str = ""
    channel: str | None = None
    contacts: tuple[str, ...] = ()  # keys of contacts: owners, vendors' support
    playbooks: tuple[str, ...] = ()  # IDs of playbooks
    components: tuple[str, ...] = ()  # of the status page
    ladder: str | None = None  # key of the ladder by which its incidents page, in place of the severity's
    repository: str | None = None  # on GitHub, where its tickets go
    project: str | None = None  # of Jira or Linear, where its tickets go


@dataclass(frozen=True, slots=True)
class Trigger:
    """A reason to page besides the passing of time."""

    key: str
    when: str  # the fact or event that fires it
    rung: Rung  # whom it pages; `after` counts from when it fired
    name: str = ""
    over: float | None = None  # the figure to exceed: services affected, or revenue lost
    severities: tuple[str, ...] = ()  # empty: all


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a fact of the incident."""

    fact: str
    relation: str = ""  # `>`, `>=`, `<` or `<=`; empty for a flag, which only has to be set
    figure: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Suggests a severity where every condition holds."""

    key: str
    severity: str
    name: str  # shown as the reason
    when: tuple[Condition, ...] = ()
    category: str | None = None
    actions: tuple[str, ...] = ()  # what to do first
    escalate: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """The sort of trouble that an incident is; selects playbooks and classification rules."""

    key: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """A group of people who are kept informed."""

    key: str
    name: str
    description: str = ""
    public: bool = False  # messages go out only when a person sends them
    notify: tuple[Target, ...] = ()
    by: tuple[str, ...] = ("slack",)
    stages: dict[str, str] = field(default_factory=dict)  # `start`, `update`, `resolved`, `briefing` → template
    emails: tuple[str, ...] = ()
    subscribers: str | None = None  # `components`: subscribers of a component of the status page
    second_person: bool = False  # somebody else than the author has to approve what goes out
    reply_to: str | None = None  # where answers to its e-mails go


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template of a communication, as Jinja2."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class CommunicationRules:
    """The organisation's words in communications, and the words that they must not have."""

    company: str | None = None
    customers: tuple[str, ...] = ()  # names of customers, which no other customer may read
    hosts: tuple[str, ...] = ()  # domains that only the organisation reaches, such as `corp.example.com`


@dataclass(frozen=True, slots=True)
class CustomField:
    """A question that the organisation adds to the declare modal."""

    key: str
    label: str
    kind: str = "text"  # or `select`, `number`, `user`, `checkbox`
    options: tuple[str, ...] = ()  # of a `select`
    required: bool = False
    hint: str = ""
    severities: tuple[str, ...] = ()  # empty: all


@dataclass(frozen=True, slots=True)
class NudgeRules:
    """When reminders are sent and softened. A reminder mentions nobody while the channel is busy."""

    busy: int = 3  # messages from people within `busy_within` that make a channel busy
    busy_within: timedelta = timedelta(minutes=5)
    roles_after: timedelta | None = None  # None: the severity's respond_within
    roles_every: timedelta | None = None  # None: the severity's update_every
    handover_within: timedelta = timedelta(minutes=10)  # time to answer an offer


@dataclass(frozen=True, slots=True)
class PlaybookRules:
    """The approvers of playbook steps, and the reviews that keep playbooks up to date."""

    approvers: tuple[Target, ...] = ()  # empty: anybody except the person who asked
    approval_expires: timedelta = timedelta(minutes=30)
    break_glass: bool = True  # a person alone may go on without approval, with a reason
    review_every: timedelta | None = timedelta(days=90)  # None: never
    skipped: int = 3  # after so many skips the playbook's owner is told about a step


@dataclass(frozen=True, slots=True)
class AllowList:
    """The people who may use a restricted verb."""

    users: tuple[str, ...] = ()  # Slack IDs
    groups: tuple[str, ...] = ()  # Slack user groups, by ID or handle
    roles: tuple[str, ...] = ()  # holders of these roles in the incident


@dataclass(frozen=True, slots=True)
class Policy:
    """One organisation's process. Nothing may assume how many severities there are."""

    name: str
    severities: tuple[Severity, ...]  # worst first
    roles: tuple[Role, ...]
    announce: str | None = None  # the channel where incidents are announced
    channel_name: str = "inc-{number}-{slug}"
    timezone: str = "UTC"
    nudges: NudgeRules = NudgeRules()
    playbooks: PlaybookRules = PlaybookRules()
    contacts: dict[str, Contact] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    ladders: dict[str, tuple[Rung, ...]] = field(default_factory=dict)  # that severities and services name
    services: dict[str, Service] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    executives: tuple[str, ...] = ()  # keys of contacts
    bookmarks: dict[str, str] = field(
        default_factory=dict
    )  # title → URL template or `huddle`; `bridge` is the war room
    record: str = "all"  # what the timeline records: `all` messages, or `key` entries only
    reactions: tuple[str, ...] = ()  # emoji that are recorded
    keep: timedelta | None = None  # how long timeline texts are kept; None: for ever
    category_details: dict[str, Category] = field(default_factory=dict)  # by the keys of `categories`
    triggers: tuple[Trigger, ...] = ()
    audiences: dict[str, Audience] = field(default_factory=dict)
    templates: dict[str, MessageTemplate] = field(default_factory=dict)  # by key, in place of those that ship
    template_set: str = ""  # the preset whose document's templates are used
    communications: CommunicationRules = field(default_factory=CommunicationRules)
    links: dict[str, str] = field(default_factory=dict)  # title → URL: dashboards, logs, support portals
    fields: tuple[CustomField, ...] = ()
    classification: tuple[Rule, ...] = ()
    automation: AutomationRules = field(default_factory=AutomationRules)
    alerts: AlertRules = field(default_factory=AlertRules)
    metrics: dict[str, str] = field(default_factory=dict)  # name → PromQL, for rules
    rules: dict[str, AlertingRule] = field(default_factory=dict)  # that Tocsin evaluates itself
    probes: dict[str, Probe] = field(default_factory=dict)
    targets: FigureTargets = field(default_factory=FigureTargets)
    weekly_digest: WeeklyDigest | None = None
    sheet: SheetMail | None = None  # None: the emergency sheet is not mailed
    shadow: ShadowRules | None = None  # another service pages, and we page nobody
    review_agenda: str = "long"  # of a review's meeting: `long` (80 minutes) or `short` (40)
    status_page: StatusPageRules = field(default_factory=StatusPageRules)
    webhooks: tuple[WebhookRule, ...] = ()  # programs that are told of events
    permissions: dict[str, AllowList] = field(default_factory=dict)  # by verb; verbs without one are free for all
    digest: str = ""  # of the document it was read from; every incident records it

    def bookmarks_of(self, severity: str) -> dict[str, str]:
        """Those that are named; with a huddle as the bridge where the severity has a war room and none is named."""
        level = next((candidate for candidate in self.severities if candidate.key == severity), None)
        if BRIDGE in self.bookmarks or level is None or not level.extra.get("war_room"):
            return self.bookmarks
        return {**self.bookmarks, BRIDGE: HUDDLE}

    @property
    def alert_rungs(self) -> tuple[EscalationRung, ...]:
        """The rungs of every route of alerts and every alerting rule."""
        of_routes = [rung for route in self.alerts.routes for rung in route.escalate]
        return (*of_routes, *(rung for rule in self.rules.values() for rung in rule.escalate))

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which business days are counted."""
        return ZoneInfo(self.timezone)

    def severity(self, key: str) -> Severity:
        """The level with this key or name, whatever the case, spaces, `-` and `_`.

        Raises `Refused` that lists the severities.
        """
        for severity in self.severities:
            if severity.key == key:
                return severity
        folded = fold_name(key)
        for severity in self.severities:
            if folded in (fold_name(severity.key), fold_name(severity.name)):
                return severity
        keys = ", ".join(severity.key for severity in self.severities)
        raise Refused(f"There is no severity “{key[:40]}”. Use one of: {keys}.", self.severities[0].key)

    def has_severity(self, key: str) -> bool:
        """Whether there is a severity with this key."""
        return any(fold_name(key) == fold_name(severity.key) for severity in self.severities)

    def rank(self, key: str) -> int:
        """The place of a severity; 0 is the worst. The key must exist."""
        return next(i for i, s in enumerate(self.severities) if s.key == key)

    def role(self, key: str) -> Role:
        """The role with this key or title. Raises `Refused` that lists the roles."""
        folded = key.strip().lower().replace(" ", "_").replace("-", "_")
        for role in self.roles:
            if folded in (role.key, role.title.lower().replace(" ", "_")):
                return role
        keys = ", ".join(role.key for role in self.roles)
        raise Refused(f"There is no role “{key[:40]}”. Use one of: {keys}.", f"role {self.roles[0].key} @user")
