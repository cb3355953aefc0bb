"""Reads the values of a submitted form from Slack's payload, as plain Python values.

It also packs values into the form's `private_metadata`, and reads them back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from bot.domain.errors import Refused, TocsinError
from bot.slack.blocks.elements import METADATA
from bot.slack.text import clip, from_modal, length

View = Mapping[str, Any]
_SHORTEST_TEXT = 40
_PLACE = ("channel", "response_url")  # where a form was opened


class InputErrors(TocsinError):
    """Errors of a form by `block_id`; Slack shows each message under its input."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@contextmanager
def refusal_at(block_id: str) -> Iterator[None]:
    """Show a refusal under an input of the form, as `InputErrors`."""
    try:
        yield
    except Refused as refused:
        raise InputErrors({block_id: refused.message}) from None


def metadata(**values: Any) -> str:
    """Encode the values as JSON for `private_metadata`, within Slack's limit; see `pack`."""
    return pack(values, METADATA)


def pack(values: Mapping[str, Any], limit: int) -> str:
    """Encode the values as JSON of at most `limit` characters.

    If they do not fit, texts are shortened first, then whole values dropped, the largest first. An incident's ID always
    fits.
    """
    remaining = {key: value for key, value in values.items() if value is not None}
    while length(encoded := json.dumps(remaining, separators=(",", ":"), ensure_ascii=False)) > limit:
        key = max(remaining, key=lambda key: len(json.dumps(remaining[key])))
        if isinstance(remaining[key], dict) and len(label := str(remaining[key].get("text", ""))) > _SHORTEST_TEXT:
            remaining[key] = {**remaining[key], "text": clip(label, length(label) // 2)}
        else:
            del remaining[key]
    return encoded


def opened_in(view: View, channel: str | None, response_url: str | None, tag: str | None = None) -> View:
    """The form, which remembers where it is opened and the address for answers, if there is room for them.

    `tag` tells the incident that the form is about from an earlier one of the same number (see `press_value`).
    """
    context = {"channel": channel, "response_url": response_url, "tag": tag}
    values = {**{key: value for key, value in context.items() if value}, **metadata_of(view)}
    encoded = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return {**view, "private_metadata": encoded} if length(encoded) <= METADATA else view


def metadata_of(view: View) -> dict[str, Any]:
    """The values that `metadata` encoded. Empty if they cannot be read."""
    return unpack(view.get("private_metadata") or "{}")


def unpack(encoded: str) -> dict[str, Any]:
    """The values that `pack` encoded. Empty if they cannot be read."""
    try:
        values = json.loads(encoded)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        return {}
    return values if isinstance(values, dict) else {}


def incident_of(view: View) -> int:
    """The incident's number. Raises `InputErrors` if the form has none."""
    number = known_incident(view)
    if number is None:
        raise InputErrors({first_block(view): "This form lost track of its incident. Close it and open it again."})
    return number


def known_incident(view: View) -> int | None:
    """The incident's number. None if the form is about no incident."""
    _, _, number = str(metadata_of(view).get("incident", "")).rpartition("-")
    return int(number) if number.isdecimal() else None


def in_place_of(view: View, following: View) -> dict[str, Any]:
    """A form that takes the place of another one, and remembers where that was opened."""
    private_metadata = metadata_of(view)
    channel, response_url = (value if isinstance(value := private_metadata.get(key), str) else None for key in _PLACE)
    return dict(opened_in(following, channel, response_url, tag_of(view)))


def tag_of(view: View) -> str | None:
    """The tag of the form's incident. None for a form of an older version, or one about no incident."""
    tag = metadata_of(view).get("tag")
    return tag if isinstance(tag, str) else None


def first_block(view: View) -> str:
    """The ID of the first input, for an error that belongs to no input."""
    values = (view.get("state") or {}).get("values") or {}
    return next(iter(values), "text")


def element(view: View, name: str) -> Mapping[str, Any]:
    """The state of the one element in the block `name`. Empty if the form has no such block."""
    block = ((view.get("state") or {}).get("values") or {}).get(name) or {}
    state = block.get(name) or next(iter(block.values()), None)
    return state if isinstance(state, Mapping) else {}


def text(view: View, name: str) -> str:
    """The text of an input, with Slack's escapes undone. Empty if nothing was typed."""
    return from_modal(element(view, name).get("value"))


def typed_texts(view: View) -> list[tuple[str, str]]:
    """Every text that was typed into the form, with the label of its input, in the order of the form."""
    labels = {block.get("block_id"): (block.get("label") or {}).get("text") for block in view.get("blocks") or ()}
    values = (view.get("state") or {}).get("values") or {}
    typed = []
    for name in [*[name for name in labels if name in values], *[name for name in values if name not in labels]]:
        if typed_text := text(view, name):
            typed.append((str(labels.get(name) or name), typed_text))
    return typed


def chosen_value(view: View, name: str) -> str | None:
    """The value of a select. None if nothing is chosen."""
    option = element(view, name).get("selected_option")
    return str(option["value"]) if option else None


def several(view: View, name: str) -> tuple[str, ...]:
    """The values of checkboxes or of a multi-select."""
    return tuple(str(option["value"]) for option in element(view, name).get("selected_options") or ())


def user(view: View, name: str) -> str | None:
    """The ID of the chosen user. None if none is chosen."""
    return element(view, name).get("selected_user") or None


def instant(view: View, name: str) -> datetime | None:
    """The chosen instant, in UTC. None if none is chosen."""
    seconds = element(view, name).get("selected_date_time")
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def day(view: View, name: str) -> date | None:
    """The chosen day. None if none is chosen."""
    chosen_day = element(view, name).get("selected_date")
    return date.fromisoformat(str(chosen_day)) if chosen_day else None
