"""Operations that bring people in: roles, invitations, pages, escalations; and the names of people."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.access.identity import Membership
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.values.slack_ids import is_user_id
from bot.operations.base import (
    Answer,
    Arguments,
    Call,
    MaybeWords,
    NoArguments,
    Operation,
    Shape,
    SlackId,
    question,
    role_key,
)
from bot.operations.verbs import verb
from bot.usecases.incidents import escalate, handover
from bot.usecases.incidents.acknowledge import invite, join
from bot.usecases.incidents.assign_roles import assign_roles
from storage import incidents, names

People = Annotated[tuple[SlackId, ...], Field(min_length=1, max_length=50)]


class PersonShape(Shape):
    """A person whose name is known."""

    model_config = ConfigDict(title="Person")

    id: str = Field(examples=["U0123"])
    name: str


class PeopleShape(Shape):
    """People whose names are known, by ID."""

    model_config = ConfigDict(title="People")

    people: list[PersonShape]


class NamesArguments(Arguments):
    """Whose names: those of these Slack IDs, or that contain these words."""

    ids: Annotated[str, Field(max_length=4000, description="Slack IDs, separated by commas.")] = ""
    name: Annotated[str, Field(max_length=100, description="A part of a name, for members of the workspace.")] = ""


class RoleArguments(Arguments):
    """A role and its holder; null clears it."""

    role: Annotated[str, Field(min_length=1, max_length=100, examples=["commander"])]
    user: SlackId | None


class RolesArguments(Arguments):
    """Roles and their holders; null clears one."""

    roles: Annotated[dict[str, SlackId | None], Field(min_length=1, max_length=50)]


class HandoverArguments(Arguments):
    """The role to offer, and the person. The holder keeps it until the person accepts."""

    user: SlackId
    role: Annotated[str, Field(min_length=1, max_length=100)] = "commander"


class AnswerArguments(Arguments):
    """The answer to a handover that was offered to the token's person."""

    role: Annotated[str, Field(min_length=1, max_length=100)] = "commander"
    accept: bool


class InviteArguments(Arguments):
    """The people to invite to the channel."""

    users: People


class PageArguments(Arguments):
    """Whom to page: a person, several people, or the people on call on a schedule."""

    exactly_one_of = ("user", "users", "schedule")

    user: SlackId = ""
    users: People = ()
    schedule: Annotated[str, Field(min_length=1, max_length=100)] = ""
    reason: MaybeWords = ""


class EscalateArguments(Arguments):
    """Why to page the next rung, and its number, so that two equal requests page one rung."""

    reason: MaybeWords = ""
    rung: Annotated[int, Field(ge=1, le=1000)] | None = None


class TriggerArguments(Arguments):
    """A trigger of the policy that applies."""

    trigger: Annotated[str, Field(min_length=1, max_length=100)]
    reason: MaybeWords = ""


async def _names(call: Call, arguments: NamesArguments) -> Answer:
    ids = {user for part in arguments.ids.split(",") if is_user_id(user := part.strip())}
    membership = call.context.memberships.known(call.actor).membership
    searches = bool(arguments.name) and membership not in (Membership.GUEST, Membership.OUTSIDE)
    async with call.context.database.reading() as conn:
        names_by_id = await names.get_many(conn, ids)
        if searches:
            names_by_id |= await names.containing(conn, arguments.name)
    return Answer({"people": [{"id": user, "name": name} for user, name in sorted(names_by_id.items())]})


async def _role(call: Call, arguments: RoleArguments) -> Incident:
    return await _assign(call, {arguments.role: arguments.user})


async def _roles(call: Call, arguments: RolesArguments) -> Incident:
    return await _assign(call, arguments.roles)


async def _assign(call: Call, roles: dict[str, str | None]) -> Incident:
    await _refuse_bots(call, [user for user in roles.values() if user])
    holders = {role_key(call, role): user for role, user in roles.items()}
    return await assign_roles(call.context, call.number, holders, call.actor, call.delivery)


async def _refuse_bots(call: Call, users: list[str]) -> None:
    """Raise `Refused` for a bot and for an account that Slack reports as deactivated."""
    for user in users:
        identity = await call.context.memberships.get(user)
        if identity.membership is Membership.BOT:
            raise Refused(f"{user} is a bot. Name a person.")
        if not identity.active:
            raise Refused(f"The account of {user} is deactivated. Name somebody else.")


