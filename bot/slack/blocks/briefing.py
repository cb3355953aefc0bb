"""Builds the message that briefs an executive: state, impact, affected services, and when the next update is due."""

from __future__ import annotations

from datetime import datetime

from bot.domain.incident import Incident
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
        lead = f"It is private, so no more can be said here. {ask}"
        return elements.message(words, [elements.section(f"*{words}*\n{lead}"), elements.context(foot)])
    why = payload.why or ""
    facts = [
        ("State", phrases.status_line(incident)),
        ("Incident commander", phrases.who_leads(incident)),
        ("Impact", card.impact(incident) or render(level.user_impact)),
        ("Affected services", elements.join_comma(phrases.services(incident, policy))),
        ("Declared", phrases.at(incident.declared_at, now)),
        ("Next update", phrases.at(incident.update_due_at, now) if incident.update_due_at else ""),
        ("Channel", phrases.channel_link(incident)),
    ]
    latest = incident.update_text or incident.description
    return elements.message(
        words,
        [
            elements.section(f"*{words}*" + (f"\n:warning: It is {render(why)}." if why else "")),
            *elements.fields([(label, value) for label, value in facts if value]),
            elements.section(clip(render(latest), DESCRIPTION_LENGTH)) if latest.strip() else None,
            elements.context(foot),
        ],
    )
