"""Messages: what may be said where, what is kept, who is told."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import NoSuchThing, SlackError, Workspace
from tests.sandbox.test_api import error_of

MAYA, TOM = "U0MAYA0000", "U0TOM00000"


@pytest.fixture
async def room(client: AsyncWebClient) -> str:
    """A channel with the bot, Maya and Tom."""
    channel: str = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=f"{MAYA},{TOM}")
    return channel


async def test_metadata_comes_back_only_when_asked_for(client: AsyncWebClient, room: str) -> None:
    data = {"event_type": "tocsin", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=room, text="card", metadata=data)
    plain = await client.conversations_history(channel=room, limit=1)
    asked = await client.conversations_history(channel=room, limit=1, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert asked["messages"][0]["metadata"] == data
    wrong = client.chat_postMessage(channel=room, text="x", metadata={"event_type": "tocsin"})
    assert await error_of(wrong) == "invalid_metadata_format"


async def test_posting_needs_words_membership_and_a_channel_that_is_there(client: AsyncWebClient, room: str) -> None:
    assert await error_of(client.api_call("chat.postMessage", json={"channel": room, "text": " "})) == "no_text"
    assert await error_of(client.chat_postMessage(channel="C0GENERAL0", text="x")) == "not_in_channel"
    assert await error_of(client.chat_postMessage(channel="C0NOSUCH00", text="x")) == "channel_not_found"
    assert await error_of(client.chat_postMessage(channel=room, text="x", thread_ts="1.0")) == "thread_not_found"
    by_name = await client.chat_postMessage(channel="#inc-1", text="x")
    assert by_name["channel"] == room


async def test_an_app_changes_only_what_it_said(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    theirs = await ws.person("maya").say(room, "mine")
    assert await error_of(client.chat_update(channel=room, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=room, ts=theirs.ts)) == "cant_delete_message"
    assert await error_of(client.chat_update(channel=room, ts="1.000001", text="x")) == "message_not_found"
    ts = (await client.chat_postMessage(channel=room, text="one"))["ts"]
    assert (await client.chat_update(channel=room, ts=ts, text="two"))["text"] == "two"
    await client.chat_delete(channel=room, ts=ts)
    assert await error_of(client.chat_update(channel=room, ts=ts, text="x")) == "message_not_found"
    with pytest.raises(SlackError, match="cant_update_message"):
        await ws.person("tom").edit(theirs, "not mine")


async def test_a_text_without_blocks_takes_the_blocks_away(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    posted = await client.chat_postMessage(channel=room, text="one", blocks=[{"type": "divider"}])
    message = ws.state.message(room, posted["ts"])
    assert message
    assert message.blocks
    await client.chat_update(channel=room, ts=posted["ts"], text="two")
    assert message.blocks is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a < b && c", "a &lt; b &amp;&amp; c"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("<https://x.example|link> <@U0MAYA0000> <!here>", "<https://x.example|link> <@U0MAYA0000> <!here>"),
        ("<script>", "&lt;script&gt;"),
    ],
)
async def test_stray_signs_are_escaped_and_control_sequences_kept(
    client: AsyncWebClient, room: str, text: str, kept: str
) -> None:
    assert (await client.chat_postMessage(channel=room, text=text))["message"]["text"] == kept


async def test_who_is_mentioned_and_whose_telephone_rings(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    async def said(text: str, blocks: list[dict[str, Any]] | None = None) -> Any:
        posted = await client.chat_postMessage(channel=room, text=text, blocks=blocks)
        return ws.state.message(room, posted["ts"])

    assert ws.notified(await said("hello")) == set()
    assert ws.notified(await said(f"<@{MAYA}> and <@U0SAM00000>")) == {MAYA}
    assert ws.notified(await said("<!here> look")) == {MAYA, TOM}
    assert ws.notified(await said("<!subteam^S0ONCALL01>")) == {MAYA, TOM}
    assert ws.notified(await said("&lt;!channel&gt;")) == set()
    quiet = [{"type": "section", "text": {"type": "plain_text", "text": f"<@{MAYA}>"}}]
    assert ws.mentioned(await said(f"<@{MAYA}>", quiet)) == set()
    loud = [{"type": "section", "text": {"type": "mrkdwn", "text": f"<@{TOM}> <!channel>"}}]
    assert ws.mentioned(await said("x", loud)) == {TOM, "channel"}


async def test_what_people_type_mentions_only_what_slack_finds(ws: Workspace, room: str) -> None:
    message = await ws.person("maya").say(room, "<!channel> @tom @nobody #payments see https://x.example & @oncall")
    assert message.text == (
        "&lt;!channel&gt; <@U0TOM00000> @nobody <#C0PAYMENTS|payments> see <https://x.example> &amp; "
        "<!subteam^S0ONCALL01>"
    )
    assert ws.mentioned(message) == {TOM, MAYA}


async def test_an_ephemeral_is_for_a_member_and_nobody_else(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    await client.chat_postEphemeral(channel=room, user=MAYA, text="psst")
    assert [shown.text for shown in ws.person("maya").ephemerals("#inc-1")] == ["psst"]
    assert ws.person("tom").ephemerals() == []
    outside = client.chat_postEphemeral(channel=room, user="U0SAM00000", text="psst")
    assert await error_of(outside) == "user_not_in_channel"
    history = await client.conversations_history(channel=room)
    assert "psst" not in {message["text"] for message in history["messages"]}


async def test_a_file_is_uploaded_in_three_steps(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    done = await client.files_upload_v2(
        channel=room, filename="timeline.md", content="# INC-1", initial_comment="The draft"
    )
    file = done["file"]["id"]
    assert ws.state.contents[file] == b"# INC-1"
    assert ws.messages(room)[-1].files == [file]
    assert (await client.files_info(file=file))["file"]["name"] == "timeline.md"


async def test_a_press_on_what_is_gone_is_noticed(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    posted = await client.chat_postMessage(channel=room, text="one")
    message = ws.state.message(room, posted["ts"])
    assert message
    with pytest.raises(NoSuchThing):
        await ws.person("maya").press(message, "Acknowledge")


async def test_a_permalink_leads_to_the_message(client: AsyncWebClient, room: str) -> None:
    ts = (await client.chat_postMessage(channel=room, text="one"))["ts"]
    link = (await client.chat_getPermalink(channel=room, message_ts=ts))["permalink"]
    assert link == f"https://sandbox.slack.com/archives/{room}/p{ts.replace('.', '')}"
