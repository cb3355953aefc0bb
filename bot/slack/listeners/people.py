"""Finds the people whom a command names: typed names become IDs, and bots and deactivated accounts are refused.

A name counts only if exactly one person has it: a question is better than the wrong person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.identity import Membership
from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_user_id, user_mention
from bot.slack.client.api import SlackError
from bot.slack.commands.request import BadRequest, Request
from bot.slack.commands.verb import example
from bot.slack.commands.verbs import BY_NAME
from bot.slack.listeners.context import ListenerContext
from storage import directory, names

log = structlog.get_logger()

WITHIN_S = 1.0  # Slack's answer about an address; the acknowledgement waits for it
MOST_CHECKED = 20  # people of one request
MOST_NAMED = 4  # people in the question which one is meant


async def with_people(ctx: ListenerContext, request: Request) -> Request | BadRequest:
    """The request with IDs in place of typed names, or a question if a name is nobody's or several people's.

    Raises `Refused` for bots and deactivated accounts.
    """
    users = list(request.users)
    for name in request.names:
        matching = await _matching(ctx, name)
        if len(matching) != 1:
            return _question(ctx, request, name, matching)
        users += matching
    await refuse_bots(ctx, users)
    return replace(request, users=tuple(dict.fromkeys(users)), names=())


async def refuse_bots(ctx: ListenerContext, users: Iterable[str]) -> None:
    """Raise `Refused` if one of these users is a bot or deactivated: they cannot respond."""
    people = [user for user in dict.fromkeys(users) if is_user_id(user)][:MOST_CHECKED]
    if ctx.bot.user_id in people:
        raise Refused("That is me, and I am a bot. Name a person.")
    for identity in await asyncio.gather(*(ctx.identities.get(user) for user in people)):
        if identity.membership is Membership.BOT:
            raise Refused(f"{user_mention(identity.user)} is a bot. Name a person.")
        if not identity.active:
            raise Refused(f"The account of {user_mention(identity.user)} is deactivated. Name somebody else.")


async def _matching(ctx: ListenerContext, name: str) -> list[str]:
    """The Slack IDs of the people who may be meant by a typed name or e-mail address."""
    policy = ctx.context.policy
    async with ctx.context.database.reading() as conn:
        if "@" in name:
            ids_by_address = await directory.user_ids(conn, [name])
        else:
            return await _people_named(conn, policy, name)
    return list(ids_by_address.values()) or await _with_address(ctx, name)


async def _people_named(conn: AsyncConnection, policy: Policy, name: str) -> list[str]:
    """People by contact key, by their whole name, else by one of its words."""
    contacts = {contact.key: contact.slack or contact.email or "" for contact in policy.contacts.values()}
    contact_names = {contact.key: contact.name for contact in policy.contacts.values()}
    folded_name = name.casefold()
    slack_names = await names.containing(conn, name)
    by_key = [contacts[key] for key in contacts if key.casefold() == folded_name]
    exact = [contacts[key] for key, own in contact_names.items() if own.casefold() == folded_name]
    exact += [user for user, own in slack_names.items() if own.casefold() == folded_name]
    words = [contacts[key] for key, own in contact_names.items() if folded_name in own.casefold().split()]
    words += [user for user, own in slack_names.items() if folded_name in own.casefold().split()]
    for candidates in (by_key, exact, words):
        if people := await _ids(conn, candidates):
            return people
    return []


async def _ids(conn: AsyncConnection, candidates: Sequence[str]) -> list[str]:
    """Each candidate's Slack ID, once; an address that was never looked up stands for nobody."""
    addresses = await directory.user_ids(conn, [candidate for candidate in candidates if "@" in candidate])
    ids = [addresses.get(candidate.lower()) if "@" in candidate else candidate for candidate in candidates]
    return list(dict.fromkeys(user for user in ids if user and is_user_id(user)))


async def _with_address(ctx: ListenerContext, address: str) -> list[str]:
    try:
        async with asyncio.timeout(WITHIN_S):
            answer = await ctx.api.call("users.lookupByEmail", email=address)
    except (SlackError, TimeoutError) as error:
        log.info("person.not_found", error=str(error) or "too slow")
        return []
    return [str(answer["user"]["id"])]


def _question(ctx: ListenerContext, request: Request, name: str, matching: list[str]) -> BadRequest:
    verb = BY_NAME[request.verb]
    line = example(verb, ctx.context.policy, ctx.command)
    if request.incident is not None and verb.needs_incident:
        line += f" --in INC-{request.incident}"
    if not matching:
        return BadRequest(request.unmatched, line)
    people = " or ".join(user_mention(user) for user in matching[:MOST_NAMED])
    return BadRequest(f"Do you mean {people}? Type @ and pick the person from the list.", line)
