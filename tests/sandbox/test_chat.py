"""The `chat.*` methods: permitted messages, their stored form, and the people notified."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import NotVisible, SlackError, Workspace
from tests.sandbox.conftest import error_of

MAYA, TOM = "U0MAYA0000", "U0TOM00000"


@pytest.fixture
async def room(client: AsyncWebClient) -> str:
    """A channel with the bot, Maya and Tom."""
    channel: str = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=f"{MAYA},{TOM}")
    return channel


async def test_metadata_is_returned_only_on_request(client: AsyncWebClient, room: str) -> None:
    data = {"event_type": "tocsin", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=room, text="card", metadata=data)
    plain = await client.conversations_history(channel=room, limit=1)
    with_metadata = await client.conversations_history(channel=room, limit=1, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert with_metadata["messages"][0]["metadata"] == data
    wrong = client.chat_postMessage(channel=room, text="x", metadata={"event_type": "tocsin"})
    assert await error_of(wrong) == "invalid_metadata_format"


async def test_posting_needs_text_membership_and_an_existing_channel(client: AsyncWebClient, room: str) -> None:
    assert await error_of(client.api_call("chat.postMessage", json={"channel": room, "text": " "})) == "no_text"
    assert await error_of(client.chat_postMessage(channel="C0GENERAL0", text="x")) == "not_in_channel"
    assert await error_of(client.chat_postMessage(channel="C0NOSUCH00", text="x")) == "channel_not_found"
    assert await error_of(client.chat_postMessage(channel=room, text="x", thread_ts="1.0")) == "thread_not_found"
    by_name = await client.chat_postMessage(channel="#inc-1", text="x")
    assert by_name["channel"] == room


async def test_an_app_can_change_only_its_own_messages(client: AsyncWebClient, ws: Workspace, room: str) -> None:
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


async def test_an_update_with_text_only_removes_the_blocks(client: AsyncWebClient, ws: Workspace, room: str) -> None:
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
async def test_loose_characters_are_escaped_and_control_sequences_kept(
    client: AsyncWebClient, room: str, text: str, kept: str
) -> None:
    assert (await client.chat_postMessage(channel=room, text=text))["message"]["text"] == kept


async def test_mentions_decide_who_is_notified(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    async def post(text: str, blocks: list[dict[str, Any]] | None = None) -> Any:
        posted = await client.chat_postMessage(channel=room, text=text, blocks=blocks)
        return ws.state.message(room, posted["ts"])

    assert ws.notified(await post("hello")) == set()
    assert ws.notified(await post(f"<@{MAYA}> and <@U0SAM00000>")) == {MAYA}
    assert ws.notified(await post("<!here> look")) == {MAYA, TOM}
    assert ws.notified(await post("<!subteam^S0ONCALL01>")) == {MAYA, TOM}
    assert ws.notified(await post("&lt;!channel&gt;")) == set()
    quiet = [{"type": "section", "text": {"type": "plain_text", "text": f"<@{MAYA}>"}}]
    assert ws.mentioned(await post(f"<@{MAYA}>", quiet)) == set()
    loud = [{"type": "section", "text": {"type": "mrkdwn", "text": f"<@{TOM}> <!channel>"}}]
    assert ws.mentioned(await post("x", loud)) == {TOM, "channel"}


async def test_typed_text_mentions_only_existing_names(ws: Workspace, room: str) -> None:
    message = await ws.person("maya").say(room, "<!channel> @tom @nobody #payments see https://x.example & @oncall")
    assert message.text == (
        "&lt;!channel&gt; <@U0TOM00000> @nobody <#C0PAYMENTS|payments> see <https://x.example> &amp; "
        "<!subteam^S0ONCALL01>"
    )
    assert ws.mentioned(message) == {TOM, MAYA}


async def test_an_ephemeral_is_visible_only_to_its_user_who_must_be_a_member(
    client: AsyncWebClient, ws: Workspace, room: str
) -> None:
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


async def test_pressing_a_button_that_is_not_there_fails(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    posted = await client.chat_postMessage(channel=room, text="one")
    message = ws.state.message(room, posted["ts"])
    assert message
    with pytest.raises(NotVisible):
        await ws.person("maya").press(message, "Acknowledge")


async def test_a_permalink_leads_to_the_message(client: AsyncWebClient, room: str) -> None:
    ts = (await client.chat_postMessage(channel=room, text="one"))["ts"]
    link = (await client.chat_getPermalink(channel=room, message_ts=ts))["permalink"]
    assert link == f"https://sandbox.slack.com/archives/{room}/p{ts.replace('.', '')}"
