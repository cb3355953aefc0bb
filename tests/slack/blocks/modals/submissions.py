"""Forms as Slack sends them back, and the errors that a reader finds in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.slack.blocks.inputs import InputErrors, View


def submission(view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """The view as Slack sends it back: `typed` by block, all else as it was prefilled."""
    values = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        name, element = block["block_id"], block["element"]
        values[name] = {element["action_id"]: _input_value(element, typed.get(name, ...))}
    return {**view, "state": {"values": values}}


def _input_value(element: dict[str, Any], given: Any) -> dict[str, Any]:
    sort = element["type"]
    if sort == "plain_text_input":
        return {"type": sort, "value": element.get("initial_value") if given is ... else given}
    if sort == "static_select":
        chosen = element.get("initial_option") if given is ... else _option(element, given)
        return {"type": sort, "selected_option": chosen}
    if sort in ("multi_static_select", "checkboxes"):
        chosen = [] if given is ... else [_option(element, one) for one in given]
        return {"type": sort, "selected_options": chosen}
    if sort == "users_select":
        return {"type": sort, "selected_user": element.get("initial_user") if given is ... else given}
    return {"type": sort, "selected_date_time": None if given is ... else given}


def _option(element: dict[str, Any], value: str) -> dict[str, Any]:
    groups = element.get("option_groups") or [element]
    return next(one for group in groups for one in group["options"] if one["value"] == value)


def inputs_of(view: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Every input: its block, its label, whether it may be left empty."""
    return [(b["block_id"], b["label"]["text"], b["optional"]) for b in view["blocks"] if b["type"] == "input"]


def errors(read: Callable[[View], object], view: dict[str, Any], **typed: Any) -> dict[str, str]:
    """The errors that the form's reader finds, by block."""
    with pytest.raises(InputErrors) as wrong:
        read(submission(view, **typed))
    return wrong.value.errors
