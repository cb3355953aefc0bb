"""What may follow a verb: one reader for each grammar of the table. Each gives a request or says what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.incident.status import ORDER, Status
from bot.domain.policy.policy import Policy, Role
from bot.domain.values import durations, time_expressions
from bot.slack import text as words
from bot.slack.commands import cover_window as windows
from bot.slack.commands.verbs import BY_NAME, VERBS, Grammar, Verb

_IN_ALONE = re.compile(r"(?:^|\s)(?:--|—|–)in(?=[\s=:]|$)", re.IGNORECASE)
_IN_LOST = re.compile(r"(?:^|\s)(?:--|—|–)in(?:[\s=:]*|[\s=:]+inc-?\S*)$", re.IGNORECASE)
_ID = re.compile(r"(?:inc-?|#)?([0-9]{1,9})", re.IGNORECASE)
_NOBODY = frozenset({"none", "nobody", "noone", "no-one", "clear", "-"})
_SAID_SHORT = {"comms": "communications"}  # what responders say that is no prefix
_NAMED = re.compile(r"(?:^|[\s,])@(\S+)")


@dataclass(frozen=True, slots=True)
class Request:
    """A verb and what it was given; a field is empty where the verb has no use for it.

    `verb` is a name of the table, or `menu` for the bare command. `incident` is the number given by `--in` or as an
    ID. `users` are Slack user IDs. `severity`, `role` and `schedule` are keys of the policy. `clear`: take the role
    away. `window` is from when until when. `scope` is `key` or `all` for timeline, `open` or `all` for list, whose
    `severities` narrow it. `text` is house text (see `bot.slack.text`): update, reason, note, summary; for help the
    name of the verb, or empty.
    """

    verb: str
    incident: int | None = None
    text: str = ""
    users: tuple[str, ...] = ()
    role: str | None = None
    clear: bool = False
    severity: str | None = None
    severities: tuple[str, ...] = ()
    status: Status | None = None
    span: timedelta | None = None
    scope: str = ""
    schedule: str | None = None
    window: time_expressions.TimeWindow | None = None


# What people also say for a status: suggested, never taken for granted.
MEANT = {
    **dict.fromkeys(("fixed", "done", "solved", "over", "recovered", "ok"), Status.RESOLVED),
    **dict.fromkeys(("fixing", "mitigated", "rollback"), Status.MITIGATING),
    **dict.fromkeys(("looking", "triage", "debugging"), Status.INVESTIGATING),
    **dict.fromkeys(("ack", "acked", "responding"), Status.ACKNOWLEDGED),
    **dict.fromkeys(("found", "cause"), Status.IDENTIFIED),
    **dict.fromkeys(("watching", "observing"), Status.MONITORING),
}


class ArgumentError(Exception):
    """The reader of a grammar cannot use what was typed. The message is for the person."""


@dataclass(frozen=True, slots=True)
class ParseContext:
    verb: Verb
    rest: str
    policy: Policy
    asker: str | None


def _nothing(given: ParseContext) -> Request:
    """No argument; an ID right after the verb is understood as `--in` (`ack INC-42`)."""
    _no_stray_in(given)
    match = _ID.fullmatch(given.rest)
    return Request(given.verb.name, int(match[1])) if match else Request(given.verb.name, text=given.rest)


def _words(given: ParseContext) -> Request:
    _no_lost_in(given)
    return Request(given.verb.name, text=given.rest)


def _text(given: ParseContext) -> Request:
    if not given.rest:
        what = given.verb.usages[0].partition("<")[2].partition(">")[0]
        raise ArgumentError(f"Write the {what} after “{given.verb.name}”.")
    _no_lost_in(given)
    return Request(given.verb.name, text=given.rest)


def _status(given: ParseContext) -> Request:
    name, _, note = split_first_word(given.rest)
    name = name.rstrip(":,;").lower()
    known = [str(status) for status in ORDER[1:]]
    if not name:
        raise ArgumentError(f"Which status? One of: {', '.join(known)}.")
    if name == Status.DETECTED:
        raise ArgumentError(f"It cannot become undetected. Use one of: {', '.join(known)}.")
    matching = [status for status in known if status.startswith(name)]
    if name == Status.CANCELLED:
        matching = [name]
    if len(matching) != 1:
        meant = [str(MEANT[name])] if name in MEANT else []
        near = matching or meant or difflib.get_close_matches(name, known, n=2, cutoff=0.5)
        hint = f"Did you mean {join_or(near)}?" if near else f"Use one of: {', '.join(known)}."
        raise ArgumentError(f"There is no status “{echo(name)}”. {hint}")
    return Request(given.verb.name, status=Status(matching[0]), text=note)


def _severity(given: ParseContext) -> Request:
    known = ", ".join(level.key for level in given.policy.severities)
    if not given.rest:
        raise ArgumentError(f"Which severity? One of: {known}.")
    found = find_severity(given.rest, given.policy) or _by_number(given.rest, given.policy)
    if found is None:
        raise ArgumentError(f"There is no severity “{echo(split_first_word(given.rest)[0])}”. Use one of: {known}.")
    return Request(given.verb.name, severity=found[0], text=_reason(found[1]))


def _by_number(text: str, policy: Policy) -> tuple[str, str] | None:
    """`severity 1 …` where just one key ends in that number."""
    first, _, rest = split_first_word(text)
    matching = [s.key for s in policy.severities if re.fullmatch(rf"\D*{re.escape(first)}", s.key)]
    return (matching[0], rest) if first.isdecimal() and len(matching) == 1 else None


def _role(given: ParseContext) -> Request:
    _no_stray_in(given)
    phrase, users, clear = _role_and_holder(given)
    if not phrase:
        raise ArgumentError(f"Say which role and who: one of {_role_names(given.policy)}, then @user or none.")
    role = find_role(phrase, given.policy)
    if isinstance(role, tuple):
        name = echo(phrase)
        if role:
            raise ArgumentError(f"“{name}” could be {join_or([r.title for r in role])}. Write a little more of it.")
        raise ArgumentError(f"There is no role “{name}”. Use one of: {_role_names(given.policy)}.")
    if not users and not clear:
        raise ArgumentError(f"Who is to be {role.title}? Name one person after it, or “none” to clear it.")
    return Request(given.verb.name, role=role.key, users=users, clear=clear)


def _handover(given: ParseContext) -> Request:
    """A role and a person; the person alone means the commander."""
    _no_stray_in(given)
    phrase, users, clear = _role_and_holder(given)
    if clear or not users:
        raise ArgumentError("Who is to take over? Name one person.")
    role = find_role(phrase, given.policy) if phrase else _first_role(given.policy)
    if isinstance(role, tuple):
        names = join_or([r.title for r in role]) if role else _role_names(given.policy)
        raise ArgumentError(f"There is no role “{echo(phrase)}”. Use one of: {names}.")
    return Request(given.verb.name, role=role.key, users=users)


def _first_role(policy: Policy) -> Role:
    leading = [role for role in policy.roles if role.key == "commander"]
    return next(iter((*leading, *policy.roles)), Role("commander", "Incident commander"))


def _role_and_holder(given: ParseContext) -> tuple[str, tuple[str, ...], bool]:
    """The words that name the role, who is to have it, whether it is to be cleared."""
    users = words.mentions_in(given.rest)
    phrase = words.without_mentions(given.rest)
    if not users:
        head, _, last = phrase.rpartition(" ")
        if phrase.lower() in _NOBODY or last.lower() in _NOBODY:
            return _tidy(head), (), True
        if last.lower() == "me" and given.asker:
            return _tidy(head), (given.asker,), False
    _all_resolved(phrase)
    if len(users) > 1:
        raise ArgumentError("A role goes to one person. Name just one.")
    return _tidy(phrase), users, False


def _person(given: ParseContext) -> Request:
    """One person; nobody named is whoever asks, as with the button."""
    users = _people_in(given) if given.rest or not given.asker else (given.asker,)
    if len(users) > 1:
        raise ArgumentError("One person at a time. Name just one.")
    return Request(given.verb.name, users=users)


def _people(given: ParseContext) -> Request:
    return Request(given.verb.name, users=_people_in(given))


def _people_in(given: ParseContext) -> tuple[str, ...]:
    _no_stray_in(given)
    users = words.mentions_in(given.rest)
    if not users and given.rest.lower() == "me" and given.asker:
        return (given.asker,)
    left = words.without_mentions(given.rest)
    _all_resolved(left)
    if not users:
        raise ArgumentError("Say who: type @ and pick the person from the list.")
    return users


def _all_resolved(text: str) -> None:
    """Refuse `@maya` that Slack did not turn into an ID: guessing whom to page or to put in charge is worse."""
    if match := _NAMED.search(text):
        name = echo(match[1])
        raise ArgumentError(
            f"I can't tell who “@{name}” is. Type @ and pick the person from the list, so Slack sends their ID."
        )


def _span(given: ParseContext) -> Request:
    _no_stray_in(given)
    written = re.sub(r"^(?:for|in)\s+", "", given.rest, flags=re.IGNORECASE)
    if not written:
        raise ArgumentError("For how long? Write 15m, 2h or 1d.")
    if len(written) > 40:
        raise ArgumentError(f"I don't understand the duration “{echo(written)}”. Write 15m, 2h or 1d.")
    try:
        return Request(given.verb.name, span=durations.parse_duration(written))
    except Refused as refused:
        raise ArgumentError(refused.message) from None


def _all(given: ParseContext) -> Request:
    _no_stray_in(given)
    wanted = given.rest.lower()
    if wanted not in ("", "key", "all"):
        raise ArgumentError("Add “all” for everything, or nothing for the key entries.")
    return Request(given.verb.name, scope=wanted or "key")


def _filter(given: ParseContext) -> Request:
    scope, severities, rest = "open", [], given.rest.replace(",", " ").strip()
    while rest:
        first, _, after = split_first_word(rest)
        if first.lower() in ("open", "all"):
            scope, rest = first.lower(), after
            continue
        found = find_severity(rest, given.policy)
        if found is None:
            known = ", ".join(level.key for level in given.policy.severities)
            raise ArgumentError(f"I can't list “{echo(first)}”. Use open, all, or a severity: {known}.")
        severities.append(found[0])
        rest = found[1]
    return Request(given.verb.name, scope=scope, severities=tuple(dict.fromkeys(severities)))


def _id(given: ParseContext) -> Request:
    _no_stray_in(given)
    if not given.rest:
        return Request(given.verb.name)
    match = _ID.fullmatch(given.rest)
    if match is None:
        raise ArgumentError(f"“{echo(given.rest)}” is not an incident ID. They look like INC-42.")
    return Request(given.verb.name, int(match[1]))


def _topic(given: ParseContext) -> Request:
    name = split_first_word(given.rest)[0].lower()
    verb = BY_NAME.get(name)
    if name and verb is None:
        near = difflib.get_close_matches(name, BY_NAME, n=2, cutoff=0.5) or [v.name for v in VERBS[:3]]
        raise ArgumentError(f"There is no verb “{echo(name)}”. Try help with {join_or(near)}.")
    return Request(given.verb.name, text=verb.name if verb else "")


def _schedule(given: ParseContext) -> Request:
    if not given.rest:
        return Request(given.verb.name)
    return Request(given.verb.name, schedule=_known_schedule(given.rest, given.policy))


def _cover(given: ParseContext) -> Request:
    """`primary for 2h`, `primary from tomorrow 18:00 until 06:00`; `primary none` gives it up. Without a time it is
    asked for in the form.
    """
    _no_stray_in(given)
    head, _, last = given.rest.rpartition(" ")
    if head and last.lower() in _NOBODY | {"off", "end", "stop"}:
        return Request(given.verb.name, schedule=_known_schedule(head, given.policy), clear=True)
    try:
        said = windows.split(given.rest)
        if not said.name and not said.words:
            return Request(given.verb.name)
        windows.check_name(said.name, given.policy.schedules)
        schedule = _known_schedule(said.name, given.policy)
        return Request(given.verb.name, schedule=schedule, window=said.window())
    except Refused as refused:
        raise ArgumentError(refused.message) from None


def _policy(given: ParseContext) -> Request:
    _no_stray_in(given)
    if given.rest.lower() not in ("", "apply"):
        raise ArgumentError("Add nothing to see what would change; the answer has the button.")
    return Request(given.verb.name, scope=given.rest.lower())


def _page(given: ParseContext) -> Request:
    """Whom first, the reason after; a mention inside the reason is part of it."""
    _no_stray_in(given)
    if match := re.match(r"<@([UW][A-Z0-9]+)>\s*", given.rest):
        return Request(given.verb.name, users=(match[1],), text=_reason(given.rest[match.end() :]))
    first, _, rest = split_first_word(given.rest)
    _all_resolved(first)
    if not first:
        raise ArgumentError("Whom? Type @ and pick the person from the list, or name a schedule.")
    return Request(given.verb.name, schedule=_known_schedule(first, given.policy), text=_reason(rest))


def _drill(given: ParseContext) -> Request:
    """A severity first, or the worst; the rest is the title."""
    severity, title = find_severity(given.rest, given.policy) or (given.policy.severities[0].key, given.rest)
    return Request(given.verb.name, severity=severity, text=words.title_of(title) or "Drill")


def _reason(text: str) -> str:
    return re.sub(r"^(?:because|[-–—:,])\s+", "", text.strip(), flags=re.IGNORECASE)


def _known_schedule(text: str, policy: Policy) -> str:
    wanted = normalized(text)
    known = list(policy.schedules)
    if not known:
        raise ArgumentError("The policy has no schedules. Add some under `schedules:`, then try again.")
    if not wanted:
        raise ArgumentError(f"Which schedule? One of: {', '.join(known[:20])}.")
    exact = [key for key in known if normalized(key) == wanted]
    matching = exact or [key for key in known if normalized(key).startswith(wanted)]
    if len(matching) != 1:
        near = matching or difflib.get_close_matches(wanted, known, n=2, cutoff=0.5)
        hint = f"Did you mean {join_or(near)}?" if near else f"Use one of: {', '.join(known[:20])}."
        raise ArgumentError(f"There is no schedule “{echo(text)}”. {hint}")
    return matching[0]


def find_severity(text: str, policy: Policy) -> tuple[str, str] | None:
    """A severity at the start of `text`, by key or name, and what follows it. The longest match wins."""
    pieces = text.split(None, 4)
    known = {normalized(name): level.key for level in reversed(policy.severities) for name in (level.name, level.key)}
    for count in range(min(4, len(pieces)), 0, -1):
        key = known.get(normalized("".join(pieces[:count]).rstrip(":,;")))
        if key is not None:
            return key, text.split(None, count)[count].strip() if len(text.split(None, count)) > count else ""
    return None


def find_role(text: str, policy: Policy) -> Role | tuple[Role, ...]:
    """The role meant by its key, title, initials or the start of one; else those it might be, none if none."""
    wanted = normalized(text)
    for role in policy.roles:
        if wanted and wanted in (normalized(role.key), normalized(role.title)):
            return role
    candidates = [role for role in policy.roles if wanted and _might_mean(wanted, role)]
    return candidates[0] if len(candidates) == 1 else tuple(candidates)


def _might_mean(wanted: str, role: Role) -> bool:
    names = (normalized(role.key), normalized(role.title))
    initials = "".join(word[0] for word in role.title.lower().split())
    return wanted == initials or any(name.startswith(_SAID_SHORT.get(wanted, wanted)) for name in names)


def _no_lost_in(given: ParseContext) -> None:
    """Words may hold anything but an `--in` at their end whose ID is missing, or is none."""
    if _IN_LOST.search(given.rest):
        raise ArgumentError("After --in I need an incident ID, such as --in INC-42.")


def _no_stray_in(given: ParseContext) -> None:
    if _IN_ALONE.search(given.rest):
        raise ArgumentError("After --in I need an incident ID, such as --in INC-42.")


def echo(text: str) -> str:
    """What was typed, short enough to say back."""
    return words.clip(words.title_of(text), 40)


def split_first_word(text: str) -> tuple[str, str, str]:
    """The first word, a space, the rest; line breaks inside the rest are kept."""
    pieces = text.split(None, 1)
    return (pieces[0] if pieces else "", " ", pieces[1].strip() if len(pieces) > 1 else "")


def normalized(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).lower()


def _tidy(text: str) -> str:
    cleaned = " ".join(text.split()).strip(" :=,;")
    return re.sub(r"\s+(?:to|is|=)$", "", cleaned, flags=re.IGNORECASE)


def _role_names(policy: Policy) -> str:
    return ", ".join(role.key for role in policy.roles[:20])


def join_or(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f" or {names[-1]}"


READERS: dict[Grammar, Callable[[ParseContext], Request]] = {
    Grammar.NOTHING: _nothing,
    Grammar.WORDS: _words,
    Grammar.TEXT: _text,
    Grammar.STATUS: _status,
    Grammar.SEVERITY: _severity,
    Grammar.ROLE: _role,
    Grammar.PERSON: _person,
    Grammar.PEOPLE: _people,
    Grammar.SPAN: _span,
    Grammar.ALL: _all,
    Grammar.FILTER: _filter,
    Grammar.ID: _id,
    Grammar.TOPIC: _topic,
    Grammar.SCHEDULE: _schedule,
    Grammar.COVER: _cover,
    Grammar.PAGE: _page,
    Grammar.DRILL: _drill,
    Grammar.HANDOVER: _handover,
    Grammar.POLICY: _policy,
}
