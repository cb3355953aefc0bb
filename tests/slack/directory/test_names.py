"""Names behind IDs: asked for once, kept, and asked for again when Slack can answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory.names import FRESH, NameDirectory
from storage import names
from storage.database import Database
from tests.slack.fakes import Answer, FakeApi
from tests.usecases.conftest import MovableClock

DOWN = SlackError("internal_error", "users.info")


def directory(database: Database, **methods: Any) -> tuple[NameDirectory, FakeApi]:
    api = FakeApi(**methods)
    return NameDirectory(database, cast(SlackApi, api), MovableClock()), api


async def known_names(database: Database, *ids: str) -> dict[str, str]:
    async with database.reading() as conn:
        return await names.get_many(conn, ids)


async def test_each_kind_of_id_is_looked_up_once(database: Database) -> None:
    learner, api = directory(
        database,
        users_info=lambda args: {"user": {"profile": {"display_name": "", "real_name": "Maya\nNoor"}}},
        bots_info=lambda args: {"bot": {"name": "Deploys"}},
        conversations_info=lambda args: {"channel": {"name": "general", "is_private": args["channel"] == "C2"}},
        usergroups_list=lambda args: {"usergroups": [{"id": "S1", "handle": "ops"}]},
    )
    for _ in range(2):
        learner.request(["U1", "B1", "C1", "C2", "S1", "S2"])
        await learner.look_up()
    told = await known_names(database, "U1", "B1", "C1", "C2", "S1", "S2")
    assert told == {"U1": "Maya Noor", "B1": "Deploys", "C1": "general", "S1": "ops"}  # a private channel's name is not
    assert len(api.calls) == 6


async def test_while_slack_cannot_answer_the_rest_waits(database: Database) -> None:
    answers: list[Answer] = [
        DOWN,
        SlackError("user_not_found", "users.info", permanent=True),
        {"user": {"real_name": "Tom"}},
    ]
    learner, api = directory(database, users_info=lambda args: answers.pop(0))
    learner.request(["U0GONE0000", "U0TOM00000"])
    await learner.look_up()
    assert len(api.calls) == 1
    await learner.look_up()
    assert await known_names(database, "U0GONE0000", "U0TOM00000") == {"U0TOM00000": "Tom"}
    learner.request(["U0GONE0000"])
    await learner.look_up()
    assert len(api.calls) == 3  # Slack does not know that one


async def test_a_name_is_asked_for_again_after_a_week(database: Database) -> None:
    answers: list[Answer] = [{"user": {"real_name": "Maya"}}, {"user": {"real_name": "Maya Noor"}}]
    api = FakeApi(users_info=lambda args: answers.pop(0))
    clock = MovableClock()
    learner = NameDirectory(database, cast(SlackApi, api), clock)
    learner.request(["U1"])
    await learner.look_up()
    clock.instant += FRESH + timedelta(seconds=1)
    api.profiles._kept.clear()
    learner.request(["U1"])
    await learner.look_up()
    assert await known_names(database, "U1") == {"U1": "Maya Noor"}
