"""Invitations are sent even if Slack did not return an address at once."""

from __future__ import annotations

import pytest

from bot.slack.client.api import SlackError
from bot.slack.directory.mail_addresses import mail_address_of
from tests.slack.directory.profile_answers import answering

MAYA = {"profile": {"email": "maya@example.com"}}


async def test_slack_is_asked_again_for_an_address_that_it_did_not_tell() -> None:
    api = answering(SlackError("Slack answered 503", "users.info", uncertain=True), MAYA)
    with pytest.raises(SlackError):
        await mail_address_of(api, "U1")
    assert await mail_address_of(api, "U1") == "maya@example.com"


async def test_some_accounts_have_no_address() -> None:
    unknown = SlackError("user_not_found", "users.info", permanent=True)
    for answer in (unknown, {}, {**MAYA, "is_bot": True}, {**MAYA, "deleted": True}):
        assert await mail_address_of(answering(answer), "U1") is None
