"""Slack's IDs by their form."""

from __future__ import annotations

import pytest

from bot.domain.values import slack_ids
from bot.domain.values.slack_ids import MENTION, is_channel_id, is_user_id, user_mention


@pytest.mark.parametrize(
    ("text", "user", "channel"),
    [
        ("U0123ABCD", True, False),
        ("W0123ABCD", True, False),
        ("C0123ABCD", False, True),
        ("G0123ABCD", False, True),
        ("U", False, False),
        ("u0123abcd", False, False),
        ("U0123ABCD\n", False, False),
        ("maya@x.io", False, False),
        ("#C0123ABCD", False, False),
    ],
)
def test_ids_are_recognized_by_their_form(text: str, user: bool, channel: bool) -> None:
    assert (is_user_id(text), is_channel_id(text)) == (user, channel)


def test_a_mention_names_the_user() -> None:
    assert MENTION.findall(f"{user_mention('U1')} and <@nobody> and <@W2>") == ["U1", "W2"]


def test_people_are_named_where_they_are_mentioned_or_listed_and_unknown_ones_stay() -> None:
    names = {"U0PRIYA000": "priya"}
    assert slack_ids.with_names("page to U0PRIYA000, U0TOM00000: <@U0PRIYA000> asks", names) == (
        "page to priya, U0TOM00000: priya asks"
    )
    assert slack_ids.with_names("<@U0TOM00000> UPDATES", names) == "<@U0TOM00000> UPDATES"
    assert slack_ids.user_ids_in("to U0PRIYA000 (<@U0TOM00000>), SU0NOBODY") == {"U0PRIYA000", "U0TOM00000"}
