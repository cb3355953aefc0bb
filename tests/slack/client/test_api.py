"""The consequence of Slack's answers for the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.integrations.http import RETRY_MARGIN_S
from bot.slack.client.api import SlackApi, SlackError, _from_answer
from bot.slack.client.error_messages import describe_failure
from bot.web import slack_check
from bot.web.slack_check import SlackCheck


class Answer:
    """An answer as the SDK passes it on."""

    def __init__(self, status: int, data: Any, **headers: str) -> None:
        self.status_code, self.data = status, data
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusal(status: int, data: Any, **headers: str) -> SlackError:
    error = SlackApiError("refused", Answer(status, data, **headers))  # type: ignore[no-untyped-call]  # of the SDK
    return _from_answer(error, "views.open")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "30"}, 30.0),
        ({"retry_after": "1"}, 1.0),
        ({"RETRY_AFTER": "0"}, 0.0),
        ({"Retry_After": "soon"}, 1.0),
        ({"Retry_After": "nan"}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_429_is_followed_later_than_slack_said_and_not_much_later(headers: dict[str, str], seconds: float) -> None:
    assert refusal(429, {"ok": False, "error": "ratelimited"}, **headers).wait_s == seconds + RETRY_MARGIN_S
    assert refusal(200, {"ok": False, "error": "ratelimited"}, **headers).wait_s == seconds + RETRY_MARGIN_S


@pytest.mark.parametrize("data", [{}, {"ok": False}, {"ok": False, "error": None}, {"error": ""}, {"error": 5}])
def test_a_refusal_without_a_name_is_said_to_be_without_one_and_is_tried_again(data: dict[str, Any]) -> None:
    error = refusal(200, data)
    assert describe_failure(error, "invite") == "Could not invite: Slack refused (it gave no reason)."
    assert (error.permanent, error.uncertain) == (False, True)


def test_a_page_in_the_place_of_slacks_answer_is_no_final_refusal() -> None:
    assert (refusal(200, "<html>").permanent, refusal(200, "<html>").uncertain) == (False, True)
    assert (refusal(403, "<html>").permanent, refusal(403, "<html>").uncertain) == (False, False)


def test_a_refusal_that_slack_names_is_final() -> None:
    error = refusal(200, {"ok": False, "error": "cant_invite"})
    assert (error.name, error.permanent) == ("cant_invite", True)


class Client:
    """A client of which a test swaps the token while a call is under way."""

    def __init__(self) -> None:
        self.token = "xoxb-old"
        self.answer: Exception | Any = None
        self.under_way: Callable[[], None] = lambda: None

    async def auth_test(self) -> Any:
        self.under_way()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_an_answer_about_an_earlier_token_says_nothing_about_the_one_in_use() -> None:
    client = Client()
    api = SlackApi(cast(AsyncWebClient, client))
    client.answer = SlackApiError("refused", Answer(200, {"ok": False, "error": "token_revoked"}))  # type: ignore[no-untyped-call]  # of the SDK
    client.under_way = lambda: api.use_token("xoxb-new")
    with pytest.raises(SlackError, match="token_revoked"):
        await api.call("auth.test")
    assert api.refused is None
    client.under_way = lambda: None
    with pytest.raises(SlackError, match="token_revoked"):
        await api.call("auth.test")
    assert api.refused == "token_revoked"


async def test_ready_asks_slack_only_if_no_call_was_answered_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    api, asked = SlackApi(cast(AsyncWebClient, client)), []
    client.answer = Answer(200, {"ok": True})
    client.under_way = lambda: asked.append("auth.test")
    await api.call("auth.test")  # as the start does
    check = SlackCheck(api, None)
    assert [await check(), await check()] == [None, None]
    assert len(asked) == 1
    monkeypatch.setattr(slack_check, "ASK_EVERY_S", -1.0)
    client.answer = SlackApiError("refused", Answer(503, {}))  # type: ignore[no-untyped-call]  # of the SDK
    assert "does not answer as it should" in str(await check())
    assert len(asked) == 2
