"""Lists the sources of alerts by their names."""

from __future__ import annotations

from bot.integrations.alerts import alertmanager, events

SOURCES = {source.name: source for source in (alertmanager.SOURCE, events.SOURCE)}
