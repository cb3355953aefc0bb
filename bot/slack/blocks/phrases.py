"""Formats phrases that several messages share: severity, status, people and times.

All functions return mrkdwn unless they say otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident import ChannelLoss, Incident, empty_roles
from bot.domain.incident.status import MEANINGS, Status
from bot.domain.policy.policy import Policy, Role, Severity
from bot.domain.values import durations
from bot.slack.blocks.elements import clock, clock_and_age, join_dots, moment, moment_and_age
from bot.slack.text import mention, plain, render

DOTS = (":red_circle:", ":large_orange_circle:", ":large_yellow_circle:", ":large_blue_circle:", ":white_circle:")
LEADS = "commander"
TODAY = timedelta(hours=12)  # within it, a time of day is not mistaken for that of another day


def level_of(incident: Incident, policy: Policy) -> Severity:
    """The incident's severity, or a stand-in with the key alone if the policy no longer has it."""
    try:
        return policy.severity(incident.severity)
    except Refused:
        return Severity(incident.severity, "")


def role_of(key: str, policy: Policy) -> Role:
    """The role, or a stand-in with a readable title if the policy no longer has it."""
    stand_in = Role(key, key.replace("_", " ").capitalize())
    return next((role for role in policy.roles if role.key == key), stand_in)


