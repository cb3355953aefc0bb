"""Operations that change the status page: publish, update, resolve, correct, and schedule maintenance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
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
    visible_incidents,
    visible_number,
)
from bot.usecases import authorize
from bot.usecases.status_page import maintain
from bot.usecases.status_page import publish as publishing
from bot.usecases.status_page.lint import findings_of

State = Literal["operational", "degraded_performance", "partial_outage", "major_outage"]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=WORDS_PATTERN)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH, pattern=WORDS_PATTERN)]
Message = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH, pattern=WORDS_PATTERN)]
Impact = Annotated[str, Field(max_length=IMPACT_LENGTH)]
States = Annotated[dict[Key, State], Field(max_length=200, description="Component to state.")]


class PublishArguments(Arguments):
    """What to publish. Without components, the incident's services decide them, and its severity their states."""

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
    """The message, and since when all is well again."""

    message: Message
    at: Instant | None = None


class CorrectPageArguments(Arguments):
    """The corrected message of an update, counted from 1, or title or impact. Fields left out stay as they are."""

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


async def _publish(call: Call, arguments: PublishArguments) -> Answer:
    incident = None
    if arguments.incident is not None:
        async with call.context.database.reading() as conn:
            incident = await visible_number(call, conn, number_in(arguments.incident, "INC-", "incident"))
        if incident is None:
            raise NotFound(f"There is no incident {arguments.incident}.", "list all")
    authorize.require(call.context, publishing.ACTION, call.actor, incident)
    states = _states(call, arguments.components)
    if states is None and incident is not None:
        states = publishing.proposed_components(call.context.policy, incident)
    new = NewPublication(
        arguments.title, arguments.message, states or {}, PublicStatus(arguments.status), arguments.impact,
        arguments.started_at, arguments.resolved_at,
    )  # fmt: skip
    number = None if incident is None else incident.number
    return await _answer(
        call, await publishing.publish(call.context, number, new, call.actor, call.delivery), made=True
    )


async def _update(call: Call, publication: Publication, arguments: ChangeArguments) -> Publication:
    change = PublicChange(
        arguments.message,
        arguments.status,
        _states(call, arguments.components),
        arguments.title,
        arguments.impact,
        arguments.at,
    )
    return await publishing.post(call.context, publication.id, change, call.actor, call.delivery)


async def _resolve(call: Call, publication: Publication, arguments: ResolvePageArguments) -> Publication:
    final_status = PublicStatus.COMPLETED if publication.is_maintenance else PublicStatus.RESOLVED
    change = PublicChange(arguments.message, final_status, at=arguments.at)
    return await publishing.post(call.context, publication.id, change, call.actor, call.delivery)


async def _correct(call: Call, publication: Publication, arguments: CorrectPageArguments) -> Publication:
    correction = Correction(arguments.message, arguments.update, arguments.title, arguments.impact, arguments.notify)
    return await publishing.correct(call.context, publication.id, correction, call.actor, call.delivery)


async def _schedule(call: Call, arguments: MaintenanceArguments) -> Answer:
    authorize.require(call.context, maintain.ACTION, call.actor)
    new = NewMaintenance(
        arguments.title, arguments.message, [component_key(call, name) for name in arguments.components],
        arguments.starts_at, arguments.ends_at, arguments.automatic, arguments.remind, arguments.silence,
    )  # fmt: skip
    return await _answer(call, await maintain.schedule(call.context, new, call.actor, call.delivery), made=True)


async def _answer(call: Call, publication: Publication, message: str | None = None, *, made: bool = False) -> Answer:
    """The publication, with what the lint finds in it. `message`: of the update in question, if not the newest."""
    answer = await publication_answer(call, publication, made=made)
    receipts = findings_of(
        call.context.policy, publication.title, publication.impact, message or publication.updates[-1].message,
        over=publication.ended or publication.is_maintenance,
    )  # fmt: skip
    return replace(answer, body={**answer.body, "findings": [finding.sentence for finding in receipts]})


def _states(call: Call, states: dict[str, State] | None) -> dict[str, ComponentState] | None:
    return (
        None if states is None else {component_key(call, key): ComponentState(state) for key, state in states.items()}
    )


def component_key(call: Call, name: str) -> str:
    """The key of a component, by its key or name. Raises `Refused`, which lists all keys."""
    rules = call.context.policy.status_page
    component = rules.component(name)
    if component is None:
        keys = ", ".join(candidate.key for candidate in rules.components) or "none in the policy"
        raise Refused(f"There is no component “{name[:40]}” on the status page. There are: {keys}.")
    return component.key


def _verb(
    word: str,
    summary: str,
    change: Callable[[Call, Publication, Any], Awaitable[Publication]],
    arguments: type[Arguments],
    example: dict[str, Any],
) -> Operation:
    """An operation `POST /status-page/publications/{publication}/{word}`, which answers the publication."""

    async def run(call: Call, request: Any) -> Answer:
        publication = await find_publication(call)
        if publication.incident is not None and not await visible_incidents(call, [publication]):
            raise NotFound(f"There is no publication “{publication.id}” that you may change.")
        return await _answer(call, await change(call, publication, request), getattr(request, "message", None))

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
