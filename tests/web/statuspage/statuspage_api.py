"""The shapes of Statuspage's public API as JSON Schema, written from https://metastatuspage.com/api."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
INSTANT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$"}
MAYBE: Schema = {"anyOf": [INSTANT, {"type": "null"}]}
TEXT: Schema = {"type": "string"}
STATES = ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


PAGE = _object(id=TEXT, name=TEXT, url=TEXT, time_zone=TEXT, updated_at=INSTANT)
STATUS = _object(indicator={"enum": ["none", "minor", "major", "critical", "maintenance"]}, description=TEXT)
COMPONENT = _object(
    id=TEXT, name=TEXT, status={"enum": STATES}, created_at=INSTANT, updated_at=INSTANT,
    position={"type": "integer", "minimum": 1}, description={"type": ["string", "null"]}, showcase={"type": "boolean"},
    start_date={"type": ["string", "null"]}, group_id={"type": ["string", "null"]}, page_id=TEXT,
    group={"type": "boolean"}, only_show_if_degraded={"type": "boolean"},
)  # fmt: skip
AFFECTED = _object(code=TEXT, name=TEXT, old_status={"enum": STATES}, new_status={"enum": STATES})


def _update(statuses: list[str]) -> Schema:
    return _object(
        id=TEXT, status={"enum": statuses}, body=TEXT, incident_id=TEXT, created_at=INSTANT, updated_at=INSTANT,
        display_at=INSTANT, affected_components=_list(AFFECTED),
    )  # fmt: skip


def _incident(statuses: list[str], impacts: list[str], **more: Schema) -> Schema:
    return _object(
        id=TEXT, name=TEXT, status={"enum": statuses}, created_at=INSTANT, updated_at=INSTANT, monitoring_at=MAYBE,
        resolved_at=MAYBE, impact={"enum": impacts}, shortlink=TEXT, started_at=INSTANT, page_id=TEXT,
        incident_updates={**_list(_update(statuses)), "minItems": 1}, components=_list(COMPONENT), **more,
    )  # fmt: skip


INCIDENT = _incident(
    ["investigating", "identified", "monitoring", "resolved", "postmortem"], ["none", "minor", "major", "critical"]
)
MAINTENANCE = _incident(
    ["scheduled", "in_progress", "verifying", "completed"], ["none", "minor", "major", "critical", "maintenance"],
    scheduled_for=INSTANT, scheduled_until=INSTANT,
)  # fmt: skip
DOCUMENTS = {
    "summary": _object(
        page=PAGE, components=_list(COMPONENT), incidents=_list(INCIDENT), scheduled_maintenances=_list(MAINTENANCE),
        status=STATUS,
    ),
    "status": _object(page=PAGE, status=STATUS),
    "components": _object(page=PAGE, components=_list(COMPONENT)),
    "incidents": _object(page=PAGE, incidents=_list(INCIDENT)),
    "incidents/unresolved": _object(page=PAGE, incidents=_list(INCIDENT)),
    "scheduled-maintenances": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
    "scheduled-maintenances/upcoming": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
    "scheduled-maintenances/active": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
}  # fmt: skip
