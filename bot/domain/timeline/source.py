"""Names the interface by which an entry came into the timeline: Slack, the API, the command line …"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from bot.domain.timeline.entry import BOT, Entry

SOURCE = "_source"  # in an entry's data, where it differs from `usual_source`


class Source(StrEnum):
    """An interface. The values are persisted, and stand in the JSON of every entry."""

    SLACK = "slack"
    API = "api"
    CLI = "cli"
    CONSOLE = "console"
    MCP = "mcp"
    HOOK = "hook"  # a webhook of a vendor
    ALERT = "alert"  # a monitoring system
    SCHEDULER = "scheduler"  # the bot itself


def with_source(entry: Entry, source: Source | None) -> Entry:
    """The entry with its source. Without one it has the usual source of its kind and actor."""
    if source is None or source is usual_source(entry):
        return entry
    return replace(entry, data={**entry.data, SOURCE: str(source)})


def source_of(entry: Entry) -> Source:
    """The interface by which the entry came."""
    stored = entry.data.get(SOURCE)
    return Source(stored) if isinstance(stored, str) and stored in _VALUES else usual_source(entry)


def usual_source(entry: Entry) -> Source:
    """The source of an entry that carries none: also of entries written before sources were kept."""
    if entry.kind == "alert":
        return Source.ALERT
    return Source.SCHEDULER if entry.actor == BOT else Source.SLACK


_VALUES = frozenset(Source)
