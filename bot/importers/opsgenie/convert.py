"""Turns Opsgenie's responses into an account: users, teams, schedules, escalations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.importers.account import (
    NOBODY,
    Ladder,
    Origin,
    Override,
    Participant,
    Person,
    Rotation,
    Rung,
    Schedule,
    SourceObject,
    Step,
    Team,
)
from bot.importers.fields import bool_of, id_of, instant_of, int_of, list_of, object_of, text_of
from bot.importers.opsgenie.times import UNITS, hours_of

Raw = Mapping[str, Any]
_MAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_METHODS = {"email": "email", "sms": "sms", "voice": "phone", "mobile": "push"}
_KINDS = {"user": "person", "team": "team", "escalation": "ladder", "schedule": "schedule"}


def person_of(raw: Raw) -> tuple[Person, list[SourceObject]]:
    """A user, and the user's contact methods and notification rules as objects of their own."""
    name = text_of(raw, "fullName") or text_of(raw, "username")
    person = Person(Origin("user", id_of(raw), name))
    address = text_of(raw, "username").lower()
    if _MAIL.match(address):
        person.email = address
    person.gone = bool_of(raw, "blocked", default=False)
    source_objects: list[SourceObject] = [_contact_method(person, contact) for contact in list_of(raw, "contacts")]
    for rule in list_of(raw, "rules"):
        source_objects += _rule(person, rule)
    return person, source_objects


def _contact_method(person: Person, raw: Raw) -> SourceObject:
    method, to = text_of(raw, "method"), text_of(raw, "to")
    source_object = SourceObject(
        Origin("contact_method", f"{person.origin.id}/{id_of(raw)}", f"{person.origin.name}: {method}")
    )
    if method in ("sms", "voice"):
        number = phone_of(to)
        if not number:
            source_object.note(
                f"“{to}” is no telephone number", "Write it to the contact's `phone`, with the country code.", lost=True
            )
        else:
            person.take_phone(number, source_object)
    elif method == "email" and (_MAIL.match(to) or person.email):
        person.take_email(to, source_object)
    elif method == "email":
        source_object.note(f"“{to}” is no e-mail address", "Write it to the contact's `email`.", lost=True)
    else:
        source_object.note(
            "Opsgenie's app stops with Opsgenie", "Set the contact's `push`, or let Slack's app ring.", lost=True
        )
    return source_object


def phone_of(text: str) -> str:
    """Turn Opsgenie's 49-15112345678 into the policy's +4915112345678. Empty if the text is not a number."""
    digits = re.sub(r"[^0-9]", "", text)
    return f"+{digits}" if 6 <= len(digits) <= 18 and re.match(r"^\+?[0-9][0-9 ().-]+$", text) else ""


def _rule(person: Person, raw: Raw) -> list[SourceObject]:
    """A notification rule. The one for new alerts becomes the contact's methods; each of its steps is an object."""
    action = text_of(raw, "actionType")
    rule = SourceObject(
        Origin(
            "notification_rule",
            f"{person.origin.id}/{id_of(raw)}",
            f"{person.origin.name}: {text_of(raw, 'name') or action}",
        )
    )
    if action != "create-alert":
        rule.note(f"Tocsin has no rule of a person's own for “{action}”", "", lost=True)
        return [rule]
    if not bool_of(raw, "enabled", default=True):
        rule.note("It is switched off", "", lost=True)
    if list_of(object_of(raw, "criteria"), "conditions") or object_of(raw, "timeRestriction"):
        rule.note(
            "It applies to some alerts or hours only; here it applies to all pages", "Look at the contact's `methods`."
        )
    source_objects: list[SourceObject] = [rule]
    for step in list_of(raw, "steps"):
        source_object = _step(person, raw, step)
        source_objects.append(source_object)
        if not rule.lost and not source_object.lost:
            person.steps.append(source_object)
        elif rule.lost:
            source_object.note("Its rule is not moved", "", lost=True)
    return source_objects


def _step(person: Person, rule: Raw, raw: Raw) -> Step:
    method = text_of(object_of(raw, "contact"), "method")
    identity = f"{person.origin.id}/{id_of(rule)}/{id_of(raw)}"
    step = Step(Origin("notification_step", identity, f"{person.origin.name}: {method}"))
    step.method = _METHODS.get(method, "")
    step.after = duration_of(object_of(raw, "sendAfter"))
    if not bool_of(raw, "enabled", default=True):
        step.note("It is switched off", "", lost=True)
    elif step.method == "push":
        step.method = "slack"
        step.note("Opsgenie's app becomes Slack", "Set the contact's `push` for another app that rings.")
    elif not step.method:
        step.note(f"There is no method “{method}” here", "", lost=True)
    return step


