"""Turns schedules, rotations and overrides into schedules and covers of the policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.importers.account import NOBODY, Override, Participant, Rotation, Schedule
from bot.importers.compose.draft import Cover, Draft
from bot.importers.keys import Keys
from bot.importers.yaml_text import CommentedItem

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEPT = timedelta(days=31)  # covers that ended earlier are not recorded
_LONGEST = {"hour": 8760, "day": 366, "week": 53, "month": 12}  # of the policy's `rotation`
_SHORT = {"day": "daily", "week": "weekly", "month": "monthly"}
_UNSET = "nobody"
_BY_HAND = "Write it by hand"  # what to do about a rotation that puts people on call and cannot be moved


def add_schedules(draft: Draft) -> None:
    """Add the schedules, and note the covers."""
    keys = draft.keys()
    for schedule in sorted(draft.account.schedules, key=lambda schedule: schedule.origin.id):
        layers = _layers(draft, schedule)
        if not schedule.lost and not layers:
            _note_without_layers(draft, schedule)
        if schedule.lost:
            for rotation in schedule.rotations:
                rotation.note("Its schedule is not moved", "", lost=True)
            for override in schedule.overrides:
                override.note("Its schedule is not moved", "", lost=True)
            continue
        key = keys.give(schedule.origin.name, f"schedule-{schedule.origin.id}")
        draft.schedules[schedule.origin.id] = key
        _note_if_ended(draft, schedule)
        value: dict[str, Any] = {"timezone": schedule.timezone}
        if schedule.together and len(layers) > 1:
            value["together"] = True
        draft.add("schedules", key, {**value, "layers": layers}, schedule)
        for override in schedule.overrides:
            _cover(draft, schedule, key, override)


def _layers(draft: Draft, schedule: Schedule) -> list[CommentedItem]:
    names = Keys()
    layers = []
    for number, rotation in enumerate(schedule.rotations, start=1):
        layer = _layer(draft, schedule, rotation)
        if rotation.lost:
            continue
        name = names.give(rotation.origin.name, f"rotation-{number}")
        draft.layers[rotation.origin.id] = name
        comment = " · ".join(filter(None, (f"{rotation.origin.kind} {rotation.origin.id}", rotation.origin.name)))
        layers.append(CommentedItem({"name": name, **layer} if len(schedule.rotations) > 1 else layer, comment))
    return layers


def _layer(draft: Draft, schedule: Schedule, rotation: Rotation) -> dict[str, Any]:
    """The settings of a layer; empty if the rotation cannot become one. Its notes say why, and what differs."""
    if rotation.shifts is not None:
        return _shift_list(draft, rotation)
    members = [_member(draft, rotation, participant) for participant in rotation.participants]
    if rotation.lost:
        return {}
    covered = any(rotation.origin.id in override.rotations for override in schedule.overrides)
    if all(member == _UNSET for member in members) and not covered:
        if rotation.notes:
            rotation.notes = [replace(note, do="") for note in rotation.notes]  # there are no `members` to replace
            rotation.note("Nobody else takes turns in it", f"{_BY_HAND}, with people who are there.", lost=True)
        else:
            rotation.note("Nobody takes turns in it", "Nothing to do if nobody misses it.", lost=True)
        return {}
    if rotation.anchor is None:
        raise ValueError("a rotation that takes turns has a start")
    if rotation.every > _LONGEST[rotation.unit]:
        rotation.note(
            f"A shift of {rotation.every} {rotation.unit}s is longer than the policy allows",
            f"{_BY_HAND}.",
            lost=True,
        )
        return {}
    layer = _turns(rotation, rotation.anchor.astimezone(ZoneInfo(schedule.timezone)), members)
    if rotation.hours:
        layer["hours"] = rotation.hours if len(rotation.hours) > 1 else rotation.hours[0]
    if rotation.begins_at is not None and rotation.begins_at > rotation.anchor:
        layer["begins"] = _instant(rotation.begins_at)
    if rotation.ends_at is not None:
        layer["ends"] = _instant(rotation.ends_at)
    return layer


def _turns(rotation: Rotation, anchor: datetime, members: list[str]) -> dict[str, Any]:
    at = f"{anchor:%H:%M}"
    if anchor.second or anchor.microsecond:
        rotation.note(f"Its shifts begin at {anchor:%H:%M:%S}; here at the minute", "")
    handoff = {"week": f"{DAYS[anchor.weekday()]} {at}", "month": f"{anchor.day} {at}"}.get(rotation.unit, at)
    length: Any = {"every": rotation.every, "unit": rotation.unit}
    if rotation.every == 1 and rotation.unit in _SHORT:
        length = _SHORT[rotation.unit]
    return {"rotation": length, "handoff": handoff, "start": f"{anchor:%Y-%m-%d}", "members": members}


def _shift_list(draft: Draft, rotation: Rotation) -> dict[str, Any]:
    shifts = [
        {"member": member, "begins": _instant(begins), "ends": _instant(ends)}
        for participant, begins, ends in rotation.shifts or []
        if (member := _member(draft, rotation, participant)) != _UNSET
    ]
    if not shifts:
        rotation.note("It has no shift that puts anybody on call", "", lost=True)
    return {"shifts": shifts}


def _member(draft: Draft, rotation: Rotation, participant: Participant) -> str:
    """The member of the policy; `nobody` if there is none, so that the other members keep their shifts."""
    if participant == NOBODY:
        return _UNSET
    keys = {"person": draft.people, "team": draft.teams}.get(participant.kind, {})
    if participant.id in keys:
        return keys[participant.id]
    name = participant.name or participant.id
    if participant.kind in ("ladder", "schedule"):
        return _first_of(draft, rotation, participant, name)
    noun = "person" if participant.kind == "person" else "team"
    rotation.note(
        f"The {noun} {name} takes turns in it, and is gone: nobody is on call then", "Replace `nobody` in `members`."
    )
    return _UNSET


def _first_of(draft: Draft, rotation: Rotation, participant: Participant, name: str) -> str:
    """The key of the person or team that an escalation in a rotation notifies first."""
    ladder = next((candidate for candidate in draft.account.ladders if candidate.origin.id == participant.id), None)
    targets = [target for rung in ladder.rungs[:1] for target in rung.targets] if ladder else []
    for target in targets:
        key = {"person": draft.people, "team": draft.teams}.get(target.kind, {}).get(target.id)
        if key is not None:
            rotation.note(
                f"The escalation {name} takes turns in it; here whom it notifies first does",
                "Give the schedule's ladder further rungs.",
            )
            return key
    rotation.note(
        f"The {participant.text} takes turns in it, which is not possible here: nobody is on call then",
        "Replace `nobody` in `members`.",
    )
    return _UNSET


def _note_without_layers(draft: Draft, schedule: Schedule) -> None:
    """Add a note to a schedule of which no rotation is moved."""
    if any(_runs(draft, rotation) for rotation in _to_be_written(schedule)):
        schedule.note("None of its rotations is moved", "Write it by hand, as its rotations say.", lost=True)
    else:
        schedule.note("It has no rotation that puts anybody on call", "Nothing to do if nobody misses it.", lost=True)


def _note_if_ended(draft: Draft, schedule: Schedule) -> None:
    """Add a note to a schedule whose rotations have all ended."""
    if any(_runs(draft, rotation) for rotation in schedule.rotations if not rotation.lost):
        return
    if any(_runs(draft, rotation) for rotation in _to_be_written(schedule)):
        schedule.note("Those of its rotations that still run are not moved", "Write them by hand.")
        return
    schedule.note("It is over: none of its rotations runs any more", "Nothing to do; delete it if nobody misses it.")


def _runs(draft: Draft, rotation: Rotation) -> bool:
    return rotation.ends_at is None or rotation.ends_at > draft.now


def _to_be_written(schedule: Schedule) -> list[Rotation]:
    """The rotations that put people on call at the source and are not moved."""
    return [
        rotation
        for rotation in schedule.rotations
        if any(note.lost and note.do.startswith(_BY_HAND) for note in rotation.notes)
    ]


def _cover(draft: Draft, schedule: Schedule, key: str, override: Override) -> None:
    if override.lost or override.starts_at is None or override.ends_at is None:
        return
    member = _cover_member(draft, override)
    if member is None:
        return
    if override.ends_at <= draft.now - KEPT:
        override.note("It was over more than a month ago", "", lost=True)
        return
    layers = [draft.layers[rotation_id] for rotation_id in override.rotations if rotation_id in draft.layers]
    if override.rotations and not layers:
        override.note("The rotations that it replaces are not moved", "", lost=True)
        return
    own = [draft.layers[rotation.origin.id] for rotation in schedule.rotations if rotation.origin.id in draft.layers]
    everything = not override.rotations or len(layers) == len(own)
    if everything:
        layers = own if len(own) > 1 and _overlaps_partial(schedule, override) else [""]
    for layer in layers:
        draft.covers.append(Cover(key, member, override.starts_at, override.ends_at, layer))


def _overlaps_partial(schedule: Schedule, override: Override) -> bool:
    """Whether this override of all rotations overlaps another one of single rotations.

    At the source the later one wins, rotation by rotation. In Tocsin a cover of a whole schedule outranks one of a
    layer, so this override has to become a cover of each layer.
    """
    return any(
        partial_override.rotations and partial_override.starts_at is not None and partial_override.ends_at is not None
        and override.starts_at is not None and override.ends_at is not None
        and partial_override.starts_at < override.ends_at and partial_override.ends_at > override.starts_at
        for partial_override in schedule.overrides
        if partial_override is not override
    )  # fmt: skip


def _cover_member(draft: Draft, override: Override) -> str | None:
    participant = override.person
    if participant == NOBODY:
        return _UNSET
    keys = draft.teams if participant.kind == "team" else draft.people
    if participant.kind in ("person", "team") and participant.id in keys:
        return keys[participant.id]
    override.note(
        f"{participant.name or participant.id} is gone", "Take the shift: tocsin cover, or /incident cover.", lost=True
    )
    return None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
