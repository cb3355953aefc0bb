"""Acknowledges an incident by the reply to a text message that paged somebody."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.timeline.source import Source
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import incidents

MAX_INCIDENTS = 50
_NOT_DIGITS = re.compile(r"[^0-9]")
_ID = re.compile(r"\bINC-?([1-9][0-9]{0,17})\b", re.IGNORECASE)
_WORDS = re.compile(r"[a-z0-9']+")
# Twilio answers these itself.
# https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-
_OPT_OUT = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "start", "unstop", "help", "info"})
_NO = frozenset({"no", "nope", "n", "0", "can't", "cant", "cannot", "nein", "non"})
# Anything else, such as the telephone's own “I'm driving”, must not end the paging.
_BEFORE = frozenset({"i", "i'm", "im", "am", "inc"})
_YES = frozenset(
    {
        "1",
        "ack",
        "acked",
        "acknowledge",
        "acknowledged",
        "yes",
        "y",
        "yep",
        "ok",
        "okay",
        "k",
        "on",
        "mine",
        "got",
        "here",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An incoming text message."""

    sender: str  # a telephone number
    body: str
    id: str  # of the message at the vendor: the same when it is delivered again


async def answer(context: Context, reply: Reply) -> str:
    """Acknowledge the newest incident for which the sender was paged, or the one they name. Returns the answer.

    Empty if nothing is to be answered. An unknown number learns nothing.
    """
    if reply.body.strip().lower().rstrip(".!") in _OPT_OUT:
        return ""
    async with context.database.reading() as conn:
        directory = await current_directory(conn, context.policy)
        people = _people(directory.with_users(context.policy), reply.sender)
        paged = await _paged_incidents(conn, people)
    if not people:
        return ""
    id_match = _ID.search(reply.body)
    if id_match:
        paged = [incident for incident in paged if incident.number == int(id_match[1])]
    if not paged:
        about = f"You were not paged for INC-{id_match[1]}" if id_match else "You are paged for nothing that is open"
        return f"{about}. Open Slack."
    incident = paged[0]
    word = _first_word(reply.body)
    if word in _NO:
        return f"Not acknowledged. The next on the ladder is paged. Reply 1 to acknowledge {incident.id} after all."
    if word not in _YES and not (id_match and not word):
        return f"Not acknowledged: I did not understand. Reply 1 to acknowledge {incident.id}."
    return await _acknowledge(context, incident, people, reply)


def _first_word(body: str) -> str:
    """The first word of a reply, without the incident that it names and without “I'm”."""
    words = _WORDS.findall(_ID.sub(" ", body).replace("’", "'").lower())
    return next((word for word in words if word not in _BEFORE), "")


async def _acknowledge(context: Context, incident: Incident, people: list[str], reply: Reply) -> str:
    person = next(person for person in people if _paged_at(incident, [person]))
    source_context = replace(context, source=Source.HOOK)
    try:
        outcome = await acknowledge(source_context, incident.number, person, delivery=f"sms_reply:{reply.id}")
    except DuplicateDelivery:
        return ""
    except Refused as refused:
        return f"{incident.id}: {refused.message}"
    if outcome.first_by == person:
        return f"You have acknowledged {incident.id} already."
    first = "Somebody else was first. " if outcome.first_by else ""
    return f"{first}You have acknowledged {incident.id} and are responding."


def _people(policy: Policy, sender: str) -> list[str]:
    """The Slack IDs or addresses of the owners of a telephone number."""
    digits = _NOT_DIGITS.sub("", sender)
    owners = [
        contact
        for contact in policy.contacts.values()
        if contact.phone and _NOT_DIGITS.sub("", contact.phone) == digits
    ]
    return [address for contact in owners if digits and (address := contact.slack or contact.email)]


async def _paged_incidents(conn: AsyncConnection, people: list[str]) -> list[Incident]:
    """The open incidents for which one of them was paged: unacknowledged ones first, then the newest page."""
    if not people:
        return []
    incident_filter = incidents.IncidentFilter(open_only=True, naming=frozenset(people))
    candidates = await incidents.find(conn, incident_filter, (), MAX_INCIDENTS)
    paged = [
        incident for incident in candidates if _paged_at(incident, people) and not set(people) & set(incident.removed)
    ]
    return sorted(
        paged, key=lambda incident: (incident.ladder.acknowledged_at is not None, -_paged_at(incident, people))
    )


def _paged_at(incident: Incident, people: list[str]) -> float:
    """The instant at which one of them was last paged, in seconds since 1970; 0 if never."""
    pages = [page.last_at for page in incident.ladder.pages if set(people) & set(page.people)]
    return max(pages).timestamp() if pages else 0.0
