"""People by Slack ID or e-mail address."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import people as people_module
from bot.slack.directory.accounts import AccountLog
from bot.slack.directory.people import People
from tests.slack.fakes import Answer, FakeApi

IDS = {"maya@x.io": "U1"}


def by_email(args: dict[str, Any]) -> Answer:
    user = IDS.get(args["email"])
    return {"user": {"id": user}} if user else SlackError("users_not_found", "users.lookupByEmail", permanent=True)


class Accounts(AccountLog):
    """Keeps in memory what is written down."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []

    async def found(self, name: str, user: str) -> None:
        self.log.append((name, user))

    async def missing(self, name: str, error: SlackError) -> None:
        self.log.append((name, error.name))


def people(**methods: Any) -> tuple[People, FakeApi, list[tuple[str, str]]]:
    accounts = Accounts()
    api = FakeApi(users_lookupByEmail=by_email, **methods)
    return People(cast(SlackApi, api), accounts), api, accounts.log


async def test_an_id_is_not_looked_up() -> None:
    directory, api, _ = people()
    assert await directory.user_id("U7") == "U7"
    assert api.calls == []


async def test_an_address_is_looked_up_once_and_reported() -> None:
    directory, api, looked_up = people()
    assert [await directory.user_id("maya@x.io") for _ in range(2)] == ["U1", "U1"]
    assert api.methods() == ["users.lookupByEmail"]
    assert looked_up == [("maya@x.io", "U1")]


async def test_an_unknown_address_raises_and_stays_as_text_in_a_list() -> None:
    directory, _, log = people()
    with pytest.raises(SlackError, match="users_not_found"):
        await directory.user_id("gone@x.io")
    assert log == [("gone@x.io", "users_not_found")]
    assert await directory.ids(["gone@x.io", "maya@x.io", "U7"]) == ["gone@x.io", "U1", "U7"]


async def test_a_person_by_two_names_is_mentioned_once() -> None:
    directory, _, _ = people()
    assert await directory.ids(["maya@x.io", "U1"]) == ["U1"]


async def test_an_account_that_cannot_be_messaged_is_written_down() -> None:
    refused = SlackError("user_disabled", "conversations.open", permanent=True)
    directory, _, log = people(conversations_open=lambda args: refused)
    with pytest.raises(SlackError):
        await directory.direct_channel("U7")
    assert log == [("U7", "user_disabled")]


async def test_a_direct_channel_is_opened_once() -> None:
    directory, api, _ = people(conversations_open=lambda args: {"channel": {"id": f"D{args['users']}"}})
    assert [await directory.direct_channel("maya@x.io") for _ in range(2)] == ["DU1", "DU1"]
    assert api.methods().count("conversations.open") == 1


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ({"profile": {"display_name": "maya", "real_name": "Maya P."}}, "maya"),
        ({"profile": {"display_name": "", "real_name": "Maya P."}}, "Maya P."),
        ({"real_name": "Maya"}, "Maya"),
        ({}, "U7"),
    ],
)
async def test_a_person_is_named_as_slack_shows_them(account: dict[str, Any], name: str) -> None:
    directory, _, _ = people(users_info=lambda args: {"user": account})
    assert await directory.name("U7") == name


async def test_an_address_that_belongs_to_another_account_by_now_is_looked_up_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(people_module, "ID_FRESH_S", 0.0)
    answers: list[Answer] = [
        {"user": {"id": "U1"}}, {"user": {"id": "U2"}}, SlackError("internal_error", "users.lookupByEmail"),
        SlackError("users_not_found", "users.lookupByEmail", permanent=True),
    ]  # fmt: skip
    directory = People(cast(SlackApi, FakeApi(users_lookupByEmail=lambda args: answers.pop(0))), Accounts())
    assert [await directory.user_id("maya@x.io") for _ in range(3)] == ["U1", "U2", "U2"]
    with pytest.raises(SlackError, match="users_not_found"):
        await directory.user_id("maya@x.io")


async def test_an_account_that_slack_does_not_reach_is_looked_up_again() -> None:
    opened: list[Answer] = [
        SlackError("user_disabled", "conversations.open", permanent=True), {"channel": {"id": "D1"}},
    ]  # fmt: skip
    directory, api, _ = people(conversations_open=lambda args: opened.pop(0))
    with pytest.raises(SlackError, match="user_disabled"):
        await directory.direct_channel("maya@x.io")
    assert await directory.direct_channel("maya@x.io") == "D1"
    assert api.methods().count("users.lookupByEmail") == 2
