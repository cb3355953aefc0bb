"""Builds the alert card, which asks people what to do about a group of alerts."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.alerts.view import GroupView
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import AlertPagePayload
from bot.domain.triage.alert_facts import AlertFacts
from bot.domain.values import durations
from bot.domain.values.ordinals import ordinal
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.alerts import help_lines, parts
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, mention, plain, render

SHOWN_PAGES, PAGE_LENGTH, ROUTE_LENGTH = 3, 300, 150


def card(view: GroupView, facts: AlertFacts, policy: Policy, now: datetime, command: str) -> Message:
    """What fires, since when, how bad and where, and what may help; who acted; buttons while nobody has."""
    blocks = [*_about(view, facts, policy, now, command), _pages(view.group, now)]
    return elements.message(_headline(view), [*blocks, _outcome(view, now), _buttons(view, facts)])


def paged(
    view: GroupView, facts: AlertFacts, page: AlertPagePayload, policy: Policy, now: datetime, command: str
) -> Message:
    """The card for somebody who is paged to act on it, with the reason."""
    time = f" ({ordinal(page.times)} time)" if page.times > 1 else ""
    paged = "You are paged" if page.person else "Somebody has to act"
    text = f":rotating_light: *{paged}*{time} about {view.group.id}: {render(plain(page.why))}"
    repeats = f", again every {durations.exact(timedelta(seconds=page.repeat_s))}" if page.repeat_s else ""
    why = f"Rung {page.rung} of the route {_route(view)}{repeats}, until somebody acts on the alerts."
    return elements.message(
        f"{paged} about {_headline(view)}",
        [
            elements.section(text),
            elements.context(why),
            *_about(view, facts, policy, now, command),
            _outcome(view, now),
            _buttons(view, facts),
        ],
    )


def _headline(view: GroupView) -> str:
    state = "fires" if view.group.state is AlertStatus.FIRING else "resolved"
    return f"{view.group.id} {state}: {parts.title(view.group)}"


def _route(view: GroupView) -> str:
    return elements.code(clip(plain(view.group.route), ROUTE_LENGTH))


def _about(view: GroupView, facts: AlertFacts, policy: Policy, now: datetime, command: str) -> list[Block | None]:
    group = view.group
    pairs = [
        ("Since", phrases.at(group.started_at, now)),
        ("Alerts", parts.counts_text(group, view.firing, view.resolved)),
        ("Severity", phrases.severity_name(group.severity, policy)),
        ("Service", parts.services(group, policy) or "not known"),
        *([("Owner", owner)] if (owner := help_lines.owner(facts)) else []),
    ]
    return [
        elements.section(parts.headline(group)),
        *elements.fields(pairs),
        *alert_lines(view, now, f"{command} alerts"),
        *help_lines.blocks(facts, now),
        elements.context(links) if (links := parts.links(view.alerts, facts.links)) else None,
    ]


def _pages(group: AlertGroup, now: datetime) -> Block | None:
    """The last pages, and why nobody was paged. Only an edit of the card shows it, which notifies nobody."""
    steps = [step for step in group.steps if step.step == "page"][-SHOWN_PAGES:]
    if not steps or group.decision is not Decision.ASKED:
        return None
    lines = [f":bell: {phrases.at(step.at, now)}: {clip(render(step.reason), PAGE_LENGTH)}" for step in steps]
    return elements.context("\n".join(lines))


def alert_lines(view: GroupView, now: datetime, command: str) -> list[Block | None]:
    """The first alerts, a line each, and how many there are beside them."""
    lines = [parts.alert_line(alert, view.group, now) for alert in view.alerts]
    more = view.firing + view.resolved - len(view.alerts)
    return [
        elements.section("\n".join(lines)) if lines else None,
        elements.left_out(more, f"See them: {elements.code(command)}"),
    ]


def _outcome(view: GroupView, now: datetime) -> Block | None:
    """The person who acted and their choice; None while people are asked."""
    group = view.group
    when = f" {phrases.at(group.decided_at, now)}" if group.decided_at else ""
    actor = f" by {mention(group.decided_by)}" if group.decided_by else ""
    match group.decision:
        case Decision.DISMISSED:
            return elements.section(f":no_bell: *Dismissed*{actor}{when}: {render(plain(group.reason))}")
        case Decision.DECLARED:
            return elements.section(f":fire: *Declared* as {_incident(view)}{actor}{when}")
        case Decision.ATTACHED:
            return elements.section(f":paperclip: *Attached* to {_incident(view)}{actor}{when}")
        case Decision.SILENCED:
            until = f" until {phrases.at(group.silenced_until, now)}" if group.silenced_until else ""
            return elements.section(f":mute: *Silenced*{actor}{until}: {render(plain(parts.reason(view)))}")
        case Decision.INHIBITED:
            return elements.section(f":mute: *Inhibited*{when}: {render(plain(parts.reason(view)))}")
        case Decision.ASKED if view.incident is not None and not view.incident.open:
            return elements.section(f"It belonged to {_incident(view)}, which is {view.incident.status}.")
        case _:
            return None


def _incident(view: GroupView) -> str:
    incident = view.incident
    if incident is None:
        return f"INC-{view.group.incident}"
    return "a private incident" if incident.private else f"{incident.id} ({phrases.channel_link(incident)})"


def _buttons(view: GroupView, facts: AlertFacts) -> Block | None:
    group, ended = view.group, view.incident or facts.previous
    if group.decision is not Decision.ASKED:
        return None
    reopen = ended is not None and not ended.open and not ended.private
    return elements.actions(
        button("Declare", "alert_declare", group.id, style="primary"),
        button(f"Reopen {ended.id}", "reopen", press_value(ended)) if ended is not None and reopen else None,
        button("Attach to…", "alert_attach", group.id),
        button("Dismiss", "alert_dismiss", group.id),
        button("Silence…", "alert_silence", group.id),
        block_id="alert",
    )
