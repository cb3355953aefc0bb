"""A page to a channel that the policy names goes to the channel that has this name now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.slack.client.api import SlackError
from bot.slack.senders import pages
from bot.slack.senders.base import SenderContext
from bot.slack.senders.pages import SlackPageSender
from tests.slack.fakes import Answer, FakeApi


class Workspace:
    """Two channels, of which a test changes the names."""

    def __init__(self) -> None:
        self.names = {"C0OLD": "ops", "C0NEW": "ops-2"}
        self.broken: SlackError | None = None

    def info(self, args: dict[str, Any]) -> Answer:
        return self.broken or {"channel": {"id": args["channel"], "name": self.names[args["channel"]]}}

    def channels(self, _: dict[str, Any]) -> Answer:
        return {"channels": [{"id": identity, "name": name} for identity, name in self.names.items()]}


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(pages, "NAME_FRESH_S", 0.0)
    return Workspace()


def sender(workspace: Workspace) -> tuple[SlackPageSender, FakeApi]:
    api = FakeApi(
        conversations_info=workspace.info, users_conversations=workspace.channels, conversations_list=workspace.channels
    )
    shared = SimpleNamespace(api=api, context=None, people=None)
    return SlackPageSender(cast(SenderContext, shared)), api


async def test_a_channel_that_took_the_name_of_a_renamed_one_gets_the_page(workspace: Workspace) -> None:
    page_sender, _ = sender(workspace)
    assert await page_sender._channel_id("#ops") == "C0OLD"
    workspace.names = {"C0OLD": "ops-old", "C0NEW": "ops"}
    assert await page_sender._channel_id("#ops") == "C0NEW"


async def test_a_channel_that_keeps_its_name_is_not_searched_for_again(workspace: Workspace) -> None:
    page_sender, api = sender(workspace)
    assert [await page_sender._channel_id("#ops") for _ in range(2)] == ["C0OLD", "C0OLD"]
    assert api.methods() == ["users.conversations", "conversations.info"]


async def test_a_page_does_not_wait_until_slack_can_say_the_name(workspace: Workspace) -> None:
    page_sender, _ = sender(workspace)
    await page_sender._channel_id("#ops")
    workspace.broken = SlackError("internal_error", "conversations.info")
    assert await page_sender._channel_id("#ops") == "C0OLD"
