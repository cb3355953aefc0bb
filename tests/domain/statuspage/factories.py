"""Publications for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import NewPublication, Publication, publish

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def new_publication(
    started: timedelta, ended: timedelta | None = None, now: datetime = NOW, **components: ComponentState
) -> Publication:
    """Something that started, and ended if given, so long before now."""
    new = NewPublication(
        "Requests fail",
        "We look into it.",
        components,
        started_at=now - started,
        ended_at=None if ended is None else now - ended,
    )
    return publish(new, None, "tocsin", now)
