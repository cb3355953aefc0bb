"""The tables of handlers: complete, and without one name for two handlers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bot.slack.commands.request import MENU
from bot.slack.commands.verb import Grammar
from bot.slack.commands.verbs import VERBS as TABLE
from bot.slack.listeners import handlers
from bot.slack.listeners.handlers import PRESSES, SUBMISSIONS, VERBS, WORKSPACE_VERBS, relations
from tests.domain.incidents import new_incident

MODULES = [
    module for name, module in vars(handlers).items() if getattr(module, "__name__", "").startswith(handlers.__name__)
]


def names(table: str) -> list[str]:
    return [name for module in MODULES for name in getattr(module, table, ())]


def test_every_verb_about_an_incident_has_a_handler() -> None:
    about_incident = {verb.name for verb in TABLE if verb.needs_incident}
    assert set(VERBS) == about_incident | {MENU}


def test_every_other_verb_but_declare_has_a_handler() -> None:
    others = {verb.name for verb in TABLE if not verb.needs_incident and verb.grammar is not Grammar.DECLARATION}
    assert set(WORKSPACE_VERBS) == others


def test_every_table_of_a_module_is_registered() -> None:
    assert set(names("VERBS")) == set(VERBS)
    assert set(names("WORKSPACE_VERBS")) == set(WORKSPACE_VERBS)
    assert set(names("PRESSES")) == set(PRESSES)
    assert set(names("SUBMISSIONS")) == set(SUBMISSIONS)


def test_no_two_modules_handle_the_same_name() -> None:
    for table in ("VERBS", "WORKSPACE_VERBS", "PRESSES", "SUBMISSIONS"):
        assert [name for name, count in Counter(names(table)).items() if count > 1] == []


def test_the_tags_in_an_answer_are_escaped_once() -> None:
    reply = relations._tag_reply(replace(new_incident(), tags=("r&d", "checkout")))
    assert "Tags of INC-1: r&amp;d, checkout." in str(reply.blocks)
