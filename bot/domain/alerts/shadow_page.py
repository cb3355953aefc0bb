"""Defines a page in shadow mode: one that the other service sent, or one of ours that was withheld."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ShadowSide(StrEnum):
    """The side that paged. The values are persisted."""

    THEIRS = "theirs"
    ACKNOWLEDGED = "acknowledged"  # theirs, answered there
    OURS = "ours"
    ALERT = "alert"  # nobody was paged: it only says which alert has this ID of theirs


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """One person, channel or schedule that was paged, or would have been."""

    key: str  # the same for the same page told again
    side: ShadowSide
    at: datetime
    who: str  # ours: a Slack ID, a contact's key or a channel; theirs: a name or an e-mail address
    alert: str = ""  # identity of the alert; ours has none
    title: str = ""
    group: int | None = None  # number of the group of alerts; None: no route took the alert
    incident: int | None = None
    vendor_alert: str = ""  # key of the page of the side `ALERT` that says which alert it is, where `alert` does not
    people: tuple[str, ...] = ()  # contacts or user IDs, if `who` is a schedule or a team of the policy by its name
    # Theirs: who was on call then as the vendor itself says, by schedule of the policy. None: it was not asked.
    vendor_on_call: dict[str, tuple[str, ...]] | None = None  # names or e-mail addresses
