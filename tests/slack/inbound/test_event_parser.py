"""Slack's events and messages as timeline entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.timeline.messages import entries_from_message
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import BotIdentity

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
BOT = BotIdentity("UBOT", "BBOT", "T1", "https://acme.slack.com/")


@pytest.mark.parametrize(
    ("thread_ts", "link"),
    [
        (None, "https://acme.slack.com/archives/C1/p1700000000000100"),
        ("1700000000.000100", "https://acme.slack.com/archives/C1/p1700000000000100"),
        (
            "1600000000.000100",
            "https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1600000000.000100&cid=C1",
        ),
    ],
)
def test_a_message_has_the_link_that_slack_gives_it(thread_ts: str | None, link: str) -> None:
    assert event_parser.permalink(BOT, "C1", "1700000000.000100", thread_ts) == link


def test_without_the_workspaces_address_there_is_no_link() -> None:
    assert event_parser.permalink(BotIdentity("UBOT", "BBOT", "T1"), "C1", "1.1") is None


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"text": "down"}, "down"),
        ({"text": "", "attachments": [{"fallback": "Alert"}, {"text": "more"}]}, "Alert\nmore"),
        (
            {
                "attachments": [
                    {
                        "fallback": "in short",
                        "pretext": "CPU",
                        "title": "web-1",
                        "text": "97 %",
                        "fields": [{"title": "Region", "value": "eu"}, {"value": "page on-call"}],
                    },
                    {"fallback": "[no preview available]", "blocks": [{"type": "section", "text": {"text": "inner"}}]},
                ]
            },
            "CPU\nweb-1\n97 %\nRegion: eu\npage on-call\ninner",
        ),
        (
            {
                "text": " ",
                "blocks": [
                    {"type": "header", "text": {"text": "Deploy"}},
                    {"type": "section", "fields": [{"text": "*Build*"}, {"text": "4512"}]},
                    {"type": "context", "elements": [{"text": "by"}, {"type": "image"}, {"text": "CI"}]},
                    {"type": "markdown", "text": "**done**"},
                    {"type": "image", "alt_text": "a graph"},
                ],
            },
            "Deploy\n*Build*\n4512\nby CI\n**done**\na graph",
        ),
        (
            {
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "user", "user_id": "U1"},
                                    {"type": "text", "text": " <see> "},
                                    {"type": "link", "url": "https://x.example", "text": "this"},
                                    {"type": "emoji", "name": "fire"},
                                    {"type": "channel", "channel_id": "C1"},
                                    {"type": "usergroup", "usergroup_id": "S1"},
                                    {"type": "broadcast", "range": "here"},
                                ],
                            },
                            {
                                "type": "rich_text_list",
                                "elements": [
                                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]},
                                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]},
                                ],
                            },
                        ],
                    }
                ]
            },
            "<@U1> &lt;see&gt; <https://x.example|this>:fire:<#C1><!subteam^S1><!here>\none\ntwo",
        ),
        ({"blocks": [{"text": {"text": "from a block"}}, {"type": "divider"}, "malformed"]}, "from a block"),
        ({"attachments": [None, "x", {"fields": [None, {}]}], "blocks": "x", "edited": "x", "files": [None]}, ""),
        ({"text": None, "blocks": [{"type": "rich_text", "elements": [None, {"elements": None}]}]}, ""),
    ],
)
def test_text_that_is_not_in_text_is_read_wherever_it_is(message: dict[str, Any], text: str) -> None:
    assert event_parser.channel_message({"ts": "1.1", **message}, "C1", BOT).text == text


@pytest.mark.parametrize(("team", "external"), [("T1", False), ("T2", True), (None, False)])
def test_a_message_from_another_workspace_is_external(team: str | None, external: bool) -> None:
    assert event_parser.channel_message({"ts": "1.1", "user_team": team}, "C1", BOT).external is external


@pytest.mark.parametrize(
    ("message", "by_bot"),
    [
        ({"bot_id": "BBOT"}, True),
        ({"bot_id": "BOTHER", "user": "UBOT"}, False),
        ({"user": "UBOT"}, True),
        ({"user": "U1"}, False),
    ],
)
def test_the_bot_knows_its_own_messages(message: dict[str, Any], by_bot: bool) -> None:
    assert BOT.wrote(message) is by_bot


@pytest.mark.parametrize(
    ("reaction", "added", "kind", "text"),
    [
        ("pushpin", True, "keyed", ""),
        ("pushpin", False, "unkeyed", ""),
        ("+1::skin-tone-3", True, "reaction", ":+1:"),
        ("eyes", False, "reaction", ":eyes: taken back"),
    ],
)
def test_a_meaningful_reaction_is_recorded(reaction: str, added: bool, kind: str, text: str) -> None:
    event = {"reaction": reaction, "user": "U1", "item": {"ts": "1.1"}}
    entry = event_parser.reaction_entry(event, "Ev1", AT, added=added)
    assert entry is not None
    assert (entry.kind, entry.text, entry.actor, entry.source_ts) == (kind, text, "U1", "1.1")


def test_any_other_reaction_is_not_recorded() -> None:
    assert event_parser.reaction_entry({"reaction": "tada", "item": {"ts": "1.1"}}, "Ev1", AT, added=True) is None


def test_a_reaction_is_incomplete_where_slack_counts_more_people_than_it_names() -> None:
    message = {
        "ts": "1.1",
        "reactions": [
            {"name": "eyes", "users": ["U1"], "count": 3},
            {"name": "pushpin", "users": ["U2"], "count": 1},
            {"name": "tada", "users": ["U3"], "count": 9},
        ],
    }
    entries, incomplete = event_parser.reactions_on(message, AT)
    assert [(entry.kind, entry.actor) for entry in entries] == [("reaction", "U1"), ("keyed", "U2")]
    assert incomplete == {("1.1", ":eyes:")}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"text": "a"}, {"text": "b"}, True),
        ({"text": "a"}, {"text": "a", "edited": {"ts": "2.2"}}, True),
        ({"text": "a"}, {"text": "a", "reply_count": 1}, False),
        ({"text": "a", "edited": {"ts": "2.2"}}, {"text": "a", "edited": {"ts": "2.2"}}, False),
    ],
)
def test_only_a_changed_text_is_an_edit(before: dict[str, Any], after: dict[str, Any], changed: bool) -> None:
    assert event_parser.text_changed({"message": after, "previous_message": before}) is changed


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"bot_id": "B0HOOK", "username": "Deploy bot"}, "Deploy bot"),
        ({"bot_id": "B0HOOK", "bot_profile": {"name": "Grafana\n"}}, "Grafana"),
        ({"user": "U0STRANGER", "user_team": "T2", "user_profile": {"display_name": "", "real_name": "Ada"}}, "Ada"),
        ({"user": "U1", "user_profile": {"display_name": "Maya"}}, None),  # a member's name is Slack's to show
        ({"bot_id": "B0HOOK", "bot_profile": "x"}, None),
    ],
)
def test_a_name_that_came_along_is_kept_for_apps_workflows_and_strangers(
    message: dict[str, Any], name: str | None
) -> None:
    parsed = event_parser.channel_message({"ts": "1.1", "text": "hello", **message}, "C1", BOT)
    (entry,) = entries_from_message(parsed, AT)
    assert entry.data.get("name") == name
