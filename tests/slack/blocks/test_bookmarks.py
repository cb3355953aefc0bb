"""The addresses of an incident's bookmarks, and the link to its call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import ChannelLoss
from bot.slack.blocks import bookmarks
from tests.factories import BEN, FIVE, minutes, new_incident, with_channel

OPEN = with_channel(new_incident())
TEAM = "T0TEAM"


def test_every_placeholder_of_a_bookmark_is_filled_in() -> None:
    policy = replace(FIVE, bookmarks={"bridge": "https://meet.example.org/{id}/{number}/{slug}/{severity}"})
    assert bookmarks.address("bridge", OPEN, policy, TEAM) == "https://meet.example.org/INC-1/1/checkout-is-down/sev1"


def test_the_link_says_whether_the_bridge_is_a_huddle_or_a_call() -> None:
    huddle = replace(FIVE, bookmarks={"bridge": "huddle"})
    call = replace(FIVE, bookmarks={"bridge": "https://meet.example.org/?a=1&b=2"})
    world = f"https://app.slack.com/huddle/{TEAM}/{OPEN.channel_id}"
    assert bookmarks.bridge(OPEN, huddle, TEAM) == f"<{world}|Join the huddle>"
    assert bookmarks.bridge(OPEN, call, TEAM) == "<https://meet.example.org/?a=1&amp;b=2|Join the call>"


@pytest.mark.parametrize(
    "incident",
    [new_incident(), replace(OPEN, channel_lost=ChannelLoss.ARCHIVED), verbs.resolve(OPEN, BEN, minutes(3)).incident],
    ids=["no channel yet", "an archived channel", "over"],
)
def test_a_huddle_is_linked_only_where_people_can_meet(incident: verbs.Incident) -> None:
    assert bookmarks.bridge(incident, replace(FIVE, bookmarks={"bridge": "huddle"}), TEAM) == ""


def test_a_bridge_that_is_named_goes_before_the_huddle_of_a_war_room() -> None:
    severities = tuple(replace(each, extra={"war_room": each.key == "sev1"}) for each in FIVE.severities)
    policy = replace(FIVE, severities=severities, bookmarks={})
    assert policy.bookmarks_of("sev1") == {"bridge": "huddle"}
    assert policy.bookmarks_of("sev2") == {}
    assert replace(policy, bookmarks={"bridge": "https://m.example"}).bookmarks_of("sev1") == {
        "bridge": "https://m.example"
    }
