"""A message waits for the hours of the person it is for, so a zone that Slack names late is waited for."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from bot.slack.client.api import SlackError
from bot.slack.directory.time_zones import time_zone_of, zone_of_addressee
from tests.slack.directory.profile_answers import answering


async def test_a_limit_that_passes_is_no_reason_for_the_hours_of_another_zone() -> None:
    api = answering(SlackError("ratelimited", "users.info", wait_s=0.3), {"tz": "America/New_York"})
    with pytest.raises(SlackError):
        await zone_of_addressee(api, "U1", UTC)
    assert await zone_of_addressee(api, "U1", UTC) == ZoneInfo("America/New_York")


async def test_a_person_whom_slack_does_not_know_has_the_hours_of_the_policy() -> None:
    unknown = SlackError("user_not_found", "users.info", permanent=True)
    assert await zone_of_addressee(answering(unknown), "U1", UTC) == UTC
    assert await zone_of_addressee(answering({"tz": "Mars/Olympus"}), "U1", UTC) == UTC
    assert await zone_of_addressee(answering({}), "U1", UTC) == UTC


async def test_a_person_who_waits_for_an_answer_does_not_wait_for_their_zone() -> None:
    assert await time_zone_of(answering(SlackError("no answer in time", "users.info", uncertain=True)), "U1") is None
