"""Builds the JSON of `/api/v2` in the shapes of Statuspage's public API, so that existing pollers can read the page.

Shapes: https://metastatuspage.com/api
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from bot.domain.statuspage.component_state import ComponentState, indicator
from bot.domain.statuspage.publication import Publication, PublicStatus, PublicUpdate
from bot.domain.statuspage.view import ComponentView, PageView

MOST_INCIDENTS = 50  # as Statuspage lists
Json = dict[str, Any]


def documents(view: PageView) -> dict[str, Json]:
    """Every document by its name, such as `incidents/unresolved`."""
    page = {"page": _page(view)}
    components = _components(view)
    incidents = [_incident(publication, view) for publication in view.incidents]
    past = [_incident(publication, view) for publication in view.past if not publication.is_maintenance]
    active = [_incident(publication, view) for publication in view.active_maintenance]
    upcoming = [_incident(publication, view) for publication in view.upcoming_maintenance]
    over = [_incident(publication, view) for publication in view.past if publication.is_maintenance]
    status = {"status": {"indicator": indicator(view.overall), "description": view.headline}}
    everything = sorted([*incidents, *past], key=lambda document: str(document["created_at"]), reverse=True)
    return {
        "summary": {
            **page, "components": components, "incidents": incidents, "scheduled_maintenances": [*active, *upcoming],
            **status,
        },
        "status": {**page, **status},
        "components": {**page, "components": components},
        "incidents": {**page, "incidents": everything[:MOST_INCIDENTS]},
        "incidents/unresolved": {**page, "incidents": incidents},
        "scheduled-maintenances": {
            **page, "scheduled_maintenances": [*upcoming, *active, *over][:MOST_INCIDENTS],
        },
        "scheduled-maintenances/upcoming": {**page, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {**page, "scheduled_maintenances": active},
    }  # fmt: skip


def timestamp(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as Statuspage writes it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _timestamp_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else timestamp(instant)


def page_id(view: PageView) -> str:
    """The ID of the page: its name in letters, digits and dashes."""
    return _slug(view.rules.name)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "status"


def _page(view: PageView) -> Json:
    return {
        "id": page_id(view),
        "name": view.rules.name,
        "url": view.url,
        "time_zone": view.rules.timezone,
        "updated_at": timestamp(view.updated_at or view.since),
    }


def _components(view: PageView) -> list[Json]:
    """The components, and the groups they stand in, in the order of the page."""
    rows: list[Json] = []
    groups: dict[str, Json] = {}
    for component_view in view.components:
        group = component_view.component.group
        if group and group not in groups:
            groups[group] = _group(group, view)
            rows.append(groups[group])
        rows.append(_component(component_view, view))
    for position, component in enumerate(rows, 1):
        component["position"] = position
    return rows


def _component(component_view: ComponentView, view: PageView) -> Json:
    component = component_view.component
    return {
        "id": component.key,
        "name": component.name,
        "status": str(component_view.state),
        "created_at": timestamp(view.since),
        "updated_at": timestamp(component_view.changed_at),
        "position": component.order,
        "description": component.description or None,
        "showcase": True,
        "start_date": view.since.date().isoformat(),
        "group_id": group_id(component.group) if component.group else None,
        "page_id": page_id(view),
        "group": False,
        "only_show_if_degraded": component.only_show_if_degraded,
    }


def group_id(name: str) -> str:
    """The ID of a group of components."""
    return f"group-{_slug(name)}"


def _group(name: str, view: PageView) -> Json:
    members = [component_view for component_view in view.components if component_view.component.group == name]
    state = max((member.state for member in members), key=list(ComponentState).index)
    return {
        "id": group_id(name),
        "name": name,
        "status": str(state),
        "created_at": timestamp(view.since),
        "updated_at": timestamp(max(member.changed_at for member in members)),
        "position": 0,
        "description": None,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": page_id(view),
        "group": True,
        "only_show_if_degraded": False,
        "components": [member.component.key for member in members],
    }


def _incident(publication: Publication, view: PageView) -> Json:
    affected = [
        component_view for component_view in view.components if component_view.component.key in publication.components
    ]
    shape: Json = {
        "id": publication.id,
        "name": publication.title,
        "status": str(publication.status),
        "created_at": timestamp(publication.created_at),
        "updated_at": timestamp(publication.updated_at),
        "monitoring_at": _timestamp_or_none(_first_at(publication, PublicStatus.MONITORING)),
        "resolved_at": _timestamp_or_none(publication.ended_at),
        "impact": impact(publication),
        "shortlink": view.address(publication.id),
        "started_at": timestamp(publication.started_at),
        "page_id": page_id(view),
        "incident_updates": [
            _update(publication, number, view) for number in range(len(publication.updates) - 1, -1, -1)
        ],
        "components": [_component(component_view, view) for component_view in affected],
    }
    if publication.is_maintenance:
        shape["scheduled_for"] = _timestamp_or_none(publication.scheduled_for)
        shape["scheduled_until"] = _timestamp_or_none(publication.scheduled_until)
    return shape


def impact(publication: Publication) -> str:
    """Statuspage's word for how bad it was at its worst."""
    if publication.is_maintenance:
        return "maintenance"
    return indicator(publication.worst_ever)


def _first_at(publication: Publication, status: PublicStatus) -> datetime | None:
    return next((update.at for update in publication.updates if update.status is status), None)


def _update(publication: Publication, number: int, view: PageView) -> Json:
    update: PublicUpdate = publication.updates[number]
    before = publication.updates[number - 1].components if number else {}
    return {
        "id": update.id,
        "status": str(update.status),
        "body": update.message,
        "incident_id": publication.id,
        "created_at": timestamp(update.at),
        "updated_at": timestamp(update.edited_at or update.at),
        "display_at": timestamp(update.at),
        "affected_components": [
            {
                "code": component_view.component.key,
                "name": component_view.component.name,
                "old_status": str(before.get(component_view.component.key, ComponentState.OPERATIONAL)),
                "new_status": str(update.components[component_view.component.key]),
            }
            for component_view in view.components
            if component_view.component.key in update.components
        ],
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }
