"""Registers which sender method sends each kind of notice, with the words for a failure to send it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import SendResult
from bot.domain.values.slack_ids import user_mention
from bot.slack.senders.base import Delivery
from storage.outbox.queue import ClaimedNotice

Unless = Callable[[Delivery], str | None]
IncidentMethod = Callable[[Any, Delivery], Awaitable[SendResult]]
WorkspaceMethod = Callable[[Any, ClaimedNotice], Awaitable[SendResult]]


@dataclass(frozen=True, slots=True)
class Registration:
    """One kind of notice and the method that sends it."""

    kind: NoticeKind
    method: Callable[[Any, Any], Awaitable[SendResult]]
    failure: str  # completes "Could not …"
    failure_to: str  # the same where the notice goes to one person, whose name follows
    about_incident: bool  # the method takes a `Delivery`; otherwise the claimed notice alone
    unless: Unless  # the reason why the notice is no longer needed, or None


REGISTRY: dict[NoticeKind, Registration] = {}


def _always_needed(_: Delivery) -> str | None:
    return None


def sends(
    kind: NoticeKind, *, failure: str, failure_to: str | None = None, unless: Unless = _always_needed
) -> Callable[[IncidentMethod], IncidentMethod]:
    """Register a method of a sender for notices about an incident.

    `failure` completes "Could not …". `unless` is asked before the method runs: a reason drops the notice, except if an
    earlier attempt may have posted it; then `SenderBase.post` looks for that message and posts no other.
    """

    def register(method: IncidentMethod) -> IncidentMethod:
        _add(Registration(kind, method, failure, failure_to or failure, True, unless))
        return method

    return register


def sends_without_incident(
    kind: NoticeKind, *, failure: str, failure_to: str | None = None
) -> Callable[[WorkspaceMethod], WorkspaceMethod]:
    """Register a method of a sender for notices about no incident."""

    def register(method: WorkspaceMethod) -> WorkspaceMethod:
        _add(Registration(kind, method, failure, failure_to or failure, False, _always_needed))
        return method

    return register


def _add(registration: Registration) -> None:
    if registration.kind in REGISTRY:
        raise ValueError(f"two senders for notices of the kind {registration.kind}")
    REGISTRY[registration.kind] = registration


def registered_by(sender: type) -> list[Registration]:
    """The registrations of this class's own methods."""
    return [entry for entry in REGISTRY.values() if vars(sender).get(entry.method.__name__) is entry.method]


def failed_step(notice: ClaimedNotice) -> str:
    """The step that failed, to complete "Could not …": “invite <@U1>”, “post the incident card”."""
    registration = REGISTRY[NoticeKind(notice.kind)]
    person = notice.payload.get("user") if notice.kind == NoticeKind.INVITE else notice.payload.get("person")
    step = registration.failure
    if person:
        step = f"{registration.failure_to} {person if '@' in person else user_mention(person)}"
    if notice.kind == NoticeKind.PAGE_ELSEWHERE and (channel := notice.payload.get("channel")):
        step += f" in {channel}"
    if notice.kind == NoticeKind.COMMS_SLACK and (channel := notice.payload.get("address")):
        step = f"{registration.failure_to} {channel if channel.startswith('#') else f'<#{channel}>'}"
    return step
