"""Slack's IDs by their form."""

from __future__ import annotations

import pytest

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
