"""Operations that merge an incident into another, relate it to another, and tag it."""

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
    """The incident that continues in its place."""

    into: IncidentId


class RelateArguments(Arguments):
    """The related incident."""

    to: IncidentId


class TagArguments(Arguments):
    """The tags to add and to remove."""

    add: Tags = ()
    remove: Tags = ()
    replace: Annotated[bool, Field(description="Take away every tag that is not added.")] = False


async def _merge(call: Call, arguments: MergeArguments) -> Incident:
    into = number_in(arguments.into, "INC-", "incident")
    merged = await merge(call.context, call.number, into, call.actor, call.delivery, sees_all=call.operator)
    return merged.incident


async def _relate(call: Call, arguments: RelateArguments) -> Incident:
    to = number_in(arguments.to, "INC-", "incident")
    return await relate(call.context, call.number, to, call.actor, call.delivery, sees_all=call.operator)


async def _tag(call: Call, arguments: TagArguments) -> Incident:
    change = TagChange(arguments.add, arguments.remove, arguments.replace)
    return await tag(call.context, call.number, change, call.actor, call.delivery)


OPERATIONS = (
    verb("merge", "End it as merged into another incident", _merge, MergeArguments, example={"into": "INC-7"}),
    verb(
        "relate", "Note that another incident has to do with it", _relate, RelateArguments, asks_who=False,
        example={"to": "INC-7"},
    ),
    verb("tag", "Add tags, or take them away", _tag, TagArguments, asks_who=False, example={"add": ["checkout"]}),
)  # fmt: skip
