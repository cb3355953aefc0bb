"""An organisation's process as values: severities, roles, ladders, people. The YAML reader lives in `bot.policy`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.policy.automation_rules import AutomationRules
from bot.domain.values.durations import Span

UNTIL = ("acknowledged", "mitigated", "resolved")
METHODS = ("slack", "pagerduty", "email", "sms", "webhook")
WAKING_METHODS = ("pagerduty", "sms")  # the methods that wake somebody
TRIGGERS = (
    "declared",
    "services_affected",
    "revenue_impact",
    "data_loss",
    "security",
    "public_relations",
    "auto_remediation_failed",
    "target_exceeded",
    "manual",
)


Fact = bool | float  # of an incident: a mark, or a figure


def fold_name(name: str) -> str:
    """How names are compared: `Level 1`, `level-1` and `LEVEL_1` are one."""
    return re.sub(r"[\s_-]", "", name.lower())


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder. `after` counts from the start of the ladder, `repeat` from the last page."""

    after: timedelta
    notify: tuple[str, ...]
    by: tuple[str, ...] = ("slack",)
    until: str = "acknowledged"
    repeat: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Severity:
    """A level and what it asks of people. `None` means the organisation asks nothing there."""

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
    extra: dict[str, Any] = field(
        default_factory=dict
    )  # what the document says beyond the above: audiences, channels …


@dataclass(frozen=True, slots=True)
class Role:
    """A part somebody plays in an incident. `title` is the label people see."""

    key: str
    title: str
    description: str = ""
    duties: tuple[str, ...] = ()
    backup: str | None = None  # a role or a contact: who is asked where nobody holds this one
    required_for: tuple[str, ...] = ()  # as the document says; whom the bot reminds of is `Severity.roles`


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody a ladder may reach. `slack` is a user ID or an e-mail address."""

    key: str
    name: str = ""
    slack: str | None = None
    email: str | None = None
    phone: str | None = None
    pagerduty: str | None = field(default=None, repr=False)  # a routing key of their own: a secret
    url: str | None = None  # a vendor's support portal


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation. `handoff` is `09:00`, `mon 09:00` or `1 09:00` (day of the month); `hours` limits when it holds."""

    rotation: str
    handoff: str
    start: date
    members: tuple[str, ...]
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is on call when. Later layers outrank earlier ones."""

    key: str
    timezone: str
    layers: tuple[Layer, ...]
    usergroup: str | None = None
    pagerduty: str | None = None  # the ID of a schedule there, which is read instead of layers


@dataclass(frozen=True, slots=True)
class Service:
    """Something of the user's that can break."""

    key: str
    name: str = ""
    schedule: str | None = None
    depends_on: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    description: str = ""
    channel: str | None = None
    contacts: tuple[str, ...] = ()  # keys of contacts: owners, vendors' support
    playbooks: tuple[str, ...] = ()  # ids of playbooks
    components: tuple[str, ...] = ()  # of the status page


@dataclass(frozen=True, slots=True)
class Trigger:
    """A reason to page beside the passing of time. `rung.after` counts from the moment the trigger holds.

    `over` is the figure that must be passed: services affected, or revenue lost. `severities` empty: every one.
    """

    key: str
    when: str
    rung: Rung
    name: str = ""
    over: float | None = None
    severities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """`relation` is `>`, `>=`, `<` or `<=`; empty for a mark, which only has to be set."""

    fact: str
    relation: str = ""
    figure: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Speaks for a severity where every condition holds. `name` says so in words: it is shown as the reason."""

    key: str
    severity: str
    name: str
    when: tuple[Condition, ...] = ()
    category: str | None = None
    actions: tuple[str, ...] = ()  # what to do first
    escalate: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """What sort of trouble an incident is; drives playbooks and routing."""

    key: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Somebody who is told. What is `public` goes out only when a person sends it."""

    key: str
    name: str
    description: str = ""
    public: bool = False
    notify: tuple[str, ...] = ()
    by: tuple[str, ...] = ("slack",)


