"""People in a command: by mention, name or address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.policy.schedules import Schedule
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest, Request
from tests.factories import FIVE

MAYA, TOM = "<@U0MAYA|maya>", "<@U0TOM>"
SAY_WHO = "Say who: type @ and pick the person from the list."


def cannot_tell(name: str) -> str:
    return f"I can't tell who “@{name}” is. Type @ and pick the person from the list, so Slack sends their ID."


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("lead maya", Request("lead", names=("maya",), unmatched=SAY_WHO)),
        ("lead @maya", Request("lead", names=("maya",), unmatched=cannot_tell("maya"))),
        ("lead @maya, please!", Request("lead", names=("maya",), unmatched=cannot_tell("maya"))),
        ("lead Maya Olsen.", Request("lead", names=("Maya Olsen",), unmatched=SAY_WHO)),
        (f"lead {MAYA}.", Request("lead", users=("U0MAYA",))),
        ("role scribe maya", Request("role", role="scribe", names=("maya",), unmatched=SAY_WHO)),
        (
            "role incident commander @maya",
            Request("role", role="commander", names=("maya",), unmatched=cannot_tell("maya")),
        ),
        ("handover maya", Request("handover", role="commander", names=("maya",), unmatched=SAY_WHO)),
        ("handover scribe maya", Request("handover", role="scribe", names=("maya",), unmatched=SAY_WHO)),
        (
            "invite maya, @tom and <@U0ADA>",
            Request("invite", users=("U0ADA",), names=("maya", "tom"), unmatched=cannot_tell("tom")),
        ),
        (
            "invite <mailto:maya@example.com|maya@example.com>",
            Request("invite", names=("maya@example.com",), unmatched=SAY_WHO),
        ),
        ("page me", Request("page", users=("U0ASKER",))),
        ("page @maya: the queue", Request("page", names=("maya",), text="the queue", unmatched=cannot_tell("maya"))),
        (f"page {MAYA}: the queue", Request("page", users=("U0MAYA",), text="the queue")),
        (f"page {MAYA} {TOM} the queue", Request("page", users=("U0MAYA", "U0TOM"), text="the queue")),
        (
            f"can you page {MAYA} please",
            Request("page", users=("U0MAYA",)),
        ),
        (
            f"page {MAYA}, {TOM} and <@U0ADA> because {MAYA} asks",
            Request("page", users=("U0MAYA", "U0TOM", "U0ADA"), text="<@U0MAYA> asks"),
        ),
        ("page primary, the queue", Request("page", schedule="primary", text="the queue")),
        ("page primary: the queue", Request("page", schedule="primary", text="the queue")),
        (
            "hey can you page maja please",
            Request("page", names=("maja",), unmatched="There is no schedule “maja”. Use one of: primary."),
        ),
        ("Please, ack", Request("ack")),
        ("ack!", Request("ack")),
        ("note: the queue is full", Request("note", text="the queue is full")),
        ("note --in INC-1: the queue is full", Request("note", incident=1, text="the queue is full")),
    ],
)
def test_people_may_be_typed_by_name_address_or_mention(text: str, request_: Request) -> None:
    policy = replace(FIVE, schedules={"primary": Schedule("primary", "UTC", ())})
    assert parse(text, policy, asker="U0ASKER") == request_


def test_an_unknown_name_is_no_schedule_where_the_policy_has_none() -> None:
    request = parse("page maja the queue", replace(FIVE, schedules={}), asker="U0ASKER")
    assert request == Request("page", names=("maja",), text="the queue", unmatched=cannot_tell("maja"))


@pytest.mark.parametrize("verb", ["lead", "page", "invite", "role scribe", "handover"])
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("<#C0ABC1|general>", "“#general” is a channel. Type @ and pick a person from the list."),
        ("<!subteam^S1|@ops>", "“@ops” is a user group. Name its people one by one: type @ and pick them."),
    ],
)
def test_a_channel_or_user_group_in_place_of_a_person_is_called_what_it_is(verb: str, typed: str, message: str) -> None:
    parsed = parse(f"{verb} {typed}", FIVE)
    assert isinstance(parsed, BadRequest)
    assert parsed.message == message
