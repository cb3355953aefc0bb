"""Builds the message that briefs an executive: state, impact, affected services, and when the next update is due."""

from __future__ import annotations

from bot.domain.communications.gap import without_gaps
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import BriefingPayload
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render

DESCRIPTION_LENGTH = 600


def briefing(incident: Incident, policy: Policy, payload: BriefingPayload, text: str) -> Message:
    """Render the briefing for one executive, whose `text` is made from the template `executive_briefing`.

    A fact that the record lacks reads “not known yet”. For a private incident the briefing gives the ID alone.
    """
    level = phrases.level_of(incident, policy)
    headline = f"Briefing: {phrases.outside(incident)} ({render(phrases.severity_plain(level))})"
    foot = f"You get this because {render(level.key)} asks for an executive briefing."
    if incident.private:
        leads = phrases.LEADS in incident.roles
        ask = f"Ask {phrases.who_leads(incident)}, who leads it." if leads else "Nobody leads it yet."
        over = "" if incident.open else f"{phrases.ending_outside(incident)} "
        lead = f"{over}It is private, so no more can be said here. {ask}"
        return elements.message(headline, [elements.section(f"*{headline}*\n{lead}"), elements.context(foot)])
    why = (payload.why or "") if incident.open else ""
    fixed = "" if incident.open else _outcome(incident).strip()
    return elements.message(
        headline,
        [
            elements.section(f"*{headline}*" + (f"\n:warning: It is {render(why)}." if why else "")),
            *elements.sections(render(without_gaps(text))),
            elements.section(clip(render(fixed), DESCRIPTION_LENGTH)) if fixed else None,
            elements.context(f"{phrases.channel_link(incident)} · {foot}"),
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
    """The fix in a person's words, as internal text; empty if nobody gave it."""
    return incident.summary if incident.status in (Status.RESOLVED, Status.CLOSED) else ""
