"""The shape of a policy document: what may stand in it, and what each value must look like.

Durations stay as they were written here; `bot.policy.values` makes domain values of a valid document.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address, ip_network
from string import Formatter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.domain import oncall, spans
from bot.domain.errors import Refused
from bot.domain.policy import METHODS
from bot.policy.problems import did_you_mean, nearest

TARGET_FORMS = "contact:NAME, schedule:NAME, role:NAME, user:U0123ABCD or channel:#name"
WHO_FORMS = '"@handle" of a user group, group:S0123ABCD, user:U0123ABCD, role:NAME or contact:NAME'
PLACEHOLDERS = ("number", "slug", "severity", "date")
BOOKMARK_PLACEHOLDERS = ("id", "number", "slug", "severity")

_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_GROUP = re.compile(r"^(?:S[A-Z0-9]{5,}|[a-z0-9][a-z0-9_.-]{0,20})$")
_USER = re.compile(r"^[UW][A-Z0-9]{2,}$")
_CHANNEL = re.compile(r"^(?:#[^\sA-Z#,.:]{1,80}|[CG][A-Z0-9]{6,})$")
_MAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_PHONE = re.compile(r"^\+[0-9][0-9 ().-]{5,20}$")
_HOST = re.compile(r"^(?=.{2,253}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$")
_EMOJI = re.compile(r"^[a-z0-9_+'-]+$")


def wrong(message: str) -> PydanticCustomError:
    """A problem in words; the reader puts file, line and key path before it."""
    return PydanticCustomError("policy", "{said}", {"said": message})


def is_user(name: str) -> bool:
    """Whether it has the form of a Slack member ID."""
    return _USER.match(name) is not None


# --- single values -------------------------------------------------------------------------------------------------


def _text(value: Any) -> Any:
    """Numbers are texts where a text is wanted: `name: 1`."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _span(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong(f"must be a duration with its unit: {value}m for minutes, or {value}s, {value}h, {value}d.")
    if not isinstance(value, str):
        raise wrong("must be a duration such as 10s, 15m, 2h, 1d or 1bd (a business day).")
    try:
        spans.parse_span(value)
    except Refused as refused:
        raise wrong(f"is not a duration: {_shown(value)}. {_span_mend(value, refused)}") from None
    return value.strip()


def _span_mend(value: str, refused: Refused) -> str:
    if "longer than" in refused.message:
        return f"The longest is {spans.LONGEST.days}d."
    if match := re.match(r"^(\d+):(\d\d)$", value.strip()):
        return f"Write {int(match[1])}h{int(match[2])}m or {int(match[1])}m{int(match[2])}s."
    return "Write 10s, 15m, 2h, 1d or 1bd (a business day)."


def _positive_span(value: Any) -> str:
    text = _span(value)
    if not _amount(text):
        raise wrong("must be longer than nothing. Leave it out, or write null, where nothing is asked.")
    return text


def _delay(value: Any) -> str:
    """A duration of the clock; nothing at all is one too."""
    text = _span(value)
    if isinstance(spans.parse_span(text), spans.BusinessDays):
        raise wrong(f"cannot count business days: {_shown(value)}. Write 10s, 15m, 2h or 1d.")
    return text


def _positive_delay(value: Any) -> str:
    text = _delay(value)
    if not _amount(text):
        raise wrong("must be longer than nothing, such as 15m.")
    return text


def _amount(text: str) -> bool:
    span = spans.parse_span(text)
    return bool(span.days if isinstance(span, spans.BusinessDays) else span)


def _shown(value: Any) -> str:
    return f"“{str(value)[:60]}”"


def _key(value: Any) -> Any:
    value = _text(value)
    if isinstance(value, str) and not _KEY.match(value):
        raise wrong(f"is not a key: {_shown(value)}. Use letters, digits, _ and -, without spaces.")
    return value


