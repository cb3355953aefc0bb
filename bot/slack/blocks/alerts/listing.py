"""Builds the lists of groups of alerts: the message in an incident, and the answer to `/incident alerts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts.group import Decision
from bot.domain.alerts.silence import Silence
from bot.domain.alerts.view import AlertTotals, GroupView
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.alerts import parts
from bot.slack.blocks.elements import Block, Message
from bot.slack.text import clip, mention, plain, render

MOST_ALERTS = 10  # in the message of an incident
MOST_LISTED = 40  # in an answer
MOST_GROUPS = 12
LINES = 10  # in a section, whose text Slack limits
ALL = "tocsin alerts all"
REASON_LENGTH = 200


def in_incident(
    views: Sequence[GroupView], totals: AlertTotals, policy: Policy, now: datetime, command: str
) -> Message:
    """The message in an incident: its groups, those that fire first, with ten alerts."""
    text = _counts_text(totals)
    more = f"{command} alerts"
    return _message(text, _groups(views, policy, now, MOST_ALERTS), totals, views, more)


def answer_in_incident(views: Sequence[GroupView], totals: AlertTotals, policy: Policy, now: datetime) -> Message:
    """The answer in the channel of an incident, which lists more of its alerts than the message."""
    text = _counts_text(totals)
    return _message(text, _groups(views, policy, now, MOST_LISTED), totals, views, ALL)


def firing_now(views: Sequence[GroupView], totals: AlertTotals, policy: Policy, now: datetime) -> Message:
    """The groups that fire."""
    if not views:
        return elements.line("No alert fires.")
    text = "1 group of alerts fires" if totals.groups == 1 else f"{totals.groups} groups of alerts fire"
    return _message(text, _groups(views, policy, now, MOST_LISTED), totals, views, ALL)


def silenced(stored: Silence, in_force: Sequence[Silence], now: datetime) -> Message:
    """The answer to a silence, with every silence in force."""
    text = f"{stored.id}: alerts with {clip(render(plain(stored.in_words)), REASON_LENGTH)} are silenced"
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
    heading = f":mute: {text} until {phrases.at(stored.ends_at, now)}."
    return elements.message(text, [elements.section(heading), elements.context("\n".join(lines)), more])


def none_in(incident_id: str) -> Message:
    """The answer for an incident without alerts."""
    return elements.line(f"No alert belongs to {incident_id}.")


def _counts_text(totals: AlertTotals) -> str:
    if totals.groups == 1:
        return "Alerts: one group, firing" if totals.firing else "Alerts: one group, resolved"
    if not totals.firing:
        return f"Alerts: all {totals.groups} groups resolved"
    return f"Alerts: {totals.firing} of {totals.groups} groups fire"


def _message(
    text: str, shown: tuple[list[Block], int], totals: AlertTotals, views: Sequence[GroupView], more: str
) -> Message:
    """The blocks of the groups, and how many groups and alerts there are beside them."""
    blocks, alerts = shown
    hidden_groups, hidden = totals.groups - min(len(views), MOST_GROUPS), totals.alerts - alerts
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *blocks,
            elements.context(f"… and {hidden_groups} more groups: {elements.code(ALL)}") if hidden_groups > 0 else None,
            elements.context(f"… and {hidden} more: {elements.code(more)}") if hidden > 0 else None,
        ],
    )


def _groups(views: Sequence[GroupView], policy: Policy, now: datetime, most: int) -> tuple[list[Block], int]:
    """The first groups with `most` alerts together; and how many alerts these are."""
    first_views = views[:MOST_GROUPS]
    shares = _shares([len(view.alerts) for view in first_views], most)
    blocks: list[Block] = []
    for view, share in zip(first_views, shares, strict=True):
        lines = [line for line in (parts.headline(view.group), _facts(view, policy, now)) if line]
        lines += [parts.alert_line(alert, view.group, now) for alert in view.alerts[:share]]
        starts = range(0, len(lines), LINES)
        blocks += [elements.section("\n".join(lines[start : start + LINES])) for start in starts]
    return blocks, sum(shares)


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """The number of alerts to list of each group, `most` in total, in turn so that none crowds out another."""
    shares = [0] * len(sizes)
    while sum(shares) < min(most, sum(sizes)):
        for index, size in enumerate(sizes):
            if shares[index] < size and sum(shares) < most:
                shares[index] += 1
    return shares


def _facts(view: GroupView, policy: Policy, now: datetime) -> str:
    group = view.group
    decision, why = str(group.decision), f": {clip(render(plain(parts.reason(view))), REASON_LENGTH)}"
    if group.decision in (Decision.DECLARED, Decision.ATTACHED) and view.incident is not None:
        incident_name = "a private incident" if view.incident.private else view.incident.id
        decision += f" as {incident_name}" if group.decision is Decision.DECLARED else f" to {incident_name}"
        why = f" by {mention(group.decided_by)}" if group.decided_by else why
    return elements.join_dots(
        [
            parts.counts_text(group, view.firing, view.resolved),
            f"since {phrases.at(group.started_at, now)}",
            parts.services(group, policy),
            decision + why,
        ]
    )
