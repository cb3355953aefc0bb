"""Payloads that edit a message once what it asked for is settled."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class SettledPayload(Payload):
    """Names a settled message to edit."""

    of: str  # dedup key of the message
    outcome: str | None = None  # None where the incident itself shows it


@dataclass(frozen=True)
class RoleSettledPayload(SettledPayload):
    """Names a settled question about a role."""

    role: str = ""
