"""Validation of blocks and views, compared with Slack's reference schema where it is available."""

import importlib.util
import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.blocks import block_errors, view_of
from sandbox.errors import SlackError
from tests.sandbox.block_kit import RICH, button, input_block, option, plain, section, select
from tests.sandbox.conftest import REFERENCE

GOOD: list[list[dict[str, Any]]] = [
    [section("x" * 3000)],
    [{"type": "section", "fields": [{"type": "mrkdwn", "text": "f"}] * 10}],
    [section("x", accessory=button(style="primary", value="v" * 2000, url="https://x.example"))],
    [section("x", accessory=select(initial_option=option("One", "1")))],
    [section("x", accessory={"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"})],
    [{"type": "header", "text": plain("h" * 150)}],
    [{"type": "divider"}] * 50,
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}] * 10}],
    [{"type": "actions", "elements": [button(action_id=f"a{n}") for n in range(25)]}],
    [{"type": "actions", "elements": [{"type": "overflow", "action_id": "o", "options": [option("One", "1")]}]}],
    [{"type": "actions", "elements": [{"type": "users_select", "placeholder": plain("Who?")}, {"type": "datepicker"}]}],
    [{"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a", "title": plain("t")}],
    [{"type": "markdown", "text": "# hello"}],
    [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 20] * 100}],
    [input_block({"type": "plain_text_input", "max_length": 300, "action_id": "t"}, optional=True, hint=plain("h"))],
    [input_block({"type": "number_input", "is_decimal_allowed": False})],
    [input_block({"type": "radio_buttons", "options": [{"text": {"type": "mrkdwn", "text": "*a*"}, "value": "1"}]})],
    [RICH],
    [
        section(
            "x", accessory=button(confirm={"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes")})
        )
    ],
]
BAD: list[tuple[list[dict[str, Any]], str]] = [
    ([section("")], "must be more than 0 characters"),
    ([section("x" * 3001)], "must be less than 3001 characters"),
    ([{"type": "section"}], "must provide a text or fields"),
    ([{"type": "section", "fields": [plain("f")] * 11}], "no more than 10 items allowed"),
    ([{"type": "section", "fields": [plain("f" * 2001)]}], "must be less than 2001 characters"),
    ([{"type": "header", "text": plain("h" * 151)}], "must be less than 151 characters"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "h"}}], "unsupported type: mrkdwn"),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed"),
    ([{"type": "context", "elements": [plain("c")] * 11}], "no more than 10 items allowed"),
    ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    ([{"type": "actions", "elements": []}], "no fewer than 1 items allowed"),
    ([{"type": "actions", "elements": [button(action_id=f"a{n}") for n in range(26)]}], "no more than 25 items"),
    ([{"type": "actions", "elements": [{"type": "plain_text_input"}]}], "unsupported type: plain_text_input"),
    ([{"type": "actions", "elements": [button("x" * 76)]}], "must be less than 76 characters"),
    ([{"type": "actions", "elements": [button(value="x" * 2001)]}], "must be less than 2001 characters"),
    ([{"type": "actions", "elements": [button(style="danger!")]}], "must be one of"),
    ([{"type": "actions", "elements": [button(action_id="x" * 256)]}], "must be less than 256 characters"),
    ([{"type": "actions", "elements": [{"type": "overflow", "options": [option("a", "1")] * 6}]}], "no more than 5"),
    ([section("x", accessory=select(options=[option("a", str(n)) for n in range(101)]))], "no more than 100 items"),
    ([section("x", accessory=select(options=[option("a" * 76, "1")]))], "must be less than 76 characters"),
    ([section("x", accessory=select(options=[option("a", "1" * 151)]))], "must be less than 151 characters"),
    ([section("x", accessory=select(placeholder=plain("p" * 151)))], "must be less than 151 characters"),
    ([input_block({"type": "plain_text_input", "max_length": 3001})], "must be less than 3001"),
    (
        [input_block({"type": "checkboxes", "options": [option("a", str(n)) for n in range(11)]})],
        "no more than 10 items",
    ),
    ([input_block(button())], "unsupported type: button"),
    ([{"type": "input", "element": {"type": "plain_text_input"}}], "missing required field: label"),
    ([section("x", surprise=1)], "invalid additional property: surprise"),
    ([{"type": "marquee"}], "unsupported type: marquee"),
    ([{"type": "image", "image_url": "https://x.example/a.png"}], "missing required field: alt_text"),
    ([{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 21]}], "no more than 20 items"),
    ([section("a", block_id="b"), section("b", block_id="b")], "already exists"),
    ([{"type": "actions", "elements": [button(action_id="a"), button(action_id="a")]}], "already exists"),
    ([section("x", accessory=button(confirm={"text": plain("x" * 301)}))], "must be less than 301 characters"),
    ([{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 7000}], "12001 characters in all"),
]
# What Slack refuses but a schema cannot express.
BEYOND_SCHEMA: list[tuple[list[dict[str, Any]], str]] = [
    ([section("x", accessory=select(options=[]))], "no fewer than 1 items allowed"),
    ([section("x", accessory=select(initial_option=option("Three", "3")))], "not found in options"),
    ([input_block({"type": "plain_text_input", "min_length": 9, "max_length": 3})], "less than or equal to max_length"),
    ([{"type": "image", "image_url": "not a url", "alt_text": "a"}], "valid URL"),
]


