"""Builds the values of buttons about an incident, with a tag that tells it from an earlier one of the same number.

After a restore from a backup, a number can be given again while buttons of the earlier incident stand in Slack. The
tag is the last part of the `block_id`, which older versions do not read; they read the whole value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bot.domain.incident import Incident

_TAG = re.compile(r"@([0-9a-f]{1,16})\Z")
_ID = 255  # characters of a block_id


class PressValue(str):
    """The value of a button about an incident, with the incident's tag."""

    __slots__ = ("tag",)
    tag: str


def press_value(incident: Incident, *parts: object) -> PressValue:
    """The value `INC-42`, or `INC-42:part:part`."""
    value = PressValue(":".join((incident.id, *map(str, parts))))
    value.tag = incident_tag(incident)
    return value


def incident_tag(incident: Incident) -> str:
    """The tag of an incident: when it was declared, in milliseconds."""
    return f"{int(incident.declared_at.timestamp() * 1000):x}"


def with_tag(block_id: str | None, elements: Iterable[dict[str, Any]]) -> str | None:
    """The `block_id` with the tag of the incident that the block's buttons are about; unchanged if there is none."""
    for element in elements:
        for holder in (element, *element.get("options", ())):
            value = holder.get("value")
            if isinstance(value, PressValue):
                mark = f"@{value.tag}"
                name = block_id or f"{element.get('action_id', '')}:{value}"
                return name[: _ID - len(mark)] + mark
    return block_id


def tag_in(block_id: str) -> str | None:
    """The tag in a `block_id`. None for blocks about no incident, and for those of older versions."""
    match = _TAG.search(block_id)
    return match[1] if match else None
