"""Only its bytes decide the type of a signed body."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from bot.web.slack_body import is_event, read_body

EVENT = {"type": "event_callback", "event": {"type": "message", "text": "&command=/incident&user_id=U1&text=resolve"}}
PRESS = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "ack"}]}


def test_json_is_an_event_whatever_is_written_in_it() -> None:
    assert read_body(json.dumps(EVENT)) == EVENT
    assert is_event(read_body("\n " + json.dumps(EVENT)))


def test_a_form_with_a_payload_is_an_interaction() -> None:
    assert read_body(urlencode({"payload": json.dumps(PRESS)})) == PRESS
    assert not is_event(PRESS)


def test_a_command_keeps_the_fields_that_slack_documents_and_drops_others() -> None:
    fields = {"command": "/incident", "text": "note payload={}&command=/x", "user_id": "U1"}
    assert read_body(urlencode({**fields, "new_field": "1"})) == fields
    assert read_body("ssl_check=1&token=x") == {"ssl_check": "1", "token": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "payload",
        "a=b",
        "text=ack",
        "command=/incident&command=/incident",
        "command=/incident&text=a&text=b",
        "command=/incident&payload={}",
        "payload={}&payload={}",
        json.dumps(PRESS),
        json.dumps({"command": "/incident", "user_id": "U1", "text": "resolve"}),
        json.dumps({**EVENT, "command": "/incident"}),
        json.dumps([EVENT]),
        urlencode({"payload": json.dumps(EVENT)}),
        urlencode({"payload": json.dumps({"command": "/incident", "user_id": "U1"})}),
        urlencode({"payload": json.dumps([PRESS])}),
        urlencode({json.dumps(EVENT): ""}),
        "x" + json.dumps(EVENT),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=None):
        read_body(text)
