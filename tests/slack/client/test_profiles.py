"""Everything that asks about one person shares one answer of Slack's, as long as it is fresh enough."""

from __future__ import annotations

from typing import cast

import pytest

from bot.domain.access.identity import Membership
from bot.slack.client import profiles
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.profiles import Profiles
from bot.slack.directory.identities import Identities
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.inbound.event_parser import BotIdentity
from storage.database import Database
from tests.slack.fakes import Answer, FakeApi

MAYA = {"id": "U1", "team_id": "T1", "tz": "Europe/Berlin", "real_name": "Maya"}
BOT = BotIdentity("UBOT", "BBOT", "T1", "")


async def test_identity_and_time_zone_of_a_person_are_one_call(database: Database) -> None:
    api = FakeApi(users_info=lambda args: {"user": MAYA})
    shared = cast(SlackApi, api)
    assert (await Identities(shared, BOT, database).get("U1")).membership is Membership.MEMBER
    assert str(await time_zone_of(shared, "U1")) == "Europe/Berlin"
    assert api.methods() == ["users.info"]


async def test_an_answer_that_is_too_old_is_asked_for_again_and_an_error_is_not_kept() -> None:
    answers: list[Answer] = [
        {"user": MAYA},
        SlackError("internal_error", "users.info"),
        {"user": {**MAYA, "deleted": True}},
    ]
    cache = FakeApi(users_info=lambda args: answers.pop(0)).profiles
    await cache.get("U1", 60.0)
    with pytest.raises(SlackError):
        await cache.get("U1", 0.0)
    assert cache.last("U1") == MAYA
    assert (await cache.get("U1", 0.0))["deleted"]
    assert (await cache.get("U1", 60.0))["deleted"]


async def test_the_oldest_answers_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_KEPT", 2)
    cache: Profiles = FakeApi(users_info=lambda args: {"user": {"id": args["user"]}}).profiles
    for user in ("U1", "U2", "U1", "U3"):
        await cache.get(user, 0.0)
    assert [cache.last(user) is not None for user in ("U1", "U2", "U3")] == [True, False, True]
