"""Describes the answers of operations for the OpenAPI document; `bot.json_shapes.incidents` writes the JSON itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from bot.domain.incident.status import Status
from bot.domain.timeline.source import Source
from bot.operations.base import Shape


class IncidentShape(Shape):
    """An incident. Instants are RFC 3339 in UTC; null for what has not happened."""

    model_config = ConfigDict(title="Incident")

    id: str = Field(examples=["INC-42"])
    title: str
    description: str
    severity: str
    status: Status
    private: bool
    drill: bool
    category: str | None
    services: list[str]
    fields: dict[str, Any]
    regions: list[str]
    facts: dict[str, Any]
    channel_id: str | None
    declared_by: str
    roles: dict[str, str] = Field(description="Role to Slack ID.")
    responders: list[str]
    started_at: datetime | None = Field(description="When it began, if somebody has said.")
    detected_at: datetime
    declared_at: datetime
    acknowledged_at: datetime | None
    identified_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    impact_ended_at: datetime | None
    closed_at: datetime | None
    time_to_acknowledge_s: float | None
    time_to_identify_s: float | None
    time_to_mitigate_s: float | None
    time_to_resolve_s: float | None
    summary: str
    root_cause: str
    updates: int
    episode: int
    merged_into: str | None = Field(description="The incident that goes on in its place.")
    merged: list[str] = Field(description="Incidents merged into this one.")
    related: list[str]
    tags: list[str]


class IncidentsShape(Shape):
    """Incidents, the newest first."""

    model_config = ConfigDict(title="Incidents")

    incidents: list[IncidentShape]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class EntryShape(Shape):
    """An entry of a timeline."""

    model_config = ConfigDict(title="Entry")

    seq: int = Field(description="Its place in the incident's hash chain, from 1.")
    at: datetime
    kind: str
    actor: str
    source: Source
    text: str
    key: bool
    source_ts: str | None
    data: dict[str, Any]


class TimelineShape(Shape):
    """Entries of a timeline, in the order in which they were recorded."""

    model_config = ConfigDict(title="Timeline")

    entries: list[EntryShape]
    next_cursor: str | None


class ReminderShape(Shape):
    """A reminder or page of the ledger."""

    model_config = ConfigDict(title="Reminder")

    kind: str
    rung: int | None
    due_at: datetime
    sent_at: datetime | None
    state: str
    reason: str


class RemindersShape(Shape):
    """The ledger of reminders and pages."""

    model_config = ConfigDict(title="Reminders")

    reminders: list[ReminderShape]
