"""Channels: names, members, archives, history — with Slack's refusals."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import SlackError, Workspace
from tests.sandbox.test_api import error_of

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
async def test_a_channel_name_is_refused_by_name(client: AsyncWebClient, name: str, error: str) -> None:
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


async def test_who_cannot_be_invited_is_told_why(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=f"{MAYA},{GAIL}")
    assert await error_of(client.conversations_invite(channel=channel, users=MAYA)) == "already_in_channel"
    assert await error_of(client.conversations_invite(channel=channel, users=ws.bot.id)) == "cant_invite_self"
    assert await error_of(client.conversations_invite(channel=channel, users="U0NOBODY00")) == "user_not_found"
    assert await error_of(client.conversations_invite(channel=channel, users=ALEX)) == "org_user_not_in_team"
    everybody = ",".join([MAYA, TOM])
    assert await error_of(client.conversations_invite(channel=channel, users=everybody)) == "already_in_channel"
    assert TOM not in ws.channel(channel).members
    answer = await client.conversations_invite(channel=channel, users=everybody, force=True)
    assert answer["errors"] == [{"user": MAYA, "ok": False, "error": "already_in_channel"}]
    assert TOM in ws.channel(channel).members


async def test_what_only_members_may_do(client: AsyncWebClient) -> None:
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


async def test_a_private_channel_is_not_there_for_those_outside(client: AsyncWebClient, ws: Workspace) -> None:
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


async def test_only_the_creator_app_renames(client: AsyncWebClient, ws: Workspace) -> None:
    await client.conversations_join(channel="C0PAYMENTS")
    assert await error_of(client.conversations_rename(channel="C0PAYMENTS", name="pay")) == "not_authorized"
    made = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_rename(channel=made, name="inc-1-search")
    assert ws.channel(made).previous_names == ["inc-1"]


async def test_history_pages_backwards_and_leaves_replies_out(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=MAYA)
    maya = ws.person("maya")
    said = [await maya.say(channel, f"line {number}") for number in range(7)]
    await maya.reply(said[0], "in the thread")
    await maya.reply(said[0], "and to everybody", broadcast=True)

    pages, cursor = [], None
    while True:
        page = await client.conversations_history(channel=channel, limit=4, cursor=cursor)
        pages += [message["text"] for message in page["messages"]]
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert pages[:8] == ["and to everybody", *(f"line {number}" for number in range(6, -1, -1))]
    assert "in the thread" not in pages

    replies = await client.conversations_replies(channel=channel, ts=said[0].ts)
    assert [m["text"] for m in replies["messages"]] == ["line 0", "in the thread", "and to everybody"]
    assert replies["messages"][0]["reply_count"] == 2
    assert replies["messages"][0]["latest_reply"] == replies["messages"][2]["ts"]
    assert await error_of(client.conversations_replies(channel=channel, ts="1.000001")) == "thread_not_found"


async def test_oldest_and_latest_are_open_ends_unless_inclusive(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=MAYA)
    one, two, three = [await ws.person("maya").say(channel, word) for word in ("one", "two", "three")]

    async def texts(**span: object) -> list[str]:
        found = await client.conversations_history(channel=channel, **span)  # type: ignore[arg-type]
        return [message["text"] for message in found["messages"]]

    assert await texts(oldest=one.ts) == ["three", "two"]
    assert await texts(oldest=one.ts, latest=three.ts) == ["two"]
    assert await texts(oldest=one.ts, latest=three.ts, inclusive=True) == ["three", "two", "one"]
    assert await texts(oldest=two.ts, latest=two.ts, inclusive=True, limit=1) == ["two"]


async def test_a_direct_message_is_opened_once(client: AsyncWebClient, ws: Workspace) -> None:
    first = await client.conversations_open(users=MAYA)
    again = await client.conversations_open(users=[MAYA])
    assert again["already_open"]
    assert first["channel"]["id"] == again["channel"]["id"]
    assert await error_of(client.conversations_open(users="")) == "users_list_not_supplied"
    posted = await client.chat_postMessage(channel=MAYA, text="hello")
    assert posted["channel"] == first["channel"]["id"]
    assert ws.notified(ws.messages(posted["channel"])[0]) == {MAYA}


async def test_pins_reactions_and_bookmarks_are_refused_twice(client: AsyncWebClient, ws: Workspace) -> None:
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
    mark = await client.bookmarks_add(channel_id=channel, title="Bridge", type="link", link="https://meet.example/1")
    assert (await client.bookmarks_list(channel_id=channel))["bookmarks"] == [mark["bookmark"]]
    await client.bookmarks_edit(channel_id=channel, bookmark_id=mark["bookmark"]["id"], title="Call")
    await client.bookmarks_remove(channel_id=channel, bookmark_id=mark["bookmark"]["id"])
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
