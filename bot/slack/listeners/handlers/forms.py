"""Builds the handlers of buttons that open a form, and of buttons that do the same as a verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.domain.incident import require_open
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import Press, PressHandler, VerbCall, VerbHandler, View
from storage.timeline import entries as timeline


def press_of_verb(handler: VerbHandler, name: str, **arguments: Any) -> PressHandler:
    """The handler of a button that does the same as a verb."""

    async def press(call: Press) -> Message | None:
        return await handler(call.as_verb(name, **arguments))

    return press


def press_for_form(build: Callable[[Press], View], instead: str, *, when_open: bool = True) -> PressHandler:
    """The handler of a button that opens a form. `instead` is a command that does the same; its verb is the permission.

    The form fits an open incident, or with `when_open=False` an ended one.
    """

    async def press(call: Press) -> Message | None:
        return await open_form(call, build(call), instead, when_open=when_open)

    return press


async def open_form(
    call: Press, view: View, instead: str, *, verb: str | None = None, when_open: bool = True
) -> Message | None:
    """Open a form if the incident's state fits it. Raises `Refused` if the person may not use it.

    `verb` is the permission, by default the first word of `instead`.
    """
    if call.incident.open != when_open:
        return await outdated_press(call)
    call.require(verb or instead.split(maxsplit=1)[0], call.incident)
    return await call.open_form(view, instead)


async def outdated_press(call: Press) -> Message:
    """The answer to a button of a message from before the incident ended, or was reopened: who did that, and when."""
    kinds = ("reopened",) if call.incident.open else ("resolved", "closed", "cancelled", "merged")
    async with call.context.database.reading() as conn:
        newest = await timeline.newest_of_kinds(conn, call.number, kinds)
    return replies.outdated_press_reply(call.incident, newest.entry if newest else None)


async def open_form_of_verb(call: VerbCall, view: View, instead: str) -> Message | None:
    """Open the form of a verb that was typed without words, if the incident is open and the person may use it.

    Raises `Refused` otherwise. `instead` is as for `open_form`.
    """
    require_open(call.incident)
    call.require(instead.split(maxsplit=1)[0], call.incident)
    return await call.open_form(view, instead)
