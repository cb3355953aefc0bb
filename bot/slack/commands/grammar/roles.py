"""Parses roles in a command, for the verbs `role` and `handover`."""

from __future__ import annotations

import re

from bot.domain.policy.policy import Policy, Role
from bot.slack import text
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, normalized
from bot.slack.commands.grammar.people import refuse_typed_names
from bot.slack.commands.request import Request

NOBODY = frozenset({"none", "nobody", "noone", "no-one", "clear", "-"})
_ABBREVIATIONS = {"comms": "communications"}  # usual ones that are no prefix
_LISTED = 20  # roles in an answer


def role_and_holder(context: ParseContext) -> Request:
    """Parse a role and a person, in either order; or a role and `none`. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    phrase, users, clear = _split_holder(context)
    if not phrase:
        raise ArgumentError(f"Say which role and who: one of {_keys(context.policy)}, then @user or none.")
    role = find_role(phrase, context.policy)
    if isinstance(role, tuple):
        name = echo(phrase)
        if role:
            candidates = join_or([candidate.title for candidate in role])
            raise ArgumentError(f"“{name}” could be {candidates}. Write a little more of it.")
        raise ArgumentError(f"There is no role “{name}”. Use one of: {_keys(context.policy)}.")
    if not users and not clear:
        raise ArgumentError(f"Who is to be {role.title}? Name one person after it, or “none” to clear it.")
    return Request(context.verb.name, role=role.key, users=users, clear=clear)


def handover(context: ParseContext) -> Request:
    """Parse a role and a person; a person alone means the commander's role. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    phrase, users, clear = _split_holder(context)
    if clear or not users:
        raise ArgumentError("Who is to take over? Name one person.")
    role = find_role(phrase, context.policy) if phrase else _commander(context.policy)
    if isinstance(role, tuple):
        names = join_or([candidate.title for candidate in role]) if role else _keys(context.policy)
        raise ArgumentError(f"There is no role “{echo(phrase)}”. Use one of: {names}.")
    return Request(context.verb.name, role=role.key, users=users)


def find_role(phrase: str, policy: Policy) -> Role | tuple[Role, ...]:
    """The role that the words name by key, title, initials or the start of one; else all that they may mean."""
    name = normalized(phrase)
    for role in policy.roles:
        if name and name in (normalized(role.key), normalized(role.title)):
            return role
    candidates = [role for role in policy.roles if name and _may_mean(name, role)]
    return candidates[0] if len(candidates) == 1 else tuple(candidates)


def _may_mean(name: str, role: Role) -> bool:
    initials = "".join(word[0] for word in role.title.lower().split())
    prefix = _ABBREVIATIONS.get(name, name)
    return name == initials or any(normalized(full).startswith(prefix) for full in (role.key, role.title))


def _commander(policy: Policy) -> Role:
    """The commander's role, else the policy's first one, else the built-in one."""
    commanders = [role for role in policy.roles if role.key == "commander"]
    return next(iter((*commanders, *policy.roles)), Role("commander", "Incident commander"))


def _split_holder(context: ParseContext) -> tuple[str, tuple[str, ...], bool]:
    """The words that name the role, its holder if any, and whether to clear it."""
    users = text.mentions_in(context.rest)
    phrase = text.without_mentions(context.rest)
    if not users:
        head, _, last = phrase.rpartition(" ")
        if phrase.lower() in NOBODY or last.lower() in NOBODY:
            return _tidy(head), (), True
        if last.lower() == "me" and context.asker:
            return _tidy(head), (context.asker,), False
    refuse_typed_names(phrase)
    if len(users) > 1:
        raise ArgumentError("A role goes to one person. Name just one.")
    return _tidy(phrase), users, False


def _tidy(phrase: str) -> str:
    """The phrase without surplus spaces, punctuation and a trailing `to`, `is` or `=`."""
    cleaned = " ".join(phrase.split()).strip(" :=,;")
    return re.sub(r"\s+(?:to|is|=)$", "", cleaned, flags=re.IGNORECASE)


def _keys(policy: Policy) -> str:
    return ", ".join(role.key for role in policy.roles[:_LISTED])
