"""Builds the message that briefs an executive: state, impact, affected services, and when the next update is due."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import BriefingPayload
from bot.slack.blocks import card, elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render

DESCRIPTION_LENGTH = 600


def briefing(incident: Incident, policy: Policy, payload: BriefingPayload, now: datetime) -> Message:
    """Render the briefing for one executive. For a private incident it gives the ID alone."""
    level = phrases.level_of(incident, policy)
    words = f"Briefing: {phrases.outside(incident)} ({render(phrases.severity_plain(level))})"
    foot = f"You get this because {render(level.key)} asks for an executive briefing."
    if incident.private:
        leads = phrases.LEADS in incident.roles
        ask = f"Ask {phrases.who_leads(incident)}, who leads it." if leads else "Nobody leads it yet."
        over = "" if incident.open else f"{phrases.ending_outside(incident)} "
        lead = f"{over}It is private, so no more can be said here. {ask}"
        return elements.message(words, [elements.section(f"*{words}*\n{lead}"), elements.context(foot)])
    why = (payload.why or "") if incident.open else ""
    facts = [
        ("State", phrases.status_line(incident)),
        ("Incident commander", phrases.who_leads(incident)),
        ("Impact", card.impact(incident) or "Not known yet" * incident.open),
        ("Affected services", elements.join_comma(phrases.services(incident, policy))),
        ("Declared", phrases.at(incident.declared_at, now)),
        ("Next update", phrases.at(incident.update_due_at, now) if incident.update_due_at and incident.open else ""),
        ("Channel", phrases.channel_link(incident)),
    ]
    latest = incident.update_text or incident.description if incident.open else _outcome(incident)
    return elements.message(
        words,
        [
            elements.section(f"*{words}*" + (f"\n:warning: It is {render(why)}." if why else "")),
            *elements.fields([(label, value) for label, value in facts if value]),
            elements.section(clip(render(latest), DESCRIPTION_LENGTH)) if latest.strip() else None,
            elements.context(foot),
        ],
    )


def over(incident: Incident) -> Message:
    """The one line to an executive who was briefed: the incident is over, or was a false alarm."""
    drill = phrases.drill_prefix(incident)
    line = f"{drill}*{phrases.outside(incident)}*: {phrases.ending_outside(incident)}"
    fixed = "" if incident.private else render(_outcome(incident))
    return elements.message(
        f"{drill}{phrases.outside(incident)}: {phrases.ending_outside(incident)}",
        [elements.section(line), elements.section(clip(fixed, DESCRIPTION_LENGTH)) if fixed else None],
    )


def _outcome(incident: Incident) -> str:
    """What fixed it, as internal text; empty if nobody said."""
    return incident.summary if incident.status in (Status.RESOLVED, Status.CLOSED) else ""
