"""Payloads about groups of alerts, and the pages and questions that they lead to."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class AlertGroupPayload(Payload):
    """Names a group of alerts."""

    group: int


@dataclass(frozen=True)
class AlertPagePayload(AlertGroupPayload):
    """A page to one person or channel about a group of alerts that people are asked about."""

    rung: int = 0
    times: int = 1  # how often this rung was paged, this one included
    why: str = ""
    person: str = ""  # a Slack ID or an address; empty: a channel
    contact: str | None = None  # key in the policy
    channel: str = ""
    method: str = "slack"
    by: tuple[str, ...] = ()  # the rung's methods, in order
    used: tuple[str, ...] = ()  # methods tried for this person
    repeat_s: float | None = None
    base: str = ""  # beginning of the dedup keys of this page
    action: str = "trigger"  # or `resolve`, at a vendor
    of: str = ""  # for an edit: dedup key of the page


@dataclass(frozen=True)
class ProposalPayload(Payload):
    """Asks whether an incident is resolved, since its alerts are."""

    turn: int  # how often it was asked
