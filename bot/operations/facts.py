"""Operations that record an incident's impact, and answers to the organisation's own questions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.domain.incident import Incident
from bot.domain.incident.impact import ImpactInput
from bot.operations.base import Arguments, Call
from bot.operations.verbs import verb
from bot.usecases.incidents.answer_custom_fields import answer_custom_fields
from bot.usecases.incidents.impact import record_impact

Name = Annotated[str, Field(max_length=100)]


class ImpactArguments(Arguments):
    """The impact. A fact that is left out stays as it is; one that is null or false is removed."""

    services: Annotated[tuple[Name, ...], Field(max_length=100)] | None = None
    regions: Annotated[tuple[Name, ...], Field(max_length=100)] | None = None
    users: Annotated[float, Field(ge=0, le=100, description="Per cent of users.")] | None = None
    error_rate: Annotated[float, Field(ge=0, le=100, description="Per cent of requests.")] | None = None
    latency: Annotated[float, Field(ge=0, le=1_000_000, description="Times slower.")] | None = None
    revenue: Annotated[float, Field(ge=0, le=1e15)] | None = None
    core: bool | None = None
    security: bool | None = None
    data_loss: bool | None = None
    public_relations: bool | None = None
    sla_breach: bool | None = None
    customers_told: bool | None = None


class FieldsArguments(Arguments):
    """Answers by the keys of the policy's `fields`; null removes one."""

    fields: Annotated[dict[Name, str | float | bool | None], Field(min_length=1, max_length=100)]


async def _impact(call: Call, arguments: ImpactArguments) -> Incident:
    facts = arguments.model_dump(exclude_unset=True, exclude={"services", "regions"})
    services = None if arguments.services is None else tuple(dict.fromkeys(arguments.services))
    regions = None if arguments.regions is None else tuple(dict.fromkeys(arguments.regions))
    form = ImpactInput(services, regions, facts)
    return await record_impact(call.context, call.number, form, call.actor, call.delivery)


async def _fields(call: Call, arguments: FieldsArguments) -> Incident:
    return await answer_custom_fields(call.context, call.number, arguments.fields, call.actor, call.delivery)


OPERATIONS = (
    verb(
        "impact", "Record the impact on users and the business", _impact, ImpactArguments, name="record_impact",
        asks_who=False, example={"users": 25, "core": True},
    ),
    verb(
        "fields", "Answer your organisation's own questions", _fields, FieldsArguments, name="answer_fields",
        asks_who=False, example={"fields": {"ticket": "OPS-1"}},
    ),
)  # fmt: skip
