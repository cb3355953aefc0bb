"""Looks up whose answer a page waits for, since only the people whom it paged may use its buttons."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import PagePayload
from storage import directory
from storage.outbox import receipts
from storage.outbox.payloads import read_payload


@dataclass(frozen=True, slots=True)
class PageRef:
    """The page whose button was pressed."""

    rung: int  # 0 for a page outside the ladder
    key: str = ""  # prefix of its dedup keys, or the key of a message in another channel; empty: found by the rung

    @classmethod
    def parse(cls, argument: str) -> PageRef:
        """Parse the value of a button: `2:page:1:1:sev1:2:1`, or `2` alone."""
        rung, _, key = argument.partition(":")
        return cls(int(rung) if rung.isdecimal() else 0, key)


async def people_asked_instead(
    conn: AsyncConnection, incident: Incident, page: PageRef, user: str, channel: str | None
) -> tuple[str, ...]:
    """The people whose answer the page waits for, if the user is not one of them; empty if the user may answer.

    Everybody may answer in another channel that a rung names, and if the page reached only people outside Slack.
    Raises `Refused` if there is no such page.
    """
    if await _is_posted_in(conn, incident, page.key, channel):
        return ()
    people = await _people(conn, incident, page)
    if people is None:
        raise Refused(f"That page of {incident.id} is gone.", "why")
    users = await directory.user_ids(conn, [person for person in people if "@" in person])
    recipients = tuple(dict.fromkeys(users.get(person.lower(), person) for person in people))
    return () if user in recipients else recipients


async def _is_posted_in(conn: AsyncConnection, incident: Incident, key: str, channel: str | None) -> bool:
    """Whether the incident's page with this key was posted in that channel."""
    stored = await receipts.notice(conn, key) if key.startswith(f"page:{incident.number}:") else None
    receipt = await receipts.get(conn, key) if stored and stored.kind == NoticeKind.PAGE_ELSEWHERE else None
    return receipt is not None and channel is not None and receipt.get("channel") == channel


async def _people(conn: AsyncConnection, incident: Incident, page: PageRef) -> tuple[str, ...] | None:
    """Slack IDs and addresses of the people paged; None if there is no such page."""
    if page.key.startswith(f"page:{incident.number}:"):
        stored = await receipts.notice(conn, f"{page.key}:channel")
        if stored is not None:
            return read_payload(stored, PagePayload).people
    pages = [ladder_page for ladder_page in incident.ladder.pages if ladder_page.rung == page.rung]
    return tuple(person for ladder_page in pages for person in ladder_page.people) if pages else None
