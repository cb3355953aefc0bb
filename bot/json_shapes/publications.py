"""Formats publications of the status page as JSON for insiders, in one shape for the API and `--json`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.domain.statuspage.component_state import indicator
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.view import PageView
from bot.domain.timeline.entry import rfc3339


def publication_json(publication: Publication, visible: Collection[int]) -> dict[str, Any]:
    """A publication. Unlike the page it names the incident, if that is among the `visible` ones."""
    return {
        "id": publication.id,
        "kind": str(publication.kind),
        "incident": f"INC-{publication.incident}" if publication.incident in visible else None,
        "title": publication.title,
        "impact": publication.impact,
        "status": str(publication.status),
        "components": {key: str(state) for key, state in publication.components.items()},
        "started_at": rfc3339(publication.started_at),
        "ended_at": _instant(publication.ended_at),
        "edited_at": _instant(publication.edited_at),
        "scheduled_for": _instant(publication.scheduled_for),
        "scheduled_until": _instant(publication.scheduled_until),
        "updates": [
            {
                "status": str(update.status),
                "message": update.message,
                "at": rfc3339(update.at),
                "edited_at": _instant(update.edited_at),
            }
            for update in publication.updates
        ],
    }


def page_json(view: PageView, visible: Collection[int]) -> dict[str, Any]:
    """The page as it is now, with its unresolved publications."""
    return {
        "name": view.rules.name,
        "url": view.url,
        "visibility": view.rules.visibility,
        "timezone": view.rules.timezone,
        "status": {"indicator": indicator(view.overall), "description": view.headline},
        "components": components_json(view),
        "publications": [
            publication_json(publication, visible) for publication in (*view.incidents, *view.maintenance)
        ],
    }


def components_json(view: PageView) -> list[dict[str, Any]]:
    """The components with their states."""
    return [
        {
            "key": shown_component.component.key,
            "name": shown_component.component.name,
            "group": shown_component.component.group,
            "state": str(shown_component.state),
            "changed_at": rfc3339(shown_component.changed_at),
        }
        for shown_component in view.components
    ]


def _instant(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
