"""Every kind of notice has a sender, words for its failure, and a place in routing that builds it."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain import routing
from bot.domain.routing.notice import (
    COPY_KINDS,
    INVITE_KINDS,
    MAIL_KINDS,
    PAGER_KINDS,
    SHEET_KINDS,
    SUBSCRIBER_MAIL_KINDS,
    SUBSCRIBER_WEBHOOK_KINDS,
    TICKET_KINDS,
    WEBHOOK_KINDS,
    WIKI_KINDS,
    NoticeKind,
)
from bot.slack.client import error_messages
from bot.slack.client.api import SlackError
from bot.slack.senders.dispatch import SENDERS, Dispatcher
from bot.slack.senders.registry import REGISTRY, failed_step, registered_by, sends
from storage.outbox.queue import ClaimedNotice

NOTHING: Any = None


def test_every_kind_of_notice_has_a_sender_or_is_for_the_pager() -> None:
    elsewhere = (
        PAGER_KINDS
        | MAIL_KINDS
        | WEBHOOK_KINDS
        | SUBSCRIBER_MAIL_KINDS
        | TICKET_KINDS
        | WIKI_KINDS
        | SUBSCRIBER_WEBHOOK_KINDS
        | INVITE_KINDS
    )
    elsewhere |= COPY_KINDS | SHEET_KINDS
    assert set(NoticeKind) == set(REGISTRY) | elsewhere
    assert not set(REGISTRY) & elsewhere


def test_the_dispatcher_knows_every_registered_sender() -> None:
    assert {entry.kind for sender in SENDERS for entry in registered_by(sender)} == set(REGISTRY)
    context: Any = SimpleNamespace(database=SimpleNamespace(reading=NOTHING))
    assert set(Dispatcher(context, NOTHING, NOTHING, NOTHING)._methods) == set(REGISTRY)


def test_every_sender_says_what_could_not_be_done() -> None:
    for entry in REGISTRY.values():
        for phrase in (entry.failure, entry.failure_to):
            assert phrase == phrase.strip() != ""
            assert not phrase.endswith(".")


def test_every_kind_of_notice_is_built_by_routing() -> None:
    built: set[str] = set()
    for module in Path(routing.__file__).parent.glob("*.py"):
        if module.name == "notice.py":
            continue
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call):
                built |= {
                    argument.attr
                    for argument in node.args
                    if isinstance(argument, ast.Attribute) and ast.unparse(argument.value) == "NoticeKind"
                }
    assert built == {kind.name for kind in NoticeKind}


def test_a_kind_has_one_sender_only() -> None:
    with pytest.raises(ValueError, match="two senders for notices of the kind card"):
        sends(NoticeKind.CARD, failure="post the card")(NOTHING)


def notice(kind: str, **payload: Any) -> ClaimedNotice:
    fields = {name: NOTHING for name in ClaimedNotice.__dataclass_fields__}
    return ClaimedNotice(**{**fields, "kind": kind, "payload": payload})


@pytest.mark.parametrize(
    ("kind", "payload", "start"),
    [
        ("approval", {}, "Could not post the request for approval: "),
        ("approval", {"person": "ana@example.com"}, "Could not send the request for approval to ana@example.com: "),
        ("step_late", {"person": "U1"}, "Could not send the reminder of a step to <@U1>: "),
        ("walk_edit", {}, "Could not keep the playbook up to date: "),
        ("invite", {"user": "U1"}, "Could not invite <@U1>: "),
        ("page_direct", {"person": "U1"}, "Could not page <@U1>: "),
        ("page_elsewhere", {"channel": "#ops"}, "Could not page in #ops: "),
        ("comms_slack", {"address": "#support"}, "Could not tell #support: "),
        ("comms_slack", {"address": "C0123ABCD"}, "Could not tell <#C0123ABCD>: "),
        ("comms_slack", {"address": "", "person": "U1"}, "Could not tell <@U1>: "),
    ],
)
def test_a_failure_says_what_was_meant_for_which_person(kind: str, payload: dict[str, Any], start: str) -> None:
    error = SlackError("users_not_found", "users.lookupByEmail", permanent=True)
    hint = "nobody in this workspace has that e-mail address (users_not_found)."
    assert error_messages.describe_failure(error, failed_step(notice(kind, **payload))) == start + hint
