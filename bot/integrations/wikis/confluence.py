"""Creates, reads and changes pages by the REST API of Confluence Cloud, version 2.

https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.review.export import Line, WikiKind, WikiSection, plain
from bot.integrations import http
from bot.integrations.wikis.protocol import WikiPage

VENDOR = "Confluence"
LARGEST_ANSWER = 8 * 1024 * 1024
SPACE = re.compile(r"[A-Za-z0-9~._-]{1,255}")
_HEADING = re.compile(r"<h([12])\b[^>]*>(.*?)</h\1>", re.S)
_LINE_END = re.compile(r"</(?:li|p|h[1-6]|tr)>|<br\s*/?>")
_TAG = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class Confluence:
    """A client with one token. Titles are unique within a space, so that a page cannot be created twice."""

    session: aiohttp.ClientSession
    url: str  # with /wiki
    email: str
    token: str = field(repr=False)
    space: str = ""  # its key
    parent: str | None = None  # ID of the page below which reviews are created
    kind: WikiKind = WikiKind.CONFLUENCE

    async def find(self, title: str) -> WikiPage | None:
        """The page of this title in the space."""
        query = {"space-id": await self._space(), "title": title, "body-format": "storage", "limit": "1"}
        answer = await self._ask("GET", "/pages", params=query)
        if answer.status != 200:
            raise _error(answer)
        results = answer.data.get("results") or []
        return self._page(results[0]) if results else None

    async def create(self, title: str, sections: Sequence[WikiSection]) -> WikiPage:
        """Create the page in the space."""
        body = "".join(f"<h2>{html.escape(section.title)}</h2>{_list(section)}" for section in sections)
        content = {
            "spaceId": await self._space(), "status": "current", "title": title,
            "body": {"representation": "storage", "value": body}, **({"parentId": self.parent} if self.parent else {}),
        }  # fmt: skip
        answer = await self._ask("POST", "/pages", json=content)
        if answer.status != 200:
            raise _error(answer)
        return self._page(answer.data)

    async def read(self, external: str) -> WikiPage | None:
        """The page with this ID, unless it was deleted or put into the trash."""
        answer = await self._ask("GET", f"/pages/{_id(external)}", params={"body-format": "storage"})
        if answer.status == 404 or (answer.status == 200 and answer.data.get("status") == "trashed"):
            return None
        if answer.status != 200:
            raise _error(answer)
        return self._page(answer.data)

    async def replace(self, page: WikiPage, sections: Sequence[WikiSection]) -> None:
        """Write the page's next version. Confluence refuses it if somebody saved one meanwhile: then read it again."""
        new = {section.title: section for section in sections}
        content = {
            "id": page.external, "status": "current", "title": page.raw["title"],
            "body": {"representation": "storage", "value": _splice(page.raw["body"], new)},
            "version": {"number": page.raw["version"] + 1, "message": "Brought up to date by Tocsin"},
        }  # fmt: skip
        answer = await self._ask("PUT", f"/pages/{_id(page.external)}", json=content)
        if answer.status == 409:
            raise DeliveryError(f"somebody saved the page in {VENDOR} meanwhile", wait_s=5.0)
        if answer.status != 200:
            raise _error(answer)

    def _page(self, data: Mapping[str, Any]) -> WikiPage:
        storage = (data.get("body") or {}).get("storage") or {}
        body = str(storage.get("value") or "")
        version = int((data.get("version") or {}).get("number") or 1)
        link = str((data.get("_links") or {}).get("webui") or "")
        raw = {"body": body, "version": version, "title": str(data.get("title") or "")}
        texts = {title: lines for title, _, _, lines in _parts(body)}
        return WikiPage(str(data.get("id") or ""), self.url.rstrip("/") + link, texts, raw)

    async def _space(self) -> str:
        if not SPACE.fullmatch(self.space):
            raise DeliveryError("CONFLUENCE_SPACE is no key of a space; check the settings", permanent=True)
        answer = await self._ask("GET", "/spaces", params={"keys": self.space})
        if answer.status != 200:
            raise _error(answer)
        results = answer.data.get("results") or []
        if not results:
            hint = f"{VENDOR} has no space {self.space}, or CONFLUENCE_API_TOKEN may not see it"
            raise DeliveryError(hint, permanent=True)
        return str(results[0].get("id"))

    async def _ask(self, method: str, path: str, **how: Any) -> http.Answer:
        credentials = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        signed = http.headers(Authorization=f"Basic {credentials}", Accept="application/json")
        return await http.ask(
            self.session, method, f"{self.url.rstrip('/')}/api/v2{path}", VENDOR, (self.token, credentials),
            largest=LARGEST_ANSWER, headers=signed, **how,
        )  # fmt: skip


def _list(section: WikiSection) -> str:
    return f"<ul>{''.join(f'<li><p>{_line(item)}</p></li>' for item in section.lines)}</ul>"


def _line(line: Line) -> str:
    cites = ", ".join(
        f'<a href="{html.escape(url)}">{label}</a>' if url else label for label, url in line.cites
    )  # fmt: skip
    return html.escape(line.sentence, quote=False) + (f" ({cites})" if cites else "")


def _parts(body: str) -> list[tuple[str, int, int, list[str]]]:
    """Each heading of the first two levels, the begin and end of its section, and the section's lines as read."""
    headings = list(_HEADING.finditer(body))
    ends = [*(heading.start() for heading in headings[1:]), len(body)]
    return [
        (_read(heading[2]), heading.end(), end, _lines(body[heading.end() : end]))
        for heading, end in zip(headings, ends, strict=True)
    ]


def _splice(body: str, new: Mapping[str, WikiSection]) -> str:
    for title, start, end, _ in reversed(_parts(body)):
        if title in new:
            body = body[:start] + _list(new[title]) + body[end:]
    return body


def _lines(part: str) -> list[str]:
    return [line for item in _LINE_END.split(part) if (line := _read(item))]


def _read(part: str) -> str:
    return plain(html.unescape(_TAG.sub("", part)))


def _id(external: str) -> str:
    if not external.isdecimal():
        raise DeliveryError(f"the ID of the page in {VENDOR} is no number", permanent=True)
    return external


def _error(answer: http.Answer) -> DeliveryError:
    if (passing := http.temporary_error(answer, VENDOR)) is not None:
        return passing
    errors = answer.data.get("errors")
    detail = str(errors[0].get("title") or "") if isinstance(errors, list) and errors else answer.text("message")
    hint = {
        401: "check CONFLUENCE_EMAIL and CONFLUENCE_API_TOKEN",
        403: "CONFLUENCE_API_TOKEN may not write there",
        404: "there is no such page, or CONFLUENCE_API_TOKEN may not see it",
    }.get(answer.status)
    reason = hint or " ".join(detail.split())[:200] or "no reason given"
    return DeliveryError(f"{VENDOR} refuses it ({answer.status}): {reason}", permanent=True)
