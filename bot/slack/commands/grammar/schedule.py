"""Parses the name of an on-call schedule in a command, for the verbs `oncall` and `cover`."""

from __future__ import annotations

import difflib

from bot.domain.errors import Refused
from bot.domain.oncall.layer_path import layer_path, parse_layer_path
from bot.domain.policy.policy import Policy
from bot.slack.commands import cover_window
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, normalize
from bot.slack.commands.request import Request

_GIVE_UP = frozenset({"none", "nobody", "noone", "no-one", "clear", "-", "off", "end", "stop"})
_LISTED = 20  # schedules in an answer


def optional_schedule(context: ParseContext) -> Request:
    """Parse the name of a schedule; without one, all are meant."""
    if not context.rest:
        return Request(context.verb.name)
    return Request(context.verb.name, schedule=find_schedule(context.rest, context.policy))


def cover(context: ParseContext) -> Request:
    """Parse a schedule and a time: `primary for 2h`, `primary from tomorrow 18:00 until 06:00`.

    `primary none` ends the covers. Without a time, the form asks for it.
    """
    head, _, last = context.rest.rpartition(" ")
    if head and last.lower() in _GIVE_UP:
        return Request(context.verb.name, schedule=_find_place(head, context.policy), clear=True)
    try:
        words = cover_window.parse(context.rest)
        if not words.name and not words.words:
            return Request(context.verb.name)
        if "/" not in words.name:
            cover_window.check_name(words.name, context.policy.schedules)
        schedule = _find_place(words.name, context.policy)
        return Request(context.verb.name, schedule=schedule, window=words.window())
    except Refused as refused:
        raise ArgumentError(refused.message) from None


def _find_place(typed: str, policy: Policy) -> str:
    """A schedule, or one of its layers: `support/night`. Raises `ArgumentError`."""
    name, separator, layer = typed.partition("/")
    schedule = find_schedule(name, policy)
    if not separator:
        return schedule
    try:
        return layer_path(*parse_layer_path(f"{schedule}/{layer}", policy.schedules))
    except Refused as refused:
        raise ArgumentError(refused.message) from None


def find_schedule(typed: str, policy: Policy) -> str:
    """The key of the schedule meant by its name or the start of one. Raises `ArgumentError`."""
    name = normalize(typed.rstrip(",.;:!?"))
    keys = list(policy.schedules)
    if not keys:
        raise ArgumentError("The policy has no schedules. Add some under `schedules:`, then try again.")
    if not name:
        raise ArgumentError(f"Which schedule? One of: {', '.join(keys[:_LISTED])}.")
    exact = [key for key in keys if normalize(key) == name]
    matching = exact or [key for key in keys if normalize(key).startswith(name)]
    if len(matching) != 1:
        near = matching or difflib.get_close_matches(name, keys, n=2, cutoff=0.5)
        hint = f"Did you mean {join_or(near)}?" if near else f"Use one of: {', '.join(keys[:_LISTED])}."
        raise ArgumentError(f"There is no schedule “{echo(typed)}”. {hint}")
    return matching[0]
