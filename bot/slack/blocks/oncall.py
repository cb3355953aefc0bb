"""Who is on call: now, until when, and who is next; what is not covered is said aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.policy.policy import Policy, Schedule
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import escape, mention, plain, render

COMMAND = "/incident"
SCHEDULES = 40
FEEDS = 8
COVERS = 3


def on_call(
    policy: Policy,
    now: datetime,
    overrides: Sequence[Override],
    schedule: str | None = None,
    command: str = COMMAND,
    links: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Message:
    """One schedule, or all of them. `links`: title to the address of a calendar feed. `notes`: what is not fresh."""
    schedules = [one for key, one in policy.schedules.items() if schedule in (None, key)]
    if not schedules:
        return elements.line("Nobody is on call: the policy has no schedules. Add some under `schedules:`.")
    words = "On call now" if schedule is None else f"On call on {render(schedule)}"
    return elements.message(
        words,
        [
            elements.section(f"*{words}*"),
            *[elements.section(row(one, policy, now, overrides)) for one in schedules[:SCHEDULES]],
            elements.left_out(
                len(schedules) - SCHEDULES, f"One of them: `{command} oncall {render(schedules[0].key)}`"
            ),
            elements.actions(button("Cover for a while", "cover", schedules[0].key), block_id="oncall"),
            elements.context(f"By command: `{command} cover {render(schedules[0].key)} from tomorrow 18:00 for 12h`"),
            *[elements.context(f":warning: {render(note)}") for note in notes],
            subscribe(links or {}),
        ],
    )


def subscribe(links: Mapping[str, str]) -> Block | None:
    """For a calendar. Whoever has such an address can read it, so it is shown to one person at a time."""
    shown = [f"<{escape(url)}|{render(plain(title))}>" for title, url in list(links.items())[:FEEDS]]
    return elements.context(f":calendar: In your calendar: {elements.join_dots(shown)}") if shown else None


def row(schedule: Schedule, policy: Policy, now: datetime, overrides: Sequence[Override]) -> str:
    """Lines of mrkdwn: now, next, and covers to come."""
    name = f"*{render(plain(schedule.key))}*"
    shift = oncall.current_shift(schedule, now, overrides)
    upcoming = _next(schedule, now, shift, overrides)
    after = f"\nNext: {called(upcoming.member, policy)}, {elements.moment(upcoming.starts_at)}" if upcoming else ""
    after += _to_come(schedule, policy, now, overrides)
    if shift is None:
        return f":warning: {name} · nobody is on call now{after}"
    until = f", until {elements.moment(shift.ends_at)}" if shift.ends_at < now + oncall.LOOKAHEAD else ""
    covering = ", covering" if _covers(schedule, shift, now, overrides) else ""
    return f"{name} · {called(shift.member, policy)}{covering}{until}{after}"


def called(member: str, policy: Policy) -> str:
    """A contact or a Slack ID: as a mention where the policy knows the ID, else by name."""
    contact = policy.contacts.get(member)
    if contact is None:
        return mention(member)
    if contact.slack and is_user_id(contact.slack):
        return mention(contact.slack)
    return render(plain(contact.name or member))


def _to_come(schedule: Schedule, policy: Policy, now: datetime, overrides: Sequence[Override]) -> str:
    """Covers that begin later."""
    ahead = sorted(
        (one for one in overrides if one.starts_at > now and _is_cover(one, schedule)), key=lambda one: one.starts_at
    )
    said = [
        f"{called(one.member, policy)}, {elements.moment(one.starts_at)} – {elements.moment(one.ends_at)}"
        for one in ahead[:COVERS]
    ]
    more = f" and {len(ahead) - COVERS} more" if len(ahead) > COVERS else ""
    return f"\nCovers to come: {'; '.join(said)}{more}" if said else ""


def _next(schedule: Schedule, now: datetime, shift: Shift | None, overrides: Sequence[Override]) -> Shift | None:
    """Looked for only where somebody else comes within sight: looking further takes long."""
    if shift is not None and shift.ends_at >= now + oncall.LOOKAHEAD:
        return None
    return oncall.next_shift(schedule, now, overrides)


def _covers(schedule: Schedule, shift: Shift, now: datetime, overrides: Sequence[Override]) -> bool:
    return any(
        _is_cover(one, schedule) and one.member == shift.member and one.starts_at <= now < one.ends_at
        for one in overrides
    )


def _is_cover(override: Override, schedule: Schedule) -> bool:
    """A turn that was read from PagerDuty is none; only who covers stands there by a Slack ID."""
    return override.schedule == schedule.key and (not schedule.pagerduty or is_user_id(override.member))
