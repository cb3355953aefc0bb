"""The operation that previews what the policy would do with alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot.integrations.alerts.protocol import Delivery
from bot.integrations.alerts.registry import SOURCES
from bot.json_shapes.alerts import preview_json
from bot.operations.base import Answer, Arguments, BadArgument, Call, Operation, Shape
from bot.usecases.alerts.preview import preview_alerts

MOST_ALERTS = 1000


class HoldShape(Shape):
    """A silence or an inhibition that matches the alert."""

    model_config = ConfigDict(title="Hold")

    kind: Literal["silence", "inhibition"]
    id: str | None = Field(description="Of the silence, or of the group that inhibits; null: an alert of the payload.")
    reason: str
    until: datetime | None
    by: str | None
    holds: bool = Field(description="False: another alert of its group is not kept quiet, so that people are told.")


class AlertPreviewShape(Shape):
    """What the policy would do with an alert."""

    model_config = ConfigDict(title="AlertPreview")

    title: str
    status: str
    do: str
    reason: str
    severity: str
    service: str | None
    holds: list[HoldShape]


class PreviewShape(Shape):
    """What the policy would do with each alert of a payload. A route that says `continue` makes several of one."""

    model_config = ConfigDict(title="AlertPreviews")

    alerts: list[AlertPreviewShape]
    rejected: list[dict[str, Any]] = Field(description="The alerts that cannot be read, by their place, from 0.")


class PreviewArguments(Arguments):
    """A payload as a monitoring system sends it, and which one."""

    kind: Annotated[str, Field(json_schema_extra={"enum": sorted(SOURCES)})]
    payload: dict[str, Any] | list[Any]


async def _preview(call: Call, arguments: PreviewArguments) -> Answer:
    source = SOURCES.get(arguments.kind)
    if source is None:
        raise BadArgument("kind", f"There is no kind “{arguments.kind[:40]}”. There are {', '.join(sorted(SOURCES))}.")
    try:
        batch = source.read(Delivery(arguments.payload), datetime.now(UTC))
    except ValueError as error:
        raise BadArgument("payload", f"{error}. It should be {source.expected}") from None
    if len(batch.alerts) > MOST_ALERTS:
        raise BadArgument("payload", f"{len(batch.alerts)} alerts; at most {MOST_ALERTS} are previewed.")
    rows = [preview_json(preview) for preview in await preview_alerts(call.context, batch)]
    rejected = [{"alert": alert.index, "reason": alert.reason} for alert in batch.rejected]
    return Answer({"alerts": rows, "rejected": rejected})


OPERATIONS = (
    Operation(name="preview_alerts", method="POST", path="/alerts/preview", run=_preview, arguments=PreviewArguments,
              summary="What the policy would do with alerts; nothing is stored", answer=PreviewShape, asks_who=False,
              tag="Alerts", example={"kind": "events", "payload": {"title": "Checkout fails", "severity": "critical"}}),
)  # fmt: skip