def duration_of(raw: Raw) -> timedelta:
    """`{"timeAmount": 5, "timeUnit": "minutes"}`."""
    amount = max(0, min(int_of(raw, "timeAmount"), 100_000))
    unit = text_of(raw, "timeUnit") or "minutes"
    return {"hours": timedelta(hours=1), "days": timedelta(days=1)}.get(unit, timedelta(minutes=1)) * amount


def team_of(raw: Raw) -> Team:
    """A team with its members."""
    team = Team(Origin("team", id_of(raw), text_of(raw, "name")))
    team.members = [id_of(object_of(member, "user")) for member in list_of(raw, "members")]
    return team


def schedule_of(raw: Raw) -> Schedule:
    """A schedule; Opsgenie's rotations add up."""
    schedule = Schedule(Origin("schedule", id_of(raw), text_of(raw, "name")), together=True)
    schedule.team = id_of(object_of(raw, "ownerTeam"))
    if not bool_of(raw, "enabled", default=True):
        schedule.note(
            "It is switched off in Opsgenie: it pages nobody there",
            "Nothing to do if nobody misses it; else switch it on there and import again.",
            lost=True,
        )
    schedule.put_in_zone(text_of(raw, "timezone"))
    schedule.rotations = [_rotation(schedule, rotation) for rotation in list_of(raw, "rotations")]
    schedule.overrides = [_override(schedule, override) for override in list_of(raw, "overrides")]
    return schedule


def _rotation(schedule: Schedule, raw: Raw) -> Rotation:
    rotation = Rotation(Origin("rotation", id_of(raw), text_of(raw, "name")))
    rotation.anchor, rotation.ends_at = instant_of(raw, "startDate"), instant_of(raw, "endDate")
    rotation.every, kind = max(1, int_of(raw, "length", 1)), text_of(raw, "type")
    rotation.unit = UNITS.get(kind, "")
    rotation.participants = [participant_of(participant) for participant in list_of(raw, "participants")]
    if rotation.anchor is None:
        rotation.note("It has no start", "Write it by hand.", lost=True)
    if not rotation.unit:
        rotation.note(f"There is no rotation “{kind}” here", "Write it by hand.", lost=True)
    try:
        rotation.hours = hours_of(object_of(raw, "timeRestriction"))
    except ValueError as error:
        rotation.note(f"It has {error}", "Write it by hand.", lost=True)
    return rotation


def participant_of(raw: Raw) -> Participant:
    """`{"type": "user", "id": …, "username": …}`, of the types user, team, escalation, schedule and none."""
    kind = _KINDS.get(text_of(raw, "type"))
    return Participant(kind, id_of(raw), text_of(raw, "username") or text_of(raw, "name")) if kind else NOBODY


def _override(schedule: Schedule, raw: Raw) -> Override:
    override = Override(Origin("override", f"{schedule.origin.id}/{id_of(raw, 'alias')}", schedule.origin.name))
    override.person = participant_of(object_of(raw, "user"))
    override.starts_at, override.ends_at = instant_of(raw, "startDate"), instant_of(raw, "endDate")
    override.rotations = tuple(id_of(rotation) for rotation in list_of(raw, "rotations"))
    if override.starts_at is None or override.ends_at is None or override.ends_at <= override.starts_at:
        override.note("It has no start or no end", "", lost=True)
    return override


def ladder_of(raw: Raw) -> Ladder:
    """An escalation."""
    ladder = Ladder(Origin("escalation", id_of(raw), text_of(raw, "name")))
    for number, rule in enumerate(list_of(raw, "rules")):
        ladder.rungs.append(_rung(ladder, number, rule))
    repeat = object_of(raw, "repeat")
    ladder.repeat = max(0, min(int_of(repeat, "count"), 20))
    ladder.repeat_after = timedelta(minutes=max(0, int_of(repeat, "waitInterval")))
    if bool_of(repeat, "closeAlertAfterAll", default=False):
        ladder.note("Opsgenie closes the alert after the last repetition; Tocsin never does", "")
    return ladder


def _rung(ladder: Ladder, number: int, raw: Raw) -> Rung:
    recipient = participant_of(object_of(raw, "recipient"))
    name = f"{ladder.origin.name}, rule {number + 1}"
    rung = Rung(Origin("escalation_rule", f"{ladder.origin.id}/{number + 1}", name))
    rung.after, rung.targets = duration_of(object_of(raw, "delay")), [recipient]
    rung.until = "resolved" if text_of(raw, "condition") == "if-not-closed" else "acknowledged"
    kind = text_of(raw, "notifyType") or "default"
    rung.how = {"default": "", "all": "all", "next": "next", "random": "round_robin"}.get(kind, "?")
    if rung.how == "?":
        rung.how = ""
        words = {"users": "only the users", "admins": "only the admins", "previous": "those on call before"}
        rung.note(
            f"It notifies {words.get(kind, kind)} of {recipient.name or recipient.kind}; here all who are on it",
            "Name the people in the rung's `notify`.",
        )
    if recipient is NOBODY:
        rung.note("It notifies nobody", "", lost=True)
    return rung
