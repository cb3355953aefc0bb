"""Creates links with which a paged person acknowledges an incident, and acts on each of them once."""

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
from bot.usecases.incidents.acknowledge import AcknowledgementResult, acknowledge
from storage import incidents, ingest, key_value

PATH = "/ack/"


class LinkState(Enum):
    """The state of a link."""

    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A valid link, with its incident and state."""

    link: AcknowledgeLink
    incident: Incident
    state: LinkState


async def make_secret(conn: AsyncConnection) -> None:
    """Create the secret of this database, if it has none."""
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
    return context.url.rstrip("/") + PATH + acknowledge_link.sign(link, secret)


async def open_link(context: Context, token: str) -> OpenedLink | None:
    """Read a link without using it. None for a forged token, and if the person may not see the incident."""
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


async def act_on(context: Context, opened: OpenedLink) -> AcknowledgementResult:
    """Acknowledge as the link's person. Raises `DuplicateDelivery` if the link of this page was used before."""
    link = opened.link
    source_context = replace(context, source=Source.CONSOLE)
    return await acknowledge(source_context, link.incident, link.person, delivery=_delivery(link))


def _delivery(link: AcknowledgeLink) -> str:
    """The delivery that the first use claims. Every attempt of a page to the same person has the same one."""
    person = hashlib.sha256(link.person.encode()).hexdigest()[:16]
    return f"ack_link:{link.incident}:{link.page}:{person}"