async def _handover(call: Call, arguments: HandoverArguments) -> Incident:
    await _refuse_bots(call, [arguments.user])
    role = role_key(call, arguments.role)
    return await handover.offer(call.context, call.number, role, arguments.user, call.actor, call.delivery)


async def _answer(call: Call, arguments: AnswerArguments) -> Incident:
    async with call.context.database.reading() as conn:
        incident = await incidents.get(conn, call.number)
    offers = incident.handovers if incident is not None else ()
    own_offers = [offer for offer in offers if offer.to == call.actor and offer.role == arguments.role]
    if not own_offers:
        raise Refused(f"Nobody asked you to take over {arguments.role}.", "roles")
    answer = handover.accept if arguments.accept else handover.decline
    return await answer(call.context, call.number, own_offers[-1].number, call.actor, call.delivery)


async def _join(call: Call, _: NoArguments) -> Incident:
    return await join(call.context, call.number, call.actor, call.delivery)


async def _invite(call: Call, arguments: InviteArguments) -> Incident:
    return await invite(call.context, call.number, arguments.users, call.actor, call.delivery)


async def _page(call: Call, arguments: PageArguments) -> Incident:
    users = tuple(dict.fromkeys([*arguments.users, *([arguments.user] if arguments.user else [])]))
    paged = await escalate.page(
        call.context,
        call.number,
        call.actor,
        users=users,
        schedule=arguments.schedule or None,
        reason=arguments.reason,
        delivery=call.delivery,
    )
    return paged.incident


async def _escalate(call: Call, arguments: EscalateArguments) -> Incident:
    escalated = await escalate.escalate(
        call.context, call.number, call.actor, arguments.reason, rung=arguments.rung, delivery=call.delivery
    )
    return escalated.incident


async def _trigger(call: Call, arguments: TriggerArguments) -> Incident:
    trigger = next(
        (
            candidate
            for candidate in call.context.policy.triggers
            if arguments.trigger in (candidate.key, candidate.name)
        ),
        None,
    )
    if trigger is None:
        names = ", ".join(candidate.key for candidate in call.context.policy.triggers)
        raise Refused(f"There is no trigger “{arguments.trigger[:40]}”. " + (f"Use one of: {names}." if names else ""))
    return await escalate.fire_trigger(
        call.context, call.number, trigger, call.actor, arguments.reason, delivery=call.delivery
    )


_MAYA: dict[str, Any] = {"user": "{user}"}

OPERATIONS: tuple[Operation, ...] = (
    question(
        "list_people", "/people", "The names of people, by Slack ID or by a part of the name", _names, PeopleShape,
        arguments=NamesArguments, example={"ids": "{user}"}, tag="People",
    ),
    verb(
        "role", "Give somebody a role, or clear it", _role, RoleArguments, name="assign_role",
        example={"role": "commander", **_MAYA},
    ),
    verb(
        "roles", "Give several roles at once", _roles, RolesArguments, name="assign_roles",
        example={"roles": {"commander": "{user}"}},
    ),
    verb(
        "handover", "Offer a role to somebody, who accepts or declines", _handover, HandoverArguments,
        name="offer_role", example={"role": "commander", **_MAYA},
    ),
    verb(
        "handover/answer", "Accept or decline a role that was offered to you", _answer, AnswerArguments,
        name="answer_handover", asks_who=False, example={"role": "commander", "accept": True},
    ),
    verb("join", "Come to the incident's channel", _join, asks_who=False),
    verb("invite", "Invite people to the incident's channel", _invite, InviteArguments, name="invite_people",
         example={"users": ["{user}"]}),
    verb(
        "page", "Page people, or who is on call", _page, PageArguments, name="page_people",
        example={"users": ["{user}"], "reason": "We need an expert for the queue"},
    ),
    verb(
        "escalate", "Page the next rung of the ladder now", _escalate, EscalateArguments,
        example={"reason": "We need the database people"},
    ),
    verb(
        "trigger", "Report an event for which the policy pages people", _trigger, TriggerArguments,
        name="fire_trigger", example={"trigger": "data_loss"},
    ),
)  # fmt: skip
