"""What could not be done is said in words, whatever it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack.client import error_messages
from bot.slack.client.api import SlackError
from bot.slack.senders.dispatch import Sender
from storage.outbox.queue import ClaimedNotice

NOTHING: Any = None


def test_every_kind_of_notice_has_words_for_its_failure() -> None:
    context: Any = SimpleNamespace(database=SimpleNamespace(reading=NOTHING))
    sender = Sender(context, NOTHING, NOTHING, NOTHING)
    kinds = {*sender._handlers, *sender._of_no_incident}
    assert kinds - set(error_messages.STEPS) == set()
    assert set(error_messages.TO) <= set(error_messages.STEPS)


def row(kind: str, **payload: Any) -> ClaimedNotice:
    known = {name: NOTHING for name in ClaimedNotice.__dataclass_fields__}
    return ClaimedNotice(**{**known, "kind": kind, "payload": payload})


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        ("approval", {}, "Could not post the request for approval: "),
        ("approval", {"person": "ana@example.com"}, "Could not send the request for approval to ana@example.com: "),
        ("step_late", {"person": "U1"}, "Could not send the reminder of a step to <@U1>: "),
        ("walk_edit", {}, "Could not keep the playbook up to date: "),
        ("invite", {"user": "U1"}, "Could not invite <@U1>: "),
        ("page_direct", {"person": "U1"}, "Could not page <@U1>: "),
    ],
)
def test_it_says_what_was_meant_for_whom(kind: str, payload: dict[str, Any], said: str) -> None:
    error = SlackError("users_not_found", "users.lookupByEmail", permanent=True)
    mend = "nobody in this workspace has that e-mail address (users_not_found)."
    assert error_messages.describe_failure(error, row(kind, **payload)) == said + mend
