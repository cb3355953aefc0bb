"""Operations that change the status page: publish, update, resolve, correct, and schedule maintenance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.domain.errors import NotFound, Refused
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import (
    IMPACT_LENGTH,
    MESSAGE_LENGTH,
    TITLE_LENGTH,
    Correction,
    NewPublication,
    Publication,
    PublicChange,
    PublicStatus,
)
from bot.operations.base import (
    WORDS_PATTERN,
    Answer,
    Arguments,
    Call,
    Instant,
    Operation,
    number_in,
)
from bot.operations.status_page import (
    PUBLICATIONS,
    TAG,
    PublicationShape,
    find_publication,
    publication_answer,
    seen_incidents,
    visible_number,
)
from bot.usecases import authorize
from bot.usecases.status_page import maintain
from bot.usecases.status_page import publish as publishing

State = Literal["operational", "degraded_performance", "partial_outage", "major_outage"]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=WORDS_PATTERN)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH, pattern=WORDS_PATTERN)]
Message = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH, pattern=WORDS_PATTERN)]
Impact = Annotated[str, Field(max_length=IMPACT_LENGTH)]
States = Annotated[dict[Key, State], Field(max_length=200, description="Component to state.")]


class PublishArguments(Arguments):
    """What becomes public. Without components, those of the incident's services, as its severity proposes."""

    title: Title
    message: Message
    incident: Annotated[str, Field(pattern=r"^(INC-)?[0-9]{1,10}$", examples=["INC-42"])] | None = None
    impact: Impact = ""
    status: Literal["investigating", "identified", "monitoring", "resolved"] = "investigating"
    components: States | None = None
    started_at: Annotated[Instant, Field(description="When it began, for what is published later.")] | None = None
    resolved_at: Annotated[Instant, Field(description="When it ended, for what is over.")] | None = None


class ChangeArguments(Arguments):
    """A further update. What is left out stays as it is."""

    message: Message
    status: PublicStatus | None = None
    components: States | None = None
    title: Title | None = None
    impact: Impact | None = None
    at: Annotated[Instant, Field(description="When it was so; now, if left out.")] | None = None


class ResolvePageArguments(Arguments):
    """What is well again, and since when."""

    message: Message
    at: Instant | None = None


class CorrectPageArguments(Arguments):
    """The right words of an update, counted from 1, or of title and impact; what is left out stays as it is."""

    message: Message | None = None
    update: Annotated[int, Field(ge=1, le=1000, description="The newest, if left out.")] | None = None
    title: Title | None = None
    impact: Impact | None = None
    notify: Annotated[bool, Field(description="Whether subscribers are told, too.")] = True


class MaintenanceArguments(Arguments):
    """Planned work."""

    title: Title
    message: Message
    components: Annotated[tuple[Key, ...], Field(min_length=1, max_length=200)]
    starts_at: Instant
    ends_at: Instant
    automatic: Annotated[bool, Field(description="Whether it begins and ends by itself.")] = True
    remind: Annotated[bool, Field(description="Whether subscribers are reminded an hour before.")] = True
    silence: Annotated[bool, Field(description="Whether alerts of the components' services are silenced.")] = False


async def _publish(call: Call, given: PublishArguments) -> Answer:
    incident = None
    if given.incident is not None:
        async with call.context.database.reading() as conn:
            incident = await visible_number(call, conn, number_in(given.incident, "INC-", "incident"))
        if incident is None:
            raise NotFound(f"There is no incident {given.incident}.", "list all")
    authorize.require(call.context, publishing.ACTION, call.actor, incident)
    states = _states(call, given.components)
    if states is None and incident is not None:
        states = publishing.proposed_components(call.context.policy, incident)
    new = NewPublication(
        given.title, given.message, states or {}, PublicStatus(given.status), given.impact, given.started_at,
        given.resolved_at,
    )  # fmt: skip
    number = None if incident is None else incident.number
    return await publication_answer(
        call, await publishing.publish(call.context, number, new, call.actor, call.delivery), made=True
    )


