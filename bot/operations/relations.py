"""Operations on how an incident stands to others: merge it into one, relate it to one, tag it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.domain.incident import Incident
from bot.domain.incident.relations import TAG_LENGTH, TagChange
from bot.operations.base import Arguments, Call, number_in
from bot.operations.verbs import verb
from bot.usecases.incidents.merge import merge
from bot.usecases.incidents.relate import relate, tag

IncidentId = Annotated[str, Field(pattern=r"^(?:[Ii][Nn][Cc]-)?[0-9]{1,9}$", description="Such as INC-7.")]
Tags = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=TAG_LENGTH)], ...], Field(max_length=20)]


class MergeArguments(Arguments):
    """The incident that goes on in its place."""

    into: IncidentId


class RelateArguments(Arguments):
    """The incident that has to do with it."""

    to: IncidentId


class TagArguments(Arguments):
    """Tags to add and to take away."""

    add: Tags = ()
    remove: Tags = ()
    replace: Annotated[bool, Field(description="Take away every tag that is not added.")] = False


async def _merge(call: Call, given: MergeArguments) -> Incident:
    into = number_in(given.into, "INC-", "incident")
    merged = await merge(call.context, call.number, into, call.actor, call.delivery, sees_all=call.operator)
    return merged.incident


async def _relate(call: Call, given: RelateArguments) -> Incident:
    to = number_in(given.to, "INC-", "incident")
    return await relate(call.context, call.number, to, call.actor, call.delivery, sees_all=call.operator)


async def _tag(call: Call, given: TagArguments) -> Incident:
    change = TagChange(given.add, given.remove, given.replace)
    return await tag(call.context, call.number, change, call.actor, call.delivery)


OPERATIONS = (
    verb("merge", "End it as merged into another incident", _merge, MergeArguments, example={"into": "INC-7"}),
    verb(
        "relate", "Note that another incident has to do with it", _relate, RelateArguments, asks_who=False,
        example={"to": "INC-7"},
    ),
    verb("tag", "Add tags, or take them away", _tag, TagArguments, asks_who=False, example={"add": ["checkout"]}),
)  # fmt: skip