@dataclass(frozen=True, slots=True)
class CustomField:
    """A question the organisation adds to the declare modal. `kind`: `text`, `select`, `number`, `user`, `checkbox`.

    `severities` empty: every one.
    """

    key: str
    label: str
    kind: str = "text"
    options: tuple[str, ...] = ()
    required: bool = False
    hint: str = ""
    severities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NudgeRules:
    """When a reminder is softened: `busy` messages from people within `busy_within`."""

    busy: int = 3
    busy_within: timedelta = timedelta(minutes=5)
    roles_after: timedelta | None = None  # None: the severity's respond_within
    roles_every: timedelta | None = None  # None: the severity's update_every
    handover_within: timedelta = timedelta(minutes=10)  # an answer is expected by then


@dataclass(frozen=True, slots=True)
class PlaybookRules:
    """Who may approve a step, and how playbooks are kept fresh. No `approvers`: anybody but whoever asked."""

    approvers: tuple[str, ...] = ()  # targets, as of a ladder's `notify`
    approval_expires: timedelta = timedelta(minutes=30)
    break_glass: bool = True
    review_every: timedelta | None = timedelta(days=90)
    skipped: int = 3  # a step skipped so often is told to the playbook's owner


@dataclass(frozen=True, slots=True)
class AllowList:
    """Who may do one thing. `groups` are Slack user groups, by ID or handle; `roles` are roles in the incident."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One organisation's process. Severities stand worst first; nothing may assume how many there are."""

    name: str
    severities: tuple[Severity, ...]
    roles: tuple[Role, ...]
    announce: str | None = None
    channel_name: str = "inc-{number}-{slug}"
    timezone: str = "UTC"
    nudges: NudgeRules = NudgeRules()
    playbooks: PlaybookRules = PlaybookRules()
    contacts: dict[str, Contact] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    executives: tuple[str, ...] = ()
    bookmarks: dict[str, str] = field(default_factory=dict)  # title → URL template; `bridge` is the war room
    record: str = "all"
    reactions: tuple[str, ...] = ()
    keep: timedelta | None = None  # how long timeline texts are kept; None: for ever
    category_details: dict[str, Category] = field(default_factory=dict)  # by the keys of `categories`
    triggers: tuple[Trigger, ...] = ()
    audiences: dict[str, Audience] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # title → URL: dashboards, logs, support portals
    fields: tuple[CustomField, ...] = ()
    classification: tuple[Rule, ...] = ()
    automation: AutomationRules = field(default_factory=AutomationRules)
    permissions: dict[str, AllowList] = field(default_factory=dict)  # by verb; everybody where there is none
    digest: str = ""  # of the document the policy was read from; stands on every incident

    def severity(self, key: str) -> Severity:
        """The level named `key`: its key or its name, in any case, `-`, `_` and spaces alike or left out.

        Raises `Refused` listing what there is.
        """
        wanted = fold_name(key)
        for severity in self.severities:
            if wanted in (fold_name(severity.key), fold_name(severity.name)):
                return severity
        known = ", ".join(s.key for s in self.severities)
        raise Refused(f"There is no severity “{key[:40]}”. Use one of: {known}.", self.severities[0].key)

    def has_severity(self, key: str) -> bool:
        return any(fold_name(key) == fold_name(s.key) for s in self.severities)

    def rank(self, key: str) -> int:
        """0 is the worst."""
        return next(i for i, s in enumerate(self.severities) if s.key == key)

    def role(self, key: str) -> Role:
        """The role with this key or title. Raises `Refused` listing what there is."""
        wanted = key.strip().lower().replace(" ", "_").replace("-", "_")
        for role in self.roles:
            if wanted in (role.key, role.title.lower().replace(" ", "_")):
                return role
        known = ", ".join(r.key for r in self.roles)
        raise Refused(f"There is no role “{key[:40]}”. Use one of: {known}.", f"{self.roles[0].key} @user")