def dot(severity: str, policy: Policy) -> str:
    """A coloured dot: red for the worst severity, white for the mildest or an unknown one."""
    keys = [level.key for level in policy.severities]
    if severity not in keys:
        return DOTS[-1]
    rank = keys.index(severity)
    return DOTS[rank if len(keys) <= len(DOTS) else rank * len(DOTS) // len(keys)]


def severity_plain(level: Severity) -> str:
    """Plain text such as `sev1 · Critical`; the key alone if the name says nothing more."""
    return level.key if not level.name or level.name.lower() == level.key.lower() else f"{level.key} · {level.name}"


def severity_name(severity: str, policy: Policy) -> str:
    """The severity with its coloured dot."""
    level = next((level for level in policy.severities if level.key == severity), Severity(severity, ""))
    return f"{dot(severity, policy)} {render(plain(severity_plain(level)))}"


def status_name(status: Status | str) -> str:
    """The status with a capital letter, in plain text."""
    return str(status).capitalize()


def status_line(incident: Incident) -> str:
    """The status with its one-line meaning."""
    return f"{status_name(incident.status)} — {MEANINGS[incident.status]}"


def title(incident: Incident) -> str:
    """The incident's ID and title, such as `INC-1 · Checkout is down`."""
    return f"{incident.id} · {render(plain(incident.title))}"


def outside(incident: Incident) -> str:
    """The title for people outside the incident; for a private incident only the ID."""
    return f"{incident.id} (private)" if incident.private else title(incident)


def marks(incident: Incident) -> str:
    """Labels of a drill or a private incident. Empty for most incidents."""
    return join_dots(
        [
            ":test_tube: *DRILL* — a test; nobody is paged" if incident.drill else "",
            ":lock: *Private* — only people in this channel see it" if incident.private else "",
        ]
    )


def drill_prefix(incident: Incident) -> str:
    """The prefix `[DRILL] ` of every message about a drill; empty for other incidents."""
    return "[DRILL] " if incident.drill else ""


def who_leads(incident: Incident) -> str:
    """The incident commander as a mention, or “nobody yet”."""
    user = incident.roles.get(LEADS)
    return mention(user) if user else "nobody yet"


def leadership(incident: Incident) -> str:
    """`led by` the incident commander, or that nobody leads yet."""
    return f"led by {who_leads(incident)}" if LEADS in incident.roles else "nobody leads yet"


def missing_roles(incident: Incident, policy: Policy) -> list[str]:
    """Titles of required roles that nobody holds. Empty also if the policy no longer has the severity."""
    try:
        return [role_of(key, policy).title for key in empty_roles(incident, policy)]
    except Refused:
        return []


def services(incident: Incident, policy: Policy) -> list[str]:
    """Names of the affected services."""
    names = [policy.services[key].name or key if key in policy.services else key for key in incident.services]
    return [render(plain(name)) for name in names]


_LOSSES = {
    ChannelLoss.ARCHIVED: "is archived",
    ChannelLoss.DELETED: "was deleted",
    ChannelLoss.REMOVED: "is closed to me: I was removed from it",
    ChannelLoss.REFUSED: "could not be opened: Slack refuses it",
}


def channel_loss(incident: Incident) -> str:
    """A phrase that completes “the channel …” while it cannot be used; empty otherwise."""
    return _LOSSES[incident.channel_lost] if incident.channel_lost else ""


def channel_link(incident: Incident) -> str:
    """The channel as a link, with its problem if it has one; a phrase if there is no channel."""
    loss = channel_loss(incident)
    if incident.channel_id is None:
        return f"its channel {loss or 'is being opened'}"
    if incident.channel_lost is ChannelLoss.DELETED:
        return "its channel was deleted"
    return f"<#{incident.channel_id}>" + (f" (it {loss})" if loss else "")


def channel_named(channel: str) -> str:
    """A channel that the policy names: an ID as a link, a name as it is."""
    looks_like_id = channel[:1] in ("C", "G") and channel.isalnum() and channel.isupper()
    return f"<#{channel}>" if looks_like_id else render(plain(channel))


def cadence(level: Severity) -> str:
    """The update cadence in words."""
    return f"every {durations.exact(level.update_every)}" if level.update_every else "none asked for"


def snoozed(incident: Incident, now: datetime) -> str:
    """The person who snoozed the reminders, and the end of the snooze. Empty if they are not snoozed."""
    snooze = incident.snooze
    if snooze is None or snooze.until <= now or not incident.open:
        return ""
    return f"by {mention(snooze.by)} until {at(snooze.until, now)}"


def at(instant: datetime, now: datetime) -> str:
    """The time of day; with the date if it is twelve hours or more away."""
    return clock(instant) if abs(now - instant) < TODAY else moment(instant)


def acknowledged(incident: Incident, now: datetime) -> str:
    """The acknowledgement of this episode at this severity: who, when, and after how long. Empty if nobody has."""
    instant = incident.ladder.acknowledged_at
    if instant is None or not incident.acknowledged_by:
        return ""
    took = durations.approximate(instant - incident.ladder.started_at)
    return f"by {mention(incident.acknowledged_by)} {at(instant, now)}, after {took}"


def since(instant: datetime, now: datetime) -> str:
    """The instant as `at` formats it, followed by its age."""
    return clock_and_age(instant) if abs(now - instant) < TODAY else moment_and_age(instant)


def ending_outside(incident: Incident) -> str:
    """The end of the incident, in a sentence for people outside it. Empty while it is open."""
    if incident.open:
        return ""
    if incident.status is Status.CANCELLED:
        return "It was a false alarm."
    if incident.status is Status.MERGED:
        return (
            f"It goes on in INC-{incident.merged_into}." if incident.merged_into else "It goes on in another incident."
        )
    took = incident.ended_at - incident.declared_at if incident.ended_at else None
    return f"It is over, after {durations.approximate(took)}." if took else "It is over."


def ending(incident: Incident) -> str:
    """The end of the incident and its duration, in one line. Empty while it is open."""
    if incident.open:
        return ""
    when = ""
    if incident.ended_at:
        when = f" {moment(incident.ended_at)}, after {durations.approximate(incident.ended_at - incident.declared_at)}"
    if incident.status in (Status.RESOLVED, Status.CLOSED):
        by = f" by {mention(incident.resolved_by)}" if incident.resolved_by else ""
        return f":white_check_mark: *{status_name(incident.status)}*{by}{when}"
    meaning = f"it goes on in INC-{incident.merged_into}" if incident.merged_into else MEANINGS[incident.status]
    return f":heavy_multiplication_x: *{status_name(incident.status)}*{when} — {meaning}"
