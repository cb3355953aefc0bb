"""Makes links with which a paged person acknowledges an incident, and acts on them once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from enum import Enum

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access import acknowledge_link
from bot.domain.access.acknowledge_link import VALID_FOR, AcknowledgeLink
from bot.domain.incident import Incident
from bot.domain.timeline.source import Source
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import Acknowledged, acknowledge
from storage import incidents, ingest, key_value

PATH = "/ack/"


class LinkState(Enum):
    """What can be done with a link."""

    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link of ours, with the incident that it is about."""

    link: AcknowledgeLink
    incident: Incident
    state: LinkState


async def make_secret(conn: AsyncConnection) -> None:
    """Make the secret of this database, if it has none."""
    await key_value.ACKNOWLEDGE_SECRET.put_new(conn, secrets.token_hex(32))


async def address_for(context: Context, incident: Incident, person: str, page_key: str) -> str | None:
    """The address of a link for one page; None while the bot has no public address, or no secret yet."""
    if context.url is None:
        return None
    async with context.database.reading() as conn:
        secret = await key_value.ACKNOWLEDGE_SECRET.get(conn)
    if secret is None:
        return None
    page = acknowledge_link.page_name(page_key)
    link = AcknowledgeLink(incident.number, person, context.clock.now() + VALID_FOR, page)
    return context.url.rstrip("/") + PATH + acknowledge_link.signed(link, secret)


async def open_link(context: Context, token: str) -> OpenedLink | None:
    """What a token is good for, without using it; None for one that we did not make, and where nothing is to see."""
    async with context.database.reading() as conn:
        secret = await key_value.ACKNOWLEDGE_SECRET.get(conn)
        link = acknowledge_link.read(token, secret) if secret else None
        incident = await incidents.get(conn, link.incident) if link is not None else None
        if link is None or incident is None or link.person in incident.removed:
            return None
        if await ingest.is_claimed(conn, _delivery(link)):
            return OpenedLink(link, incident, LinkState.USED)
    expired = context.clock.now() >= link.expires_at
    return OpenedLink(link, incident, LinkState.EXPIRED if expired else LinkState.VALID)


async def act_on(context: Context, opened: OpenedLink) -> Acknowledged:
    """Acknowledge as the link's person. Raises `DuplicateDelivery` if the link of this page was used before."""
    link = opened.link
    door = replace(context, source=Source.CONSOLE)
    return await acknowledge(door, link.incident, link.person, delivery=_delivery(link))


def _delivery(link: AcknowledgeLink) -> str:
    """What is claimed by the first use: of the page, for this person, whichever attempt brought the link."""
    person = hashlib.sha256(link.person.encode()).hexdigest()[:16]
    return f"ack_link:{link.incident}:{link.page}:{person}"
