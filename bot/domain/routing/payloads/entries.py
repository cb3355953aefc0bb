"""Payloads that name entries of the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class EntriesPayload(Payload):
    """Names the timeline entries to tell as news."""

    seqs: tuple[int, ...] = ()


@dataclass(frozen=True)
class UpdatePayload(Payload):
    """Names the timeline entry of a status update, and the entries of what was changed with it."""

    seq: int
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True)
class ContinuationPayload(Payload):
    """Names one part of a text that continues in the thread of a message."""

    under: str  # the dedup key of the message
    seq: int | None = None  # the timeline entry whose text it is; None: the incident's title and description
    part: int = 1  # counts the messages of the text
