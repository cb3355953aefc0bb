"""Parses roles in a command, for the verbs `role` and `handover`."""

from __future__ import annotations

import re

from bot.domain.policy.policy import Policy, Role
from bot.slack import text
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, normalize
from bot.slack.commands.grammar.people import nobody_called, typed_name
from bot.slack.commands.request import Request

NOBODY = frozenset({"none", "nobody", "noone", "no-one", "clear", "-"})
_ABBREVIATIONS = {"comms": "communications"}  # usual ones that are no prefix
_MOST_WORDS = 20  # of a title of a role
_LISTED = 20  # roles in an answer


def role_and_holder(context: ParseContext) -> Request:
    """Parse a role and a person, in either order; or a role and `none`. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    phrase, users, clear = _split_holder(context)
    if not phrase:
        raise ArgumentError(f"Say which role and who: one of {_keys(context.policy)}, then @user or none.")
    role, name = _role_and_name(phrase, context, by_mention=bool(users) or clear)
    if isinstance(role, tuple):
        echoed = echo(phrase)
        if role:
            candidates = join_or([candidate.title for candidate in role])
            raise ArgumentError(f"“{echoed}” could be {candidates}. Write a little more of it.")
        raise ArgumentError(f"There is no role “{echoed}”. Use one of: {_keys(context.policy)}.")
    if not users and not clear and not name:
        raise ArgumentError(f"Who is to be {role.title}? Name one person after it, or “none” to clear it.")
    return _request(context, role, users, name, clear=clear)


def handover(context: ParseContext) -> Request:
    """Parse a role and a person; a person alone means the commander's role. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    phrase, users, clear = _split_holder(context)
    if clear:
        raise ArgumentError("Who is to take over? Name one person.")
    role, name = _role_and_name(phrase, context, by_mention=bool(users)) if phrase else (_commander(context.policy), "")
    if not users and not name:
        if not isinstance(role, tuple):
            raise ArgumentError("Who is to take over? Name one person.")
        role, name = _commander(context.policy), typed_name(phrase, context)
    if isinstance(role, tuple):
        names = join_or([candidate.title for candidate in role]) if role else _keys(context.policy)
        raise ArgumentError(f"There is no role “{echo(phrase)}”. Use one of: {names}.")
    return _request(context, role, users, name)


def _request(context: ParseContext, role: Role, users: tuple[str, ...], name: str, *, clear: bool = False) -> Request:
    if not name:
        return Request(context.verb.name, role=role.key, users=users, clear=clear)
    return Request(context.verb.name, role=role.key, names=(name,), unmatched=nobody_called(context.rest))


def _role_and_name(phrase: str, context: ParseContext, *, by_mention: bool) -> tuple[Role | tuple[Role, ...], str]:
    """The role that the phrase means, and the typed name after it, unless the person is named `by_mention`."""
    match = find_role(phrase, context.policy)
    if by_mention or not isinstance(match, tuple):
        return match, ""
    words = phrase.split()
    for count in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        role = find_role(_tidy(" ".join(words[:count])), context.policy)
        if not isinstance(role, tuple):
            return role, typed_name(" ".join(words[count:]), context)
    return match, ""


def find_role(phrase: str, policy: Policy) -> Role | tuple[Role, ...]:
    """The role that the words name by key, title, initials or the start of one; else all that they may mean."""
    name = normalize(phrase)
    for role in policy.roles:
        if name and name in (normalize(role.key), normalize(role.title)):
            return role
    candidates = [role for role in policy.roles if name and _may_mean(name, role)]
    return candidates[0] if len(candidates) == 1 else tuple(candidates)


def _may_mean(name: str, role: Role) -> bool:
    initials = "".join(word[0] for word in role.title.lower().split())
    prefix = _ABBREVIATIONS.get(name, name)
    return name == initials or any(normalize(full).startswith(prefix) for full in (role.key, role.title))


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
    if len(users) > 1:
        raise ArgumentError("A role goes to one person. Name just one.")
    return _tidy(phrase), users, False


def _tidy(phrase: str) -> str:
    """The phrase without surplus spaces, punctuation and a trailing `to`, `is` or `=`."""
    cleaned = " ".join(phrase.split()).strip(" :=,;\"“”„'‘’")
    return re.sub(r"\s+(?:to|is|=)$", "", cleaned, flags=re.IGNORECASE)


def _keys(policy: Policy) -> str:
    return ", ".join(role.key for role in policy.roles[:_LISTED])
