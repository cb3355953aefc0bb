"""The accounts of the people whom a policy names are looked up before somebody has to page them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import accounts
from bot.slack.directory.accounts import AccountSync
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from tests.slack.fakes import Answer, FakeApi
from tests.usecases.conftest import MakeContext, clock, make_context

__all__ = ["clock", "make_context"]

POLICY = """
preset: sev1-5
contacts:
  ana: {slack: ana@example.com}
  gone: {slack: gone@example.com}
  left: {slack: U0LEFT0001}
schedules:
  primary: {timezone: UTC, start: 2026-01-05, members: [ana, U0BEN00001]}
"""


def by_email(args: dict[str, Any]) -> Answer:
    if args["email"] == "ana@example.com":
        return {"user": {"id": "U0ANA00001"}}
    return SlackError("users_not_found", "users.lookupByEmail", permanent=True)


def info(args: dict[str, Any]) -> Answer:
    return {"user": {"id": args["user"], "deleted": args["user"] == "U0LEFT0001"}}


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def test_everybody_named_in_the_policy_is_looked_up_once(context: Context) -> None:
    api = FakeApi(users_lookupByEmail=by_email, users_info=info)
    sync = AccountSync(context, cast(SlackApi, api))
    for _ in range(3):
        await sync.refresh()
    assert len(api.calls) == 4
    async with context.database.reading() as conn:
        known = await current_directory(conn, context.policy)
    assert known.users == {"ana@example.com": "U0ANA00001"}
    assert known.unreachable == {
        "gone@example.com": "nobody in this workspace has that e-mail address",
        "U0LEFT0001": "their account is deactivated",
    }


async def test_a_person_who_is_back_is_reachable_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "RECHECK_S", 0.0)
    await AccountSync(context, cast(SlackApi, FakeApi(users_lookupByEmail=by_email, users_info=info))).refresh()
    back = FakeApi(users_lookupByEmail=lambda _: {"user": {"id": "U0X"}}, users_info=lambda args: {"user": args})
    await AccountSync(context, cast(SlackApi, back)).refresh()
    async with context.database.reading() as conn:
        assert (await current_directory(conn, context.policy)).unreachable == {}


async def test_an_error_that_is_not_about_the_person_marks_nobody(context: Context) -> None:
    down = SlackError("fatal_error", "users.lookupByEmail", uncertain=True)
    api = FakeApi(users_lookupByEmail=lambda _: down, users_info=lambda _: down)
    await AccountSync(context, cast(SlackApi, api)).refresh()
    async with context.database.reading() as conn:
        assert (await current_directory(conn, context.policy)).unreachable == {}