def _target(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        ((sort, name),) = value.items()
        raise wrong(f'must be one text, without a space after the colon: "{sort}:{name}".')
    if not isinstance(value, str):
        raise wrong(f"must be one of {TARGET_FORMS}, in quotes.")
    sort, colon, name = value.strip().partition(":")
    if not colon or not name:
        raise wrong(f"is not a target: {_shown(value)}. {_target_mend(value.strip())}")
    if sort not in ("contact", "schedule", "role", "user", "channel"):
        said = did_you_mean(sort, ["contact", "schedule", "role", "user", "channel"], "Targets begin with")
        raise wrong(f"is not a target: {_shown(value)}.{said} Write {TARGET_FORMS}.")
    if sort == "user" and not (_USER.match(name) or _MAIL.match(name)):
        raise wrong(
            f"does not name a Slack member: {_shown(value)}. Write user: and the member ID, such as user:U0123ABCD."
        )
    if sort == "channel" and not _CHANNEL.match(name):
        raise wrong(f'does not name a channel: {_shown(value)}. Write "channel:#name", in small letters, or its ID.')
    return f"{sort}:{name}"


def _target_mend(value: str) -> str:
    if value.startswith("#"):
        return f'Write "channel:{value}".'
    if _USER.match(value):
        return f'Write "user:{value}".'
    return f"Write {TARGET_FORMS}."


def _who(value: Any) -> str:
    """Somebody who may do something, as `group:`, `user:`, `role:` or `contact:`."""
    forms = f"Write {WHO_FORMS}."
    if not isinstance(value, str):
        raise wrong(f"must be one of {WHO_FORMS}, in quotes.")
    text = value.strip()
    if text.startswith("@"):
        text = f"group:{text[1:]}"
    sort, colon, name = text.partition(":")
    if not colon and _USER.match(text):
        sort, name = "user", text
    if sort == "group":
        name = name.removeprefix("@")
        if not _GROUP.match(name):
            raise wrong(f'does not name a user group: {_shown(value)}. Write "@sre", in quotes, or group:S0123ABCD.')
    elif sort == "user":
        if not _USER.match(name):
            raise wrong(f"does not name a Slack member: {_shown(value)}. Write the member ID, such as user:U0123ABCD.")
    elif sort not in ("role", "contact") or not name:
        raise wrong(f"does not say who: {_shown(value)}. {forms}")
    return f"{sort}:{name}"


def _method(value: Any) -> str:
    if not isinstance(value, str) or value not in METHODS:
        said = did_you_mean(value, METHODS, "Use") if isinstance(value, str) else f" Use: {', '.join(METHODS)}."
        raise wrong(f"is not a way to reach people: {_shown(value)}.{said}")
    return value


def _channel(value: Any) -> str:
    if not isinstance(value, str) or not _CHANNEL.match(value):
        name = str(value).strip().lstrip("#").lower().replace(" ", "-")
        raise wrong(f'does not name a channel: {_shown(value)}. Write "#{name}", in quotes, or its ID.')
    return value


def _zone(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong("must be a time zone such as Europe/Berlin.")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        guess = nearest(value, available_timezones())
        mend = f"Did you mean {guess}?" if guess else "Write one such as Europe/Berlin or UTC."
        raise wrong(f"is not a time zone: {_shown(value)}. {mend}") from None
    return value


def _https(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^https://[^\s/]+", value):
        raise wrong(f"must be an address that begins with https://, not {_shown(value)}.")
    return value


def _bookmark(value: Any) -> str:
    return _template(_https(value), BOOKMARK_PLACEHOLDERS)


def _web(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^https?://[^\s/]+", value):
        raise wrong(f"must be an address that begins with https:// or http://, not {_shown(value)}.")
    return value


def _template(value: str, known: tuple[str, ...]) -> str:
    forms = ", ".join(f"{{{name}}}" for name in known)
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise wrong(f"has a brace too many or too few: {_shown(value)}. Placeholders are {forms}.") from None
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in known or spec or conversion:
            said = did_you_mean(name, known, "")
            said = said.replace("mean ", "mean {").replace("?", "}?") if "?" in said else f" Placeholders are {forms}."
            raise wrong(f"has a placeholder that is not known: {{{name}}}.{said}")
    return value


def _channel_name(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong('must be a text such as "inc-{number}-{slug}".')
    _template(value, PLACEHOLDERS)
    literal = "".join(text for text, *_ in Formatter().parse(value))
    if bad := re.search(r"[^a-z0-9_-]", literal):
        raise wrong(f"may hold small letters, digits, - and _ beside its placeholders, not {_shown(bad[0])}.")
    if "{number}" not in value:
        raise wrong("must contain {number}: without it two incidents could want the same name.")
    return value


def _emoji(value: Any) -> str:
    name = str(value).strip(":")
    if not _EMOJI.match(name):
        raise wrong(f"is not the name of an emoji: {_shown(value)}. Write its name, such as eyes.")
    return name


def _slack(value: Any) -> str:
    if not isinstance(value, str) or not (_USER.match(value) or _MAIL.match(value)):
        raise wrong(
            f"must be a Slack member ID such as U0123ABCD (in Slack: profile, ⋮, Copy member ID) "
            f"or an e-mail address, not {_shown(value)}."
        )
    return value


def _mail(value: Any) -> str:
    if not isinstance(value, str) or not _MAIL.match(value):
        raise wrong(f"must be an e-mail address, not {_shown(value)}.")
    return value


def _phone(value: Any) -> str:
    if isinstance(value, int):
        raise wrong(f'must be a telephone number with its country code, in quotes: "+49…", not {value}.')
    if not isinstance(value, str) or not _PHONE.match(value):
        raise wrong(f'must be a telephone number with its country code, such as "+4915112345678", not {_shown(value)}.')
    return value


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise wrong(f"must be a day such as 2026-01-05, not {_shown(value)}.") from None


def _hours(value: Any) -> str:
    try:
        oncall.parse_hours(value if isinstance(value, str) else str(value))
    except ValueError as error:
        raise wrong(f"are not hours: {_shown(value)}. {error}") from None
    return str(value)


def _executable(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^/(?:[^/\x00-\x1f]+/)*[^/\x00-\x1f]+$", value):
        raise wrong(f"must be a whole path such as /usr/bin/kubectl, not {_shown(value)}.")
    if ".." in value.split("/") or "." in value.split("/"):
        raise wrong(f"must be a plain path without . and .. in it, not {_shown(value)}.")
    return value


def _argument(value: Any) -> str:
    text = _text(value)
    if not isinstance(text, str):
        raise wrong("must be a pattern for one argument, in quotes.")
    try:
        re.compile(text)
    except re.error as error:
        raise wrong(f"is not a regular expression: {_shown(text)}. {error.msg.capitalize()}.") from None
    return text


def _forms(value: Any) -> Any:
    """One form alone is a list of one."""
    return [value] if isinstance(value, list) and value and not isinstance(value[0], list) else value


def _environment_name(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^[A-Za-z_][A-Za-z0-9_]*$", value):
        raise wrong(f"is not the name of an environment variable: {_shown(value)}. Write it like KUBECONFIG.")
    return value


def _host_name(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else ""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        if not _HOST.match(text) or re.match(r"^[0-9.]+$|^0x", text):
            raise wrong(f"must be the name of one host such as api.example.com, not {_shown(value)}.") from None
    return text


def _network(value: Any) -> str:
    try:
        return str(ip_network(value, strict=True))
    except ValueError:
        raise wrong(f"must be a network such as 10.0.0.0/8, not {_shown(value)}.") from None


def _bytes(value: Any) -> int:
    match = re.match(r"^(\d{1,6}) ?(k|M|G)i?B?$", value) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise wrong(f"must be a size such as 64k or 2M, not {_shown(value)}.")
    return int(match[1]) << (10 * " kMG".index(match[2]))


def _condition(value: Any) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not CONDITION.match(text):
        raise wrong(
            f"is not a condition: {_shown(value)}. Write a fact and a figure, such as “users >= 50”, or a mark alone, "
            "such as security."
        )
    return text


CONDITION = re.compile(r"^([a-z][a-z0-9_]*)(?: ?(>=|<=|>|<) ?(\d+(?:\.\d+)?))?$")

_TEXT_SCHEMA = {"type": "string"}
_SPAN_SCHEMA = {"type": "string", "examples": ["10s", "15m", "2h", "1d", "1bd"]}
_DELAY_SCHEMA = {"type": "string", "examples": ["0m", "15m", "2h"]}
_TARGET_SCHEMA = {"type": "string", "pattern": "^(contact|schedule|role|user|channel):.+$"}

Text = Annotated[str, BeforeValidator(_text)]
When = Annotated[str, PlainValidator(_condition), WithJsonSchema({"type": "string", "examples": ["users >= 50"]})]
Key = Annotated[str, BeforeValidator(_key)]
Span = Annotated[str, PlainValidator(_positive_span), WithJsonSchema(_SPAN_SCHEMA)]
Delay = Annotated[str, PlainValidator(_delay), WithJsonSchema(_DELAY_SCHEMA)]
Duration = Annotated[str, PlainValidator(_positive_delay), WithJsonSchema(_DELAY_SCHEMA)]
Target = Annotated[str, PlainValidator(_target), WithJsonSchema(_TARGET_SCHEMA)]
Who = Annotated[str, PlainValidator(_who), WithJsonSchema({"type": "string", "examples": ["@sre", "role:commander"]})]
Method = Annotated[str, PlainValidator(_method), WithJsonSchema({"type": "string", "enum": list(METHODS)})]
Channel = Annotated[str, PlainValidator(_channel), WithJsonSchema({"type": "string", "examples": ["#incidents"]})]
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
Bookmark = Annotated[str, PlainValidator(_bookmark), WithJsonSchema({"type": "string", "pattern": "^https://"})]
Link = Annotated[str, PlainValidator(_web), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
ChannelName = Annotated[str, PlainValidator(_channel_name), WithJsonSchema(_TEXT_SCHEMA)]
Emoji = Annotated[str, PlainValidator(_emoji), WithJsonSchema(_TEXT_SCHEMA)]
SlackUser = Annotated[str, PlainValidator(_slack), WithJsonSchema(_TEXT_SCHEMA)]
Mail = Annotated[str, PlainValidator(_mail), WithJsonSchema({"type": "string", "format": "email"})]
Phone = Annotated[str, PlainValidator(_phone), WithJsonSchema({"type": "string", "examples": ["+4915112345678"]})]
Day = Annotated[str, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Program = Annotated[str, PlainValidator(_executable), WithJsonSchema({"type": "string", "pattern": "^/"})]
Argument = Annotated[str, PlainValidator(_argument), WithJsonSchema({"type": "string", "format": "regex"})]
_FORM_SCHEMA: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "regex"}}
Forms = Annotated[
    list[list[Argument]],
    BeforeValidator(_forms),
    WithJsonSchema({"anyOf": [_FORM_SCHEMA, {"type": "array", "items": _FORM_SCHEMA}]}),
]
Variable = Annotated[
    str, PlainValidator(_environment_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"})
]
HostName = Annotated[
    str, PlainValidator(_host_name), WithJsonSchema({"type": "string", "examples": ["api.example.com"]})
]
Network = Annotated[str, PlainValidator(_network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8"]})]
Size = Annotated[int, PlainValidator(_bytes), WithJsonSchema({"type": "string", "examples": ["64k", "2M"]})]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]
Hours = Annotated[str, PlainValidator(_hours), WithJsonSchema({"type": "string", "examples": ["09:00-17:00 mon-fri"]})]


# --- the document --------------------------------------------------------------------------------------------------


class Part(BaseModel):
    """Settings that stand together. What is not named here is a mistake, not a remark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rung(Part):
    """One step of a ladder."""

    after: Delay = Field(description="Counted from the declaration (or from when the severity was raised).")
    notify: list[Target] = Field(min_length=1, description=f"Whom: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="acknowledged", description="The rung is left out once the incident is that far."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")


class Severity(Part):
    """A level and what it asks of people. Where a duration is null, nothing is asked."""

    name: Text = Field(min_length=1, description="What people call it.")
    description: Text = Field(default="", description="One line; stands beside the level where it is chosen.")
    user_impact: Text = Field(default="", description="What users notice.")
    examples: list[Text] = Field(default=[], description="Incidents of this level.")
    respond_within: Span | None = Field(default=None, description="Acknowledged by then, or the next rung is paged.")
    update_every: Span | None = Field(default=None, description="How often a status update is owed.")
    escalate_after: Span | None = Field(default=None, description="Not mitigated by then: the next rung is paged.")
    resolve_within: Span | None = Field(default=None, description="The target; it is reported, and may trigger a page.")
    review_within: Span | None = Field(default=None, description="The post-incident review is held by then.")
    roles: list[Key] = Field(default=[], description="Roles that must be filled; people are reminded of empty ones.")
    notify_executives: bool = Field(default=False, description="The executives get a briefing.")
    ladder: list[Rung] = Field(default=[], description="Who is paged, and when.")
    stakeholders: list[Text] = Field(default=[], description="Who has an interest, in words.")
    audiences: list[Key] = Field(default=[], description="Who is told: keys of `audiences`.")
    channels: list[Text] = Field(default=[], description="Where it is told, in words.")
    war_room: bool = Field(default=False, description="A call is opened: the bookmark `bridge`.")
    ticket: bool = Field(default=False, description="A ticket is enough.")


class Role(Part):
    """A part somebody plays in an incident."""

    title: Text = Field(min_length=1, description="The label people see.")
    description: Text = Field(default="", description="One line.")
    duties: list[Text] = Field(default=[], description="Sent to whoever takes the role.")
    backup: Key | None = Field(default=None, description="The role or contact asked where nobody holds this one.")
    required_for: list[Key] = Field(default=[], description="Severities that need the role.")


class Contact(Part):
    """Somebody who can be reached. One of slack, email, phone, pagerduty is needed."""

    name: Text = Field(default="", description="As people know them.")
    slack: SlackUser | None = Field(default=None, description="Member ID, or the e-mail address they use in Slack.")
    email: Mail | None = Field(default=None, description="For notifying by e-mail.")
    phone: Phone | None = Field(default=None, description="With the country code, in quotes.")
    pagerduty: Text | None = Field(default=None, description="A PagerDuty routing key of their own service.")
    url: Link | None = Field(default=None, description="A vendor's support portal.")


class Rotation(Part):
    """Members take turns."""

    rotation: Literal["daily", "weekly", "monthly"] = Field(default="weekly", description="How long a turn is.")
    handoff: Text | None = Field(default=None, description="`09:00`, `mon 09:00` or `1 09:00` (day of the month).")
    start: Day | None = Field(default=None, description="The day the first member's first turn begins.")
    members: list[Text] = Field(min_length=1, description="Contacts or Slack member IDs, in the order of their turns.")
    hours: Hours | None = Field(default=None, description="When it holds, such as `09:00-17:00 mon-fri`.")


class Schedule(Part):
    """Who is on call when: one rotation, or `layers`, of which later ones outrank earlier ones."""

    timezone: Zone | None = Field(default=None, description="The policy's where left out.")
    usergroup: Text | None = Field(default=None, description="A Slack user group that follows whoever is on call.")
    rotation: Literal["daily", "weekly", "monthly"] | None = Field(default=None, description="How long a turn is.")
    handoff: Text | None = Field(default=None, description="`09:00`, `mon 09:00` or `1 09:00` (day of the month).")
    start: Day | None = Field(default=None, description="The day the first member's first turn begins.")
    members: list[Text] = Field(default=[], description="Contacts or Slack member IDs, in the order of their turns.")
    hours: Hours | None = Field(default=None, description="When it holds, such as `09:00-17:00 mon-fri`.")
    layers: list[Rotation] = Field(default=[], description="Several rotations; later ones outrank earlier ones.")
    pagerduty: Text | None = Field(default=None, description="The ID of a PagerDuty schedule, read instead of these.")


class Service(Part):
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


class Category(Part):
    """What sort of trouble an incident is."""

    name: Text = Field(default="", description="The label people see.")
    description: Text = Field(default="", description="One line.")


class Audience(Part):
    """Somebody who is told."""

    name: Text = Field(default="", description="The label people see.")
    description: Text = Field(default="", description="One line.")
    public: bool = Field(default=False, description="Goes out only when a person sends it.")
    notify: list[Target] = Field(default=[], description=f"Whom: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How they are told.")


class Trigger(Part):
    """A reason to page beside the passing of time."""

    name: Text = Field(default="", description="In words; shown to whoever is paged.")
    when: Literal[
        "declared",
        "services_affected",
        "revenue_impact",
        "data_loss",
        "security",
        "public_relations",
        "auto_remediation_failed",
        "target_exceeded",
        "manual",
    ] = Field(description="What must hold.")
    over: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="The figure to pass: services, or revenue lost."
    )
    severities: list[Key] = Field(default=[], description="Only for these; every one where left out.")
    after: Delay = Field(default="0m", description="Counted from when it holds.")
    notify: list[Target] = Field(min_length=1, description=f"Whom: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="resolved", description="Not paged once the incident is that far."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")


class Rule(Part):
    """Suggests a severity where all of `when` holds; of several rules the worst wins."""

    severity: Key = Field(description="The severity it speaks for.")
    name: Text = Field(min_length=1, description="The reason in words, shown with the suggestion.")
    when: list[When] = Field(default=[], description="Conditions, all of which must hold; [] holds for any facts.")
    category: Key | None = Field(default=None, description="What sort of trouble it is then.")
    actions: list[Text] = Field(default=[], description="What to do first; a checklist on the card.")
    escalate: bool = Field(default=False, description="People should be paged without waiting.")


class CustomField(Part):
    """A question of your own in the declare modal."""

    label: Text = Field(min_length=1, max_length=48, description="The question.")
    kind: Literal["text", "select", "number", "user", "checkbox"] = Field(
        default="text", description="Free text, one of `options`, a figure, somebody, or yes."
    )
    options: list[Text] = Field(default=[], max_length=100, description="What can be chosen.")
    required: bool = Field(default=False, description="Asked for in the modal; a one-line declare is never held up.")
    hint: Text = Field(default="", description="A line under the question.")
    severities: list[Key] = Field(default=[], description="Only for these; every one where left out.")


class Nudges(Part):
    """When reminders come, and when they are gentle."""

    busy: Annotated[int, Field(ge=1, strict=True)] = Field(default=3, description="So many messages from people …")
    busy_within: Duration = Field(default="5m", description="… within so long: one line instead of a mention.")
    roles_after: Duration | None = Field(default=None, description="Empty roles; null: the severity's respond_within.")
    roles_every: Duration | None = Field(default=None, description="And again; null: the severity's update_every.")
    handover_within: Duration = Field(
        default="10m", description="Whoever is asked to take a role over answers by then."
    )


class Playbooks(Part):
    """Who may approve a step, and how playbooks are kept fresh."""

    approvers: list[Target] = Field(
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


class Timeline(Part):
    """What is recorded, and for how long."""

    record: Literal["all", "key"] = Field(default="all", description="Everything said, or key entries only.")
    keep: Duration | None = Field(default=None, description="Texts are purged after so long; null: never.")
    reactions: list[Emoji] = Field(default=[], description="Emoji that carry meaning and are recorded.")


class Executable(Part):
    """A program that playbooks may run, with these arguments only."""

    executable: Program = Field(description="Its whole path; commands call it by its name.")
    arguments: Forms = Field(
        default=[], description="A pattern for each argument, which it must match wholly; or a list of such lists."
    )
    working_directory: Program = Field(default="/tmp", description="Where it runs.")  # noqa: S108 - nothing is written
    environment: dict[Variable, Text] = Field(default={}, description="Its whole environment, with PATH and HOME.")
    environment_from: list[Variable] = Field(default=[], description="Variables of the bot's own that it gets too.")
    path: Text = Field(default="/usr/bin:/bin", description="Its PATH. Nothing is looked up in it by the bot.")
    home: Text = Field(default="/nonexistent", description="Its HOME.")
    user: Text | None = Field(default=None, description="Whom it runs as, where the bot is root.")
    timeout: Duration = Field(default="1m", description="After so long it is killed, with all it started.")
    output_limit: Size = Field(default=256 * 1024, description="After so much output it is killed.")
    memory: Size | None = Field(default=2 * 1024**3, description="Address space of a process; null: no limit.")
    processes: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        default=512, description="Processes of its user at once."
    )


class ProcessRunner(Part):
    """Runs programs, never a shell."""

    allow: list[Executable] = Field(default=[], description="What may be run.")
    concurrency: Count = Field(default=2, description="So many at once in each replica.")


class AllowedHost(Part):
    """A host that playbooks may ask."""

    host: HostName = Field(description="Its name, exactly.")
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]] = Field(
        default=["GET"], min_length=1, description="HTTP methods."
    )
    paths: list[Argument] = Field(default=["/.*"], min_length=1, description="Patterns; one must match path and query.")
    headers: dict[Text, Variable] = Field(default={}, description="Header to the variable that holds its value.")
    addresses: list[Network] = Field(default=[], description="Private networks in which it may lie.")
    plain: bool = Field(default=False, description="http:// is allowed too.")
    ports: list[Annotated[int, Field(ge=1, le=65535, strict=True)]] = Field(
        default=[], description="Other ports than that of the scheme."
    )


class HttpRunner(Part):
    """Asks hosts over HTTP; follows no redirect."""

    allow: list[AllowedHost] = Field(default=[], description="Who may be asked.")
    timeout: Duration = Field(default="10s", description="For the whole of it.")
    output_limit: Size = Field(default=256 * 1024, description="So much of an answer is read.")
    concurrency: Count = Field(default=4, description="So many at once in each replica.")


class PromqlRunner(Part):
    """Asks the Prometheus of PROMETHEUS_URL."""

    timeout: Duration = Field(default="10s", description="For one query.")


class WaitRunner(Part):
    """Waits."""

    longest: Duration = Field(default="10m", description="No step may wait longer.")


class Runners(Part):
    """What may run steps. One that is not named here runs nothing."""

    process: ProcessRunner | None = Field(default=None, description="Programs of this machine.")
    http: HttpRunner | None = Field(default=None, description="Addresses.")
    promql: PromqlRunner | None = Field(default=None, description="Questions to Prometheus.")
    wait: WaitRunner | None = Field(default=None, description="Waiting.")


class MatrixRow(Part):
    """One line of the decision matrix. What is left out fits anything; all that is said must hold."""

    name: Text = Field(default="", description="The sort of incident, in words.")
    playbooks: list[Key] = Field(default=[], description="Ids of playbooks.")
    categories: list[Key] = Field(default=[], description="Categories of the incident.")
    actions: list[Key] = Field(default=[], description="The step's `automation.action`: restart, scale_up …")
    confidence: Share | None = Field(default=None, description="How sure one must be of the cause: more than this.")
    blast_radius: list[When] = Field(default=[], description="Facts that must hold, such as `nodes < 10`.")
    decision: Literal["auto", "approve", "manual"] = Field(
        description="auto: without a person. approve: when somebody approves. manual: when somebody presses Run."
    )


class Automation(Part):
    """What may be run, and when without a person. Off where it is left out."""

    enabled: bool = Field(default=False, description="The door: nothing at all is run while this is false.")
    runners: Runners = Field(default=Runners(), description="What may run steps.")
    matrix: dict[Key, MatrixRow] = Field(default={}, description="The first line that fits decides.")
    thresholds: dict[Key, Share] = Field(default={}, description="By action: how sure one must be at least.")
    severities: list[Key] = Field(default=[], description="Only at these without a person; every one where left out.")
    otherwise: Literal["approve", "manual"] = Field(default="manual", description="Where no line of the matrix fits.")
    on_failure: Literal["rollback", "ask"] = Field(
        default="rollback",
        description="What the bot ran in this walk is rolled back, last first; or somebody is asked.",
    )


class Document(Part):
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
