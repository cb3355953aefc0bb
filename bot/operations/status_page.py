"""Operations that read the status page, its components and its publications."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import (
    Publication,
    PublicStatus,
)
from bot.domain.statuspage.view import PageView, build_view, read_since
from bot.json_shapes.publications import components_json, page_json, publication_json
from bot.operations.base import (
    CURSOR,
    Answer,
    Arguments,
    Call,
    NoArguments,
    Shape,
    number_in,
    question,
)
from bot.operations.cursors import position, token
from bot.usecases import authorize
from bot.usecases.status_page import publish as publishing
from bot.usecases.status_page.address import access_token, page_url
from bot.usecases.visibility import can_see
from storage import incidents, key_value
from storage.statuspage import page, publications

TAG = "Status page"
PAGE, MOST = 20, 100
PUBLICATIONS = "/status-page/publications"


class PublicUpdateShape(Shape):
    """One message of a publication."""

    model_config = ConfigDict(title="PublicUpdate")

    status: PublicStatus
    message: str
    at: datetime
    edited_at: datetime | None


class PublicationShape(Shape):
    """An incident or maintenance as published. `incident` is null for people who may not see it."""

    model_config = ConfigDict(title="Publication")

    id: str
    kind: str
    incident: str | None
    title: str
    impact: str
    status: PublicStatus
    components: dict[str, ComponentState]
    started_at: datetime
    ended_at: datetime | None
    edited_at: datetime | None
    scheduled_for: datetime | None
    scheduled_until: datetime | None
    updates: list[PublicUpdateShape]
    findings: Annotated[
        list[str], Field(default=[], description="In answers to what publishes: what to look at in these words.")
    ]


class ComponentShape(Shape):
    """A component as the page shows it."""

    model_config = ConfigDict(title="Component")

    key: str
    name: str
    group: str
    state: ComponentState
    changed_at: datetime


class ComponentsShape(Shape):
    """The components of the page."""

    model_config = ConfigDict(title="Components")

    components: list[ComponentShape]


class PageShape(Shape):
    """The page as it is now, with its unresolved publications."""

    model_config = ConfigDict(title="StatusPage")

    name: str
    url: str
    visibility: str
    timezone: str
    status: dict[str, str]
    components: list[ComponentShape]
    publications: list[PublicationShape]


class PublicationsShape(Shape):
    """Publications, the last to begin first."""

    model_config = ConfigDict(title="Publications")

    publications: list[PublicationShape]
    next_cursor: str | None


class ListPublicationsArguments(Arguments):
    """Which publications to list."""

    kind: Literal["incident", "maintenance"] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


async def _page(call: Call, _: NoArguments) -> Answer:
    view = await _view(call)
    visible = await visible_incidents(call, (*view.incidents, *view.maintenance))
    return Answer(page_json(view, visible))


async def _components(call: Call, _: NoArguments) -> Answer:
    return Answer({"components": components_json(await _view(call))})


async def _view(call: Call) -> PageView:
    """The page now. Only for people who may publish, the address of a page that is not public has its access key."""
    context, rules, now = call.context, call.context.policy.status_page, call.context.clock.now()
    async with context.database.reading() as conn:
        published = await page.read(conn, read_since(rules, now), now)
        access = access_token(await key_value.STATUS_PAGE_SECRET.get(conn) or "", rules.visibility)
    try:
        authorize.require(context, publishing.ACTION, call.actor)
    except Refused:
        access = None
    return build_view(rules, page_url(context) + (f"?access={access}" if access else ""), published, now)


async def visible_incidents(call: Call, publication_list: Sequence[Publication]) -> Collection[int]:
    """The numbers of these publications' incidents that the actor may see."""
    numbers = {incident.incident for incident in publication_list if incident.incident is not None}
    async with call.context.database.reading() as conn:
        incidents_by_number = await incidents.get_many(conn, numbers)
        return [
            incident.number
            for incident in incidents_by_number.values()
            if call.operator or await can_see(conn, incident, call.actor)
        ]


async def visible_number(call: Call, conn: AsyncConnection, number: int) -> Incident | None:
    """The incident with this number; None if there is none that the actor may see."""
    incident = await incidents.get(conn, number)
    return incident if incident is not None and (call.operator or await can_see(conn, incident, call.actor)) else None


async def _list(call: Call, arguments: ListPublicationsArguments) -> Answer:
    before = position(arguments.cursor)
    started = None if before is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=before)
    async with call.context.database.reading() as conn:
        rows = await publications.page(conn, arguments.kind, started, arguments.limit)
    visible = await visible_incidents(call, rows)
    next_cursor = token(_microseconds(rows[-1].started_at)) if len(rows) >= arguments.limit else None
    return Answer(
        {"publications": [publication_json(publication, visible) for publication in rows], "next_cursor": next_cursor}
    )


def _microseconds(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


async def _get(call: Call, _: NoArguments) -> Answer:
    return await publication_answer(call, await find_publication(call))


async def find_publication(call: Call) -> Publication:
    """The publication in the path, by its ID, or by its incident's if the actor may see that. Raises `NotFound`."""
    name = call.path["publication"]
    async with call.context.database.reading() as conn:
        if (
            name.upper().startswith("INC-")
            and await visible_number(call, conn, number_in(name, "INC-", "incident")) is None
        ):
            raise NotFound(f"{name.upper()[:20]} is not on the status page yet. Publish it first.")
        return await publishing.find(conn, name)


async def publication_answer(call: Call, publication: Publication, *, made: bool = False) -> Answer:
    """A publication as an answer."""
    location = f"/status-page/publications/{publication.id}" if made else None
    return Answer(publication_json(publication, await visible_incidents(call, [publication])), location=location)


async def _maintenance(call: Call, _: NoArguments) -> Answer:
    view = await _view(call)
    visible = await visible_incidents(call, view.maintenance)
    rows = [publication_json(publication, visible) for publication in view.maintenance]
    return Answer({"publications": rows, "next_cursor": None})


OPERATIONS = (
    question("get_status_page", "/status-page", "Read the status page, with what is not over", _page, PageShape,
             tag=TAG),
    question("list_components", "/status-page/components", "List the components", _components, ComponentsShape,
             tag=TAG),
    question("list_publications", PUBLICATIONS, "List what was published, the last to begin first", _list,
             PublicationsShape, arguments=ListPublicationsArguments, tag=TAG, example={"limit": 20}),
    question("get_publication", f"{PUBLICATIONS}/{{publication}}", "Read a publication", _get, PublicationShape,
             tag=TAG),
    question("list_maintenance", "/status-page/maintenance", "List maintenance that is planned or under way",
             _maintenance, PublicationsShape, tag=TAG),
)  # fmt: skip
