"""One thing that a person did, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"


@dataclass(slots=True)
class Act:
    """Something that a person did. `who` is their ID. Its text, if any, contains `token`."""

    what: str
    who: str
    token: str
    number: int | None
    outcome: str
    words: str = ""


def pick(things: list[Any], pick: float) -> Any:
    if not things:
        raise LookupError("there is nothing to pick yet")
    return things[int(pick * len(things))]
