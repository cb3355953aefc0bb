"""Defines the schema of the policy's roles, contacts and audiences."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from bot.policy.models.base import StrictModel, invalid
from bot.policy.models.targets import TARGET_FORMS, Mail, Method, Phone, Push, SlackUser, TargetField
from bot.policy.models.texts import Key, Link, Name, Text
from bot.policy.models.times import Delay

MOST_ADDRESSES = 200  # of one audience


class Role(StrictModel):
    """A role that a responder takes in an incident."""

    title: Name = Field(min_length=1, description="The label people see.")
    description: Text = Field(default="", description="One line.")
    duties: list[Text] = Field(default=[], description="Sent to the person who takes the role.")
    backup: Key | None = Field(default=None, description="The role or contact asked while this role is empty.")
    required_for: list[Key] = Field(default=[], description="Severities that need the role.")


class PersonalMethod(StrictModel):
    """How a person wants to be paged, and how long after the page if they have not answered."""

    by: Method = Field(description="The method: slack, email, sms, phone or push.")
    after: Delay = Field(default="0m", description="Time since the page.")
    severities: list[Key] = Field(default=[], description="Only at these; at all of them if left out.")


def _personal(value: Any) -> Any:
    """`{sms, after: 2m}` means `{by: sms, after: 2m}`, and `sms` alone is at once."""
    if isinstance(value, str):
        return {"by": value}
    if not isinstance(value, dict) or "by" in value:
        return value
    names = [name for name, setting in value.items() if setting is None and name not in ("after", "severities")]
    if len(names) != 1:
        raise invalid("must name one method: write {sms, after: 2m}.")
    return {"by": names[0], **{name: setting for name, setting in value.items() if name != names[0]}}


_OWN_SCHEMA: dict[str, Any] = {"type": ["object", "string"], "examples": [{"sms": None, "after": "2m"}]}
OwnMethod = Annotated[PersonalMethod, BeforeValidator(_personal), WithJsonSchema(_OWN_SCHEMA)]


class Contact(StrictModel):
    """A person or vendor that can be reached. One of slack, email, phone, push, pagerduty is needed."""

    name: Name = Field(default="", description="The name people know them by.")
    slack: SlackUser | None = Field(default=None, description="Their member ID or e-mail address in Slack.")
    email: Mail | None = Field(default=None, description="The address for pages by e-mail.")
    phone: Phone | None = Field(default=None, description="The number with its country code, in quotes.")
    pagerduty: Text | None = Field(default=None, description="The PagerDuty routing key of their own service.")
    url: Link | None = Field(default=None, description="A vendor's support portal.")
    github: Text | None = Field(default=None, description="Their login on GitHub: who owns a ticket there.")
    push: Push | None = Field(default=None, description="An address of apprise for push, or `env:NAME` of a variable.")
    methods: list[OwnMethod] = Field(
        default=[], description="How they want to be paged, one after the other: `[{slack}, {sms, after: 2m}]`."
    )


class Audience(StrictModel):
    """An audience that is informed of incidents."""

    name: Name = Field(default="", description="The label people see.")
    description: Text = Field(default="", description="One line.")
    public: bool = Field(default=False, description="Whether messages to it go out only when a person sends them.")
    notify: list[TargetField] = Field(default=[], description=f"Who is informed: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How they are reached.")
    stages: dict[Literal["start", "update", "resolved", "briefing"], Key] = Field(
        default={}, description="The template of each stage."
    )
    emails: list[Mail] = Field(default=[], max_length=MOST_ADDRESSES, description="Addresses that are written to.")
    subscribers: Literal["components"] | None = Field(
        default=None, description="`components`: also the subscribers of an affected component of the status page."
    )
    approval: Literal["second_person"] | None = Field(
        default=None, description="`second_person`: somebody else than the author approves every message."
    )
    reply_to: Mail | None = Field(default=None, description="Where answers to its e-mails go.")


class MessageTemplate(StrictModel):
    """A template of a communication, as Jinja2: docs/communications.md lists the variables."""

    subject: Text = Field(min_length=1, description="The subject, in one line.")
    body: Text = Field(min_length=1, description="The text.")


class Communications(StrictModel):
    """What communications say of the organisation, and what they must not say."""

    company: Name | None = Field(default=None, description="The name that customers know.")
    customers: list[Name] = Field(default=[], description="Names of customers, which public messages must not contain.")
    hosts: list[Text] = Field(default=[], description="Internal domains, which public messages must not contain.")