async def _update(call: Call, found: Publication, given: ChangeArguments) -> Publication:
    change = PublicChange(
        given.message, given.status, _states(call, given.components), given.title, given.impact, given.at
    )
    return await publishing.post(call.context, found.id, change, call.actor, call.delivery)


async def _resolve(call: Call, found: Publication, given: ResolvePageArguments) -> Publication:
    over = PublicStatus.COMPLETED if found.is_maintenance else PublicStatus.RESOLVED
    change = PublicChange(given.message, over, at=given.at)
    return await publishing.post(call.context, found.id, change, call.actor, call.delivery)


async def _correct(call: Call, found: Publication, given: CorrectPageArguments) -> Publication:
    correction = Correction(given.message, given.update, given.title, given.impact, given.notify)
    return await publishing.correct(call.context, found.id, correction, call.actor, call.delivery)


async def _schedule(call: Call, given: MaintenanceArguments) -> Answer:
    authorize.require(call.context, maintain.ACTION, call.actor)
    new = NewMaintenance(
        given.title, given.message, [component_key(call, each) for each in given.components], given.starts_at,
        given.ends_at, given.automatic, given.remind, given.silence,
    )  # fmt: skip
    return await publication_answer(
        call, await maintain.schedule(call.context, new, call.actor, call.delivery), made=True
    )


def _states(call: Call, given: dict[str, State] | None) -> dict[str, ComponentState] | None:
    return None if given is None else {component_key(call, key): ComponentState(state) for key, state in given.items()}


def component_key(call: Call, name: str) -> str:
    """The key of a component, by its key or name. Raises `Refused` that lists them."""
    rules = call.context.policy.status_page
    component = rules.component(name)
    if component is None:
        listed = ", ".join(each.key for each in rules.components) or "none in the policy"
        raise Refused(f"There is no component “{name[:40]}” on the status page. There are: {listed}.")
    return component.key


def _verb(
    word: str,
    summary: str,
    change: Callable[[Call, Publication, Any], Awaitable[Publication]],
    arguments: type[Arguments],
    example: dict[str, Any],
) -> Operation:
    """An operation `POST /status-page/publications/{publication}/{word}`, which answers the publication."""

    async def run(call: Call, given: Any) -> Answer:
        found = await find_publication(call)
        if found.incident is not None and not await seen_incidents(call, [found]):
            raise NotFound(f"There is no publication “{found.id}” that you may change.")
        return await publication_answer(call, await change(call, found, given))

    return Operation(
        name=f"{word}_publication", method="POST", path=f"{PUBLICATIONS}/{{publication}}/{word}", summary=summary,
        run=run, answer=PublicationShape, arguments=arguments, tag=TAG, example=example,
    )  # fmt: skip


OPERATIONS = (
    Operation(name="publish", method="POST", path=PUBLICATIONS, run=_publish, status=201, tag=TAG,
              summary="Publish an incident, or something without one", answer=PublicationShape,
              arguments=PublishArguments, example={"title": "Checkout fails for some", "message": "We look into it."}),
    _verb("update", "Add an update", _update, ChangeArguments,
          {"message": "We know why.", "status": "identified"}),
    _verb("resolve", "Resolve it, or complete maintenance: its components are operational again", _resolve,
          ResolvePageArguments, {"message": "All is well since 15:00."}),
    _verb("correct", "Correct what was published; the page shows it as edited", _correct, CorrectPageArguments,
          {"message": "Some checkouts fail, not all.", "update": 1}),
    Operation(name="schedule_maintenance", method="POST", path="/status-page/maintenance", run=_schedule, status=201,
              summary="Schedule maintenance", answer=PublicationShape, arguments=MaintenanceArguments, tag=TAG,
              example={"title": "Database move", "message": "Requests may fail.", "components": ["api"],
                       "starts_at": "{tomorrow}T22:00:00Z", "ends_at": "{tomorrow}T23:00:00Z"}),
)  # fmt: skip
