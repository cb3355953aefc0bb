"""The `conversations.*` methods, pins, reactions and bookmarks, with Slack's errors."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import SlackError, Workspace
from tests.sandbox.conftest import error_of

MAYA, TOM, GAIL, ALEX = "U0MAYA0000", "U0TOM00000", "U0GAIL0000", "U0ALEX0000"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("Capital", "invalid_name_specials"),
        ("two words", "invalid_name_specials"),
        ("dot.dot", "invalid_name_specials"),
        ("---", "invalid_name_punctuation"),
        ("x" * 81, "invalid_name_maxlength"),
        ("general", "name_taken"),
    ],
)
async def test_every_kind_of_invalid_channel_name_has_its_own_error(
    client: AsyncWebClient, name: str, error: str
) -> None:
    assert await error_of(client.conversations_create(name=name)) == error


async def test_an_archived_channel_keeps_its_name(client: AsyncWebClient) -> None:
    made = await client.conversations_create(name="inc-1")
    channel = made["channel"]["id"]
    await client.conversations_archive(channel=channel)
    assert await error_of(client.conversations_archive(channel=channel)) == "already_archived"
    assert await error_of(client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert await error_of(client.conversations_invite(channel=channel, users=MAYA)) == "is_archived"
    assert await error_of(client.conversations_setTopic(channel=channel, topic="x")) == "is_archived"
    assert await error_of(client.conversations_create(name="inc-1")) == "name_taken"


async def test_an_impossible_invitation_says_why(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=f"{MAYA},{GAIL}")
    assert await error_of(client.conversations_invite(channel=channel, users=MAYA)) == "already_in_channel"
    assert await error_of(client.conversations_invite(channel=channel, users=ws.bot.id)) == "cant_invite_self"
    assert await error_of(client.conversations_invite(channel=channel, users="U0NOBODY00")) == "user_not_found"
    assert await error_of(client.conversations_invite(channel=channel, users=ALEX)) == "org_user_not_in_team"
    both = ",".join([MAYA, TOM])
    assert await error_of(client.conversations_invite(channel=channel, users=both)) == "already_in_channel"
    assert TOM not in ws.channel(channel).members
    answer = await client.conversations_invite(channel=channel, users=both, force=True)
    assert answer["errors"] == [{"user": MAYA, "ok": False, "error": "already_in_channel"}]
    assert TOM in ws.channel(channel).members


async def test_nonmembers_cannot_read_or_change_a_channel(client: AsyncWebClient) -> None:
    general = "C0GENERAL0"
    assert await error_of(client.conversations_history(channel=general)) == "not_in_channel"
    assert await error_of(client.conversations_setTopic(channel=general, topic="x")) == "not_in_channel"
    assert await error_of(client.pins_add(channel=general, timestamp="1.2")) == "not_in_channel"
    assert await error_of(client.conversations_invite(channel=general, users=GAIL)) == "not_in_channel"
    assert await error_of(client.bookmarks_add(channel_id=general, title="t", type="link", link="https://x")) == (
        "access_denied"
    )
    joined = await client.conversations_join(channel=general)
    assert joined["channel"]["is_member"]
    assert (await client.conversations_join(channel=general))["warning"] == "already_in_channel"


async def test_a_private_channel_is_invisible_to_nonmembers(client: AsyncWebClient, ws: Workspace) -> None:
    secret = await ws.person("maya").create("secret", is_private=True)
    for call in (
        client.conversations_info(channel=secret.id),
        client.conversations_history(channel=secret.id),
        client.chat_postMessage(channel=secret.id, text="x"),
        client.conversations_join(channel=secret.id),
    ):
        assert await error_of(call) == "channel_not_found"
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert "secret" not in {channel["name"] for channel in listed["channels"]}
    with pytest.raises(SlackError, match="channel_not_found"):
        await ws.person("tom").join("secret")


async def test_only_the_app_that_created_a_channel_can_rename_it(client: AsyncWebClient, ws: Workspace) -> None:
    await client.conversations_join(channel="C0PAYMENTS")
    assert await error_of(client.conversations_rename(channel="C0PAYMENTS", name="pay")) == "not_authorized"
    made = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_rename(channel=made, name="inc-1-search")
    assert ws.channel(made).previous_names == ["inc-1"]


async def test_history_is_paginated_backwards_and_leaves_replies_out(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=MAYA)
    maya = ws.person("maya")
    lines = [await maya.say(channel, f"line {number}") for number in range(7)]
    await maya.reply(lines[0], "in the thread")
    await maya.reply(lines[0], "and to everyone", broadcast=True)

    texts, cursor = [], None
    while True:
        part = await client.conversations_history(channel=channel, limit=4, cursor=cursor)
        texts += [message["text"] for message in part["messages"]]
        if not part["has_more"]:
            break
        cursor = part["response_metadata"]["next_cursor"]
    assert texts[:8] == ["and to everyone", *(f"line {number}" for number in range(6, -1, -1))]
    assert "in the thread" not in texts

    replies = await client.conversations_replies(channel=channel, ts=lines[0].ts)
    assert [m["text"] for m in replies["messages"]] == ["line 0", "in the thread", "and to everyone"]
    assert replies["messages"][0]["reply_count"] == 2
    assert replies["messages"][0]["latest_reply"] == replies["messages"][2]["ts"]
    assert await error_of(client.conversations_replies(channel=channel, ts="1.000001")) == "thread_not_found"


async def test_oldest_and_latest_are_exclusive_unless_inclusive(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=MAYA)
    first, second, third = [await ws.person("maya").say(channel, word) for word in ("one", "two", "three")]

    async def texts(**span: object) -> list[str]:
        history = await client.conversations_history(channel=channel, **span)  # type: ignore[arg-type]
        return [message["text"] for message in history["messages"]]

    assert await texts(oldest=first.ts) == ["three", "two"]
    assert await texts(oldest=first.ts, latest=third.ts) == ["two"]
    assert await texts(oldest=first.ts, latest=third.ts, inclusive=True) == ["three", "two", "one"]
    assert await texts(oldest=second.ts, latest=second.ts, inclusive=True, limit=1) == ["two"]


async def test_a_direct_message_is_opened_once(client: AsyncWebClient, ws: Workspace) -> None:
    first = await client.conversations_open(users=MAYA)
    again = await client.conversations_open(users=[MAYA])
    assert again["already_open"]
    assert first["channel"]["id"] == again["channel"]["id"]
    assert await error_of(client.conversations_open(users="")) == "users_list_not_supplied"
    posted = await client.chat_postMessage(channel=MAYA, text="hello")
    assert posted["channel"] == first["channel"]["id"]
    assert ws.notified(ws.messages(posted["channel"])[0]) == {MAYA}


async def test_pins_and_reactions_refuse_duplicates_and_bookmarks_invalid_links(
    client: AsyncWebClient, ws: Workspace
) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    ts = (await client.chat_postMessage(channel=channel, text="card"))["ts"]
    await client.pins_add(channel=channel, timestamp=ts)
    assert await error_of(client.pins_add(channel=channel, timestamp=ts)) == "already_pinned"
    await client.pins_remove(channel=channel, timestamp=ts)
    assert await error_of(client.pins_remove(channel=channel, timestamp=ts)) == "no_pin"
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert await error_of(client.reactions_add(channel=channel, timestamp=ts, name="eyes")) == "already_reacted"
    await client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
    assert await error_of(client.reactions_remove(channel=channel, timestamp=ts, name="eyes")) == "no_reaction"
    added = await client.bookmarks_add(channel_id=channel, title="Bridge", type="link", link="https://meet.example/1")
    assert (await client.bookmarks_list(channel_id=channel))["bookmarks"] == [added["bookmark"]]
    await client.bookmarks_edit(channel_id=channel, bookmark_id=added["bookmark"]["id"], title="Call")
    await client.bookmarks_remove(channel_id=channel, bookmark_id=added["bookmark"]["id"])
    assert await error_of(client.bookmarks_add(channel_id=channel, title="t", type="link", link="meet")) == (
        "invalid_link"
    )
    long = client.bookmarks_add(channel_id=channel, title="t" * 257, type="link", link="https://x.example")
    assert await error_of(long) == "invalid_arguments"


async def test_people_are_found_by_id_and_email(client: AsyncWebClient) -> None:
    assert (await client.users_info(user=MAYA))["user"]["tz"] == "Europe/Berlin"
    assert (await client.users_lookupByEmail(email="Tom@example.com"))["user"]["id"] == TOM
    assert await error_of(client.users_lookupByEmail(email="nobody@example.com")) == "users_not_found"
    assert await error_of(client.users_info(user="U0NOBODY00")) == "user_not_found"
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == [MAYA, TOM]
