"""Validation of blocks and views, compared with Slack's reference schema where it is available."""

import importlib.util
import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.blocks import block_errors, view_of, with_ids
from sandbox.errors import SlackError
from tests.sandbox.block_kit import RICH, button, input_block, option, plain, section, select
from tests.sandbox.conftest import REFERENCE


def chart(kind: str = "bar", **more: Any) -> dict[str, Any]:
    """A chart of one value for each category and series name."""
    categories = more.pop("categories", ["w1", "w2"])
    points = [{"label": label, "value": 1.5} for label in more.pop("points", categories)]
    series = [{"name": name, "data": points} for name in more.pop("names", ["SEV1"])]
    body = {"type": kind, "series": series, "axis_config": {"categories": categories}}
    return {"type": "data_visualization", "title": "Incidents", "chart": body, **more}


def segment(label: str, value: float) -> dict[str, Any]:
    """A segment of a pie."""
    return {"label": label, "value": value}


def cell(text: str) -> dict[str, Any]:
    """A cell of text."""
    return {"type": "raw_text", "text": text}


def number(value: float) -> dict[str, Any]:
    """A cell with a number."""
    return {"type": "raw_number", "value": value, "text": str(value)}


def table(**more: Any) -> dict[str, Any]:
    """A data table."""
    return {"type": "data_table", "caption": "Incidents", "rows": [[cell("ID")], [cell("INC-1")]], **more}


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
GOOD += [
    [chart(), chart("line")],
    [{"type": "data_visualization", "title": "Share", "chart": {"type": "pie", "segments": [segment("SEV1", 0.5)]}}],
    [table(rows=[[cell("ID"), cell("n")]] + [[cell("a"), number(1)]] * 200, page_size=100, row_header_column_index=1)],
    [table(rows=[[cell("ID")], [RICH]])],
    [{"type": "container", "title": plain("Figures"), "child_blocks": [section("x"), {"type": "divider"}]}],
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
BAD += [
    ([chart(title="x" * 51)], "must be less than 51 characters"),
    ([chart("scatter")], "unsupported type: scatter"),
    ([chart(names=[f"s{n}" for n in range(13)])], "no more than 12 items allowed"),
    ([chart(names=["x" * 21])], "must be less than 21 characters"),
    ([chart(categories=[f"w{n}" for n in range(21)])], "no more than 20 items allowed"),
    ([{"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": [segment("a", 0)]}}], "than 0"),
    ([table(rows=[[cell("ID")]])], "no fewer than 2 items allowed"),
    ([table(rows=[[cell("ID")]] * 202)], "no more than 201 items allowed"),
    ([table(caption=None)], "missing required field: caption"),
    ([table(page_size=101)], "must be less than 101"),
    ([table(rows=[[cell("ID")], [button()]])], "unsupported type: button"),
    ([{"type": "container", "title": plain("x"), "child_blocks": [section("x")] * 11}], "no more than 10 items"),
    ([{"type": "container", "title": plain("x"), "child_blocks": [chart()]}], "unsupported type: data_visualization"),
]
# What Slack refuses but a schema cannot express.
BEYOND_SCHEMA: list[tuple[list[dict[str, Any]], str]] = [
    ([chart(), chart(), chart()], "no more than 2 data_visualization blocks"),
    ([chart(names=["a", "a"])], "series name already exists: a"),
    ([chart(categories=["w1", "w2"], points=["w1"])], "one value for every category"),
    ([table(rows=[[cell("ID"), cell("n")], [cell("a")]])], "the same number of cells"),
    ([table(rows=[[RICH], [cell("a")]])], "rich_text is not allowed in the header"),
    ([table(rows=[[cell("ID")], [cell("x" * 5001)]]), table(rows=[[cell("ID")], [cell("x" * 5001)]])], "10001"),
    ([{"type": "container", "title": plain("x"), "child_blocks": []}], "no fewer than 1"),
    ([{"type": "container", "child_blocks": [section("x")]}], "title or rich_text_title"),
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


def test_a_workspace_without_a_block_refuses_it_and_takes_the_others() -> None:
    blocks = [section("x"), chart(), table()]
    errors = block_errors(blocks, "message", refused={"data_visualization"})
    assert errors == ["unsupported type: data_visualization [json-pointer:/blocks/1/type]"]


def test_a_chart_is_no_block_of_the_home_tab() -> None:
    assert block_errors([table()], "home") == []
    assert "unsupported type: data_visualization" in block_errors([chart()], "home")[0]


def test_the_buttons_in_a_container_have_ids_of_their_own() -> None:
    children = [{"type": "actions", "elements": [button()]}, {"type": "actions", "elements": [button()]}]
    container = {"type": "container", "title": plain("x"), "child_blocks": children}
    first, second = with_ids([container])[0]["child_blocks"]
    assert first["block_id"] != second["block_id"]
    assert first["elements"][0]["action_id"]
