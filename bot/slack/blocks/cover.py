"""Builds the answers that confirm that a person covers an on-call schedule, or no longer does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.oncall.cover import CoverEnd, CoverResult
from bot.domain.oncall.layer_path import layer_path
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import RelievedPayload
from bot.domain.values import durations
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.oncall import is_covering, member_name
from bot.slack.text import mention, plain, render

LISTED = 3  # people and times named in one sentence


def cover_confirmation(
    cover: CoverResult,
    policy: Policy,
    now: datetime,
    command: str,
    notes: Sequence[str] = (),
) -> Message:
    """Confirm a cover to the person who took it. `notes` say how the times were understood."""
    override = cover.override
    path = layer_path(override.schedule, override.layer)
    schedule, until = f"*{render(plain(path))}*", elements.moment(override.ends_at)
    lasts = durations.approximate(override.ends_at - override.starts_at)
    if override.starts_at <= now:
        text = f"You are on call on {schedule} for {lasts}, until {until}. Pages for it come to you."
    else:
        text = (
            f"You will be on call on {schedule} from {elements.moment(override.starts_at)} until {until} ({lasts}). "
            "Pages for it come to you then."
        )
    if cover.instead_of:
        people = [member_name(person, policy) for person in cover.instead_of]
        text += f" You stand in for {elements.join_comma(people, LISTED)}."
    text += _uncovered_hours(cover)
    undo = f"Changed your mind? {elements.code(f'{command} cover {path} none')}"
    return elements.message(text, [elements.section(text), elements.context(*[render(note) for note in notes], undo)])


def _uncovered_hours(cover: CoverResult) -> str:
    """A sentence about hours in which the schedule has nobody else, such as nights. Empty where there are none."""
    if not cover.uncovered:
        return ""
    first, *more = cover.uncovered
    alone = sum((gap.ends_at - gap.starts_at for gap in cover.uncovered), timedelta())
    if not more and (first.starts_at, first.ends_at) == (cover.override.starts_at, cover.override.ends_at):
        return " Without you nobody would be on call for it then."
    when = f"{elements.moment(first.starts_at)} – {elements.moment(first.ends_at)}"
    return (
        f" That includes {durations.approximate(alone)} for which the schedule has nobody"
        f" ({when}{f' and {len(more)} more' if more else ''}): you are on call then, too."
    )


def relief(payload: RelievedPayload, command: str) -> Message:
    """Tell a person that somebody covers their shift, or that they are on call again because the cover ended."""
    schedule, person = f"*{render(plain(payload.schedule))}*", mention(payload.by)
    until = elements.moment(payload.ends_at)
    if payload.ended:
        return elements.line(f"{person} no longer covers {schedule}: you are on call again, until {until}.")
    text = f"{person} covers {schedule} from {elements.moment(payload.starts_at)} until {until}."
    take_back = elements.code(f"{command} cover {payload.schedule} until …")
    return elements.message(
        text,
        [
            elements.section(f"{text} Pages for it go to {person} then, and not to you."),
            elements.context(f"Not as agreed? Talk to them, or take the shift back: {take_back}"),
        ],
    )


def ask_long_cover(schedule: str, starts_at: datetime, ends_at: datetime) -> Message:
    """Ask whether a cover much longer than usual is meant."""
    lasts = durations.approximate(ends_at - starts_at)
    text = f"Cover {render(schedule)} for {lasts}, until {elements.moment(ends_at)}? That is longer than usual."
    value = f"{schedule}:{int(starts_at.timestamp())}:{int(ends_at.timestamp())}"
    return elements.message(
        text,
        [
            elements.section(f"{text} Pages for it go to you until then, and the people whom you relieve are told."),
            elements.actions(button(f"Cover for {lasts}", "cover_anyway", value), block_id="long_cover"),
        ],
    )


def cover_end_confirmation(result: CoverEnd, policy: Policy, now: datetime, user: str) -> Message:
    """Confirm that the person's covers, or those of people whom Slack does not reach, ended. Says who is on call."""
    ended = result.ended
    times = dict.fromkeys(
        f"{'now' if cover.starts_at <= now else elements.moment(cover.starts_at)} – {elements.moment(cover.ends_at)}"
        for cover in ended
    )
    schedule = render(ended[0].schedule)
    names = [member_name(member, policy) for member in dict.fromkeys(cover.member for cover in ended) if member != user]
    unreached = elements.join_comma(names, LISTED)
    whose = f"Slack does not reach {unreached}, who no longer cover" if names else "You no longer cover"
    return elements.line(
        f"{whose} {schedule} ({elements.join_comma([*times], LISTED)}). {_on_call_after(result, policy, now)}"
    )


def _on_call_after(result: CoverEnd, policy: Policy, now: datetime) -> str:
    """The people on call once the covers have ended."""
    then = "now" if result.at <= now else elements.moment(result.at)
    if not result.shifts:
        return f":warning: Nobody is on call {then}."
    people = elements.join_comma([member_name(shift.member, policy) for shift in result.shifts], LISTED)
    first, *more = result.shifts
    if not more and is_covering(policy.schedules[result.ended[0].schedule], first, result.at, result.overrides):
        return f"{people} covers it {then}, until {elements.moment(first.ends_at)}."
    return f"The rotation applies again: {people} {'are' if more else 'is'} on call {then}."
