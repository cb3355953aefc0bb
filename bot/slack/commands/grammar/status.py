"""Parses a status with an optional note, for the verb `status`."""

from __future__ import annotations

import difflib

from bot.domain.incident.status import ORDER, Status
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, split_first_word
from bot.slack.commands.request import Request

# Other words for a status: suggested, never assumed.
SYNONYMS = {
    **dict.fromkeys(("fixed", "done", "solved", "over", "recovered", "ok"), Status.RESOLVED),
    **dict.fromkeys(("fixing", "mitigated", "rollback"), Status.MITIGATING),
    **dict.fromkeys(("looking", "triage", "debugging"), Status.INVESTIGATING),
    **dict.fromkeys(("ack", "acked", "responding"), Status.ACKNOWLEDGED),
    **dict.fromkeys(("found", "cause"), Status.IDENTIFIED),
    **dict.fromkeys(("watching", "observing"), Status.MONITORING),
}


def status_and_note(context: ParseContext) -> Request:
    """Parse a status or its beginning, then a note. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    name, note = split_first_word(context.rest)
    name = name.rstrip(":,;").lower()
    names = [str(status) for status in ORDER[1:]]
    if not name:
        raise ArgumentError(f"Which status? One of: {', '.join(names)}.")
    if name == Status.DETECTED:
        raise ArgumentError(f"It cannot become undetected. Use one of: {', '.join(names)}.")
    matching = [status for status in names if status.startswith(name)]
    if name == Status.CANCELLED:
        matching = [name]
    if len(matching) != 1:
        synonym = [str(SYNONYMS[name])] if name in SYNONYMS else []
        near = matching or synonym or difflib.get_close_matches(name, names, n=2, cutoff=0.5)
        hint = f"Did you mean {join_or(near)}?" if near else f"Use one of: {', '.join(names)}."
        raise ArgumentError(f"There is no status “{echo(name)}”. {hint}")
    return Request(context.verb.name, status=Status(matching[0]), text=note)
