"""Reading a submitted modal: `view["state"]["values"]` and `private_metadata` as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.errors import TocsinError
from bot.slack.blocks.elements import METADATA
from bot.slack.text import clip, from_modal, length

View = Mapping[str, Any]
_WORTH_KEEPING = 40


class InputErrors(TocsinError):
    """What is wrong, by `block_id`; Slack shows each message under its input."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


def metadata(**known: Any) -> str:
    """For `private_metadata`. Where it is too much, words within give way first, then whole values, the largest first;
    an incident's ID always fits.
    """
    kept = {key: value for key, value in known.items() if value is not None}
    while length(written := json.dumps(kept, separators=(",", ":"), ensure_ascii=False)) > METADATA:
        key = max(kept, key=lambda key: len(json.dumps(kept[key])))
        if isinstance(kept[key], dict) and len(said := str(kept[key].get("text", ""))) > _WORTH_KEEPING:
            kept[key] = {**kept[key], "text": clip(said, length(said) // 2)}
        else:
            del kept[key]
    return written


def metadata_of(view: View) -> dict[str, Any]:
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        return {}
    return found if isinstance(found, dict) else {}


def incident_of(view: View) -> int:
    """The incident's number. Raises `InputErrors` where the modal does not know it any more."""
    number = known_incident(view)
    if number is None:
        raise InputErrors({first_block(view): "This form has lost its incident. Close it and open it again."})
    return number


def known_incident(view: View) -> int | None:
    """The incident's number, where the form is about one."""
    _, _, number = str(metadata_of(view).get("incident", "")).rpartition("-")
    return int(number) if number.isdecimal() else None


def first_block(view: View) -> str:
    values = (view.get("state") or {}).get("values") or {}
    return next(iter(values), "text")


def element(view: View, name: str) -> Mapping[str, Any]:
    """The one element of the block `name`; empty where the modal had none."""
    block = ((view.get("state") or {}).get("values") or {}).get(name) or {}
    found = block.get(name) or next(iter(block.values()), None)
    return found if isinstance(found, Mapping) else {}


def text(view: View, name: str) -> str:
    return from_modal(element(view, name).get("value"))


def chosen(view: View, name: str) -> str | None:
    option = element(view, name).get("selected_option")
    return str(option["value"]) if option else None


def several(view: View, name: str) -> tuple[str, ...]:
    return tuple(str(option["value"]) for option in element(view, name).get("selected_options") or ())


def user(view: View, name: str) -> str | None:
    return element(view, name).get("selected_user") or None


def instant(view: View, name: str) -> datetime | None:
    seconds = element(view, name).get("selected_date_time")
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
