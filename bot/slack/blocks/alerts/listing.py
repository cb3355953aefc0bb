"""Builds the lists of groups of alerts: the message in an incident, and the answer to `/incident alerts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import Decision
from bot.domain.alerts.silence import Silence
from bot.domain.alerts.view import GroupView
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.alerts import parts
from bot.slack.blocks.elements import Block, Message
from bot.slack.text import clip, mention, plain, render

MOST_ALERTS = 10
MOST_GROUPS = 12
REASON_LENGTH = 200


def in_incident(views: Sequence[GroupView], total: int, policy: Policy, now: datetime, command: str) -> Message:
    """The groups of an incident, those that fire first, with ten alerts. `total`: how many groups there are."""
    firing = sum(view.group.state is AlertStatus.FIRING for view in views)
    words = f"Alerts: {firing} of {total} groups fire" if firing else f"Alerts: all {total} groups resolved"
    if total == 1:
        words = "Alerts: one group, firing" if firing else "Alerts: one group, resolved"
    return elements.message(words, [elements.section(f"*{words}*"), *_groups(views, total, policy, now, command)])


def firing_now(views: Sequence[GroupView], policy: Policy, now: datetime, command: str) -> Message:
    """Every group that fires."""
    if not views:
        return elements.line("No alert fires.")
    words = f"{len(views)} {'group of alerts fires' if len(views) == 1 else 'groups of alerts fire'}"
    return elements.message(words, [elements.section(f"*{words}*"), *_groups(views, len(views), policy, now, command)])


def silenced(stored: Silence, in_force: Sequence[Silence], now: datetime) -> Message:
    """The answer to a silence, with every silence in force."""
    words = f"{stored.id}: alerts with {clip(render(plain(stored.in_words)), REASON_LENGTH)} are silenced"
    lines = [
        elements.join_dots(
            [
                silence.id,
                clip(render(plain(silence.in_words)), REASON_LENGTH),
                f"until {phrases.at(silence.ends_at, now)}",
                f"by {mention(silence.by)}",
                clip(render(silence.reason), REASON_LENGTH),
            ]
        )
        for silence in in_force[:MOST_GROUPS]
    ]
    more = elements.left_out(len(in_force) - len(lines), f"See them: {elements.code('tocsin alerts silence')}")
    heading = f":mute: {words} until {phrases.at(stored.ends_at, now)}."
    return elements.message(words, [elements.section(heading), elements.context("\n".join(lines)), more])


def none_in(incident_id: str) -> Message:
    """The answer for an incident without alerts."""
    return elements.line(f"No alert belongs to {incident_id}.")


def _groups(views: Sequence[GroupView], total: int, policy: Policy, now: datetime, command: str) -> list[Block | None]:
    blocks: list[Block | None] = []
    hidden = 0
    first_views = views[:MOST_GROUPS]
    for view, share in zip(first_views, _shares([len(view.alerts) for view in first_views]), strict=True):
        alerts = list(view.alerts)[:share]
        hidden += view.firing + view.resolved - len(alerts)
        lines = [parts.headline(view.group), _facts(view, policy, now)]
        lines += [parts.alert_line(alert, view.group, now) for alert in alerts]
        blocks.append(elements.section("\n".join(line for line in lines if line)))
    hidden += sum(view.firing + view.resolved for view in views[MOST_GROUPS:])
    more = elements.code(f"{command} alerts")
    if total > MOST_GROUPS:
        blocks.append(elements.context(f"… and {total - MOST_GROUPS} more groups: `tocsin alerts all`"))
    if hidden:
        blocks.append(elements.context(f"… and {hidden} more: {more}"))
    return blocks


def _shares(sizes: Sequence[int]) -> list[int]:
    """How many alerts of each group are listed, `MOST_ALERTS` together: in turn, so that none crowds out another."""
    shares = [0] * len(sizes)
    while sum(shares) < min(MOST_ALERTS, sum(sizes)):
        for index, size in enumerate(sizes):
            if shares[index] < size and sum(shares) < MOST_ALERTS:
                shares[index] += 1
    return shares


def _facts(view: GroupView, policy: Policy, now: datetime) -> str:
    group = view.group
    decision = str(group.decision)
    if group.decision in (Decision.DECLARED, Decision.ATTACHED) and view.incident is not None:
        incident_name = "a private incident" if view.incident.private else view.incident.id
        decision += f" as {incident_name}" if group.decision is Decision.DECLARED else f" to {incident_name}"
    return elements.join_dots(
        [
            parts.counts_in_words(group, view.firing, view.resolved),
            f"since {phrases.at(group.started_at, now)}",
            parts.services(group, policy),
            f"{decision}: {clip(render(plain(parts.reason(view))), REASON_LENGTH)}",
        ]
    )
