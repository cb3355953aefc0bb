"""Notices: what is to be told or done outside, by meaning. They are rendered when they are sent, not before."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Priority(IntEnum):
    """Lower goes first: a page never waits behind a card."""

    PAGE = 0
    CHANNEL = 10
    CARD = 20
    ANSWER = 25
    NUDGE = 30
    NEWS = 40
    SETUP = 50
    EDIT = 60
    FETCH = 80


class OnDependencyFailure(StrEnum):
    """What becomes of a notice when the one it waits for fails for good."""

    FAIL = "fail"
    SEND = "send"  # go without it
    DIRECT = "direct"  # go to the reporter's direct messages instead


@dataclass(frozen=True, slots=True)
class Notice:
    """`dedup_key` is unique for ever: putting the same notice again changes nothing, unless `resend` is set
    (edits collapse that way into the newest). `depends_on` is the `dedup_key` of the notice that must be sent before.
    """

    dedup_key: str
    kind: str
    incident: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    depends_on: str | None = None
    on_dependency_failure: OnDependencyFailure = OnDependencyFailure.FAIL
    priority: Priority = Priority.NEWS
    deadline: str | None = None
    resend: bool = False
