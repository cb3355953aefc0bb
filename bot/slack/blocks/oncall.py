"""Builds the answer to `/incident oncall`: who is on call until when, who is next, and gaps in the schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Schedule
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import escape, mention, plain, render

COMMAND = "/incident"
MAX_SCHEDULES = 40
MAX_FEEDS = 8
MAX_COVERS = 3
MAX_PEOPLE = 10  # on call at the same time


def on_call(
    policy: Policy,
    now: datetime,
    overrides: Sequence[Override],
    schedule: str | None = None,
    command: str = COMMAND,
    links: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Message:
    """One schedule, or all. `links` are addresses of calendar feeds by title; `notes` warn of outdated data."""
    schedules = [entry for key, entry in policy.schedules.items() if schedule in (None, key)]
    if not schedules:
        return elements.line("Nobody is on call: the policy has no schedules. Add some under `schedules:`.")
    text = "On call now" if schedule is None else f"On call on {render(schedule)}"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *[elements.section(row(entry, policy, now, overrides)) for entry in schedules[:MAX_SCHEDULES]],
            elements.left_out(
                len(schedules) - MAX_SCHEDULES, f"One of them: `{command} oncall {render(schedules[0].key)}`"
            ),
            elements.actions(button("Cover for a while", "cover", schedules[0].key), block_id="oncall"),
            elements.context(f"By command: `{command} cover {render(schedules[0].key)} from tomorrow 18:00 for 12h`"),
            *[elements.context(f":warning: {render(note)}") for note in notes],
            subscribe(links or {}),
        ],
    )


def subscribe(links: Mapping[str, str]) -> Block | None:
    """Links to calendar feeds. The address alone gives access, so only its owner may see it."""
    feeds = [f"<{escape(url)}|{render(plain(title))}>" for title, url in list(links.items())[:MAX_FEEDS]]
    return elements.context(f":calendar: In your calendar: {elements.join_dots(feeds)}") if feeds else None


def row(schedule: Schedule, policy: Policy, now: datetime, overrides: Sequence[Override]) -> str:
    """Lines of mrkdwn: the current shift, the next, and upcoming covers."""
    name = f"*{render(plain(schedule.key))}*"
    on_duty = oncall.current_shifts(schedule, now, overrides)
    upcoming = _next_shifts(schedule, now, on_duty, overrides)
    after = ""
    if upcoming:
        people = elements.join_comma([member_name(shift.member, policy) for shift in upcoming], MAX_PEOPLE)
        after = f"\nNext: {people}, {elements.moment(upcoming[0].starts_at)}"
    after += _upcoming_covers(schedule, policy, now, overrides)
    if not on_duty:
        return f":warning: {name} · nobody is on call now{after}"
    on_duty_names = [_until(shift, schedule, policy, now, overrides, several=len(on_duty) > 1) for shift in on_duty]
    people = elements.join_comma(on_duty_names, MAX_PEOPLE)
    return f"{name} · {people}{after}"


def _until(
    shift: Shift, schedule: Schedule, policy: Policy, now: datetime, overrides: Sequence[Override], *, several: bool
) -> str:
    """A person on call, whether they cover for another, and until when; in brackets where there are several."""
    covering = ["covering"] if is_covering(schedule, shift, now, overrides) else []
    until = [f"until {elements.moment(shift.ends_at)}"] if shift.ends_at < now + oncall.LOOKAHEAD else []
    details = ", ".join([*covering, *until])
    if not details:
        return member_name(shift.member, policy)
    return (
        f"{member_name(shift.member, policy)} ({details})"
        if several
        else f"{member_name(shift.member, policy)}, {details}"
    )


def member_name(member: str, policy: Policy) -> str:
    """A contact's key or a Slack ID as a mention, or as a name if the policy has no Slack ID."""
    contact = policy.contacts.get(member)
    if contact is None:
        return mention(member)
    if contact.slack and is_user_id(contact.slack):
        return mention(contact.slack)
    return render(plain(contact.name or member))


def _upcoming_covers(schedule: Schedule, policy: Policy, now: datetime, overrides: Sequence[Override]) -> str:
    """A line of the covers that begin later. Empty if there are none."""
    ahead = sorted(
        (cover for cover in overrides if cover.starts_at > now and _is_cover(cover, schedule)),
        key=lambda cover: cover.starts_at,
    )
    covers = [
        f"{member_name(cover.member, policy)}{f' ({render(plain(cover.layer))})' if cover.layer else ''}, "
        f"{elements.moment(cover.starts_at)} – {elements.moment(cover.ends_at)}"
        for cover in ahead[:MAX_COVERS]
    ]
    more = f" and {len(ahead) - MAX_COVERS} more" if len(ahead) > MAX_COVERS else ""
    return f"\nUpcoming covers: {'; '.join(covers)}{more}" if covers else ""


def _next_shifts(
    schedule: Schedule, now: datetime, on_duty: Sequence[Shift], overrides: Sequence[Override]
) -> tuple[Shift, ...]:
    """The shifts that begin next. None beyond the look-ahead, since a longer search is slow."""
    horizon = now + oncall.LOOKAHEAD
    if on_duty and not schedule.together and all(shift.ends_at >= horizon for shift in on_duty):
        return ()
    return oncall.next_shifts(schedule, now, overrides)


def is_covering(schedule: Schedule, shift: Shift, now: datetime, overrides: Sequence[Override]) -> bool:
    """Whether the person on call at `now` covers for another."""
    return any(
        _is_cover(cover, schedule) and cover.member == shift.member and cover.starts_at <= now < cover.ends_at
        for cover in overrides
    )


def _is_cover(override: Override, schedule: Schedule) -> bool:
    """Whether this override is a cover. Shifts read from PagerDuty are overrides too, but without a Slack ID."""
    return override.schedule == schedule.key and (not schedule.pagerduty or is_user_id(override.member))