@pytest.mark.parametrize("blocks", GOOD)
def test_valid_blocks_are_accepted(blocks: list[dict[str, Any]]) -> None:
    assert block_errors(blocks, "message") == []


@pytest.mark.parametrize(("blocks", "words"), BAD + BEYOND_SCHEMA)
def test_invalid_blocks_are_refused_with_a_json_pointer(blocks: list[dict[str, Any]], words: str) -> None:
    errors = block_errors(blocks, "message")
    assert any(words in line and "[json-pointer:/blocks" in line for line in errors), errors


@pytest.mark.skipif(not REFERENCE.exists(), reason="Slack's reference data is not beside this checkout")
def test_the_reference_schema_agrees() -> None:
    spec = importlib.util.spec_from_file_location("conformance", REFERENCE)
    assert spec
    assert spec.loader
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    for blocks in GOOD:
        assert reference.check_blocks(blocks) == []
    for blocks, _ in BAD:
        assert reference.check_blocks(blocks), json.dumps(blocks)[:300]


async def test_a_refusal_names_the_block_and_posts_nothing(client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="x", blocks=[section("x" * 3001)])
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == ["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel=channel, text="x", blocks=[section("x" * 2900)] * 5)
    with pytest.raises(SlackApiError, match="invalid_blocks_format"):
        await client.chat_postMessage(channel=channel, text="x", blocks="[not json")
    history = await client.conversations_history(channel=channel)
    assert [message["subtype"] for message in history["messages"]] == ["channel_join"]


MODAL: dict[str, Any] = {"type": "modal", "title": plain("Declare"), "blocks": [section("x")]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": plain("t" * 25)}, "must be less than 25 characters"),
        ({"submit": plain("s" * 25)}, "must be less than 25 characters"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters"),
        ({"callback_id": "x" * 256}, "must be less than 256 characters"),
        ({"blocks": [input_block({"type": "plain_text_input"})]}, "missing required field: submit"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed"),
        ({"blocks": [{"type": "table", "rows": []}]}, "unsupported type: table"),
        ({"type": "home"}, "must be modal"),
        ({"title": None}, "missing required field: title"),
        ({"colour": "red"}, "invalid additional property: colour"),
    ],
)
def test_an_invalid_modal_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SlackError) as caught:
        view_of(MODAL | changes, "modal")
    assert caught.value.error == "invalid_arguments"
    assert any(words in line for line in caught.value.extra["response_metadata"]["messages"])


def test_a_view_over_250_kilobytes_is_too_large() -> None:
    options = [option("x" * 75, f"{n:0150}") for n in range(100)]
    wide = [input_block(select(options=options), block_id=f"b{n}") for n in range(20)]
    with pytest.raises(SlackError, match="view_too_large"):
        view_of(MODAL | {"submit": plain("Go"), "blocks": wide}, "modal")
