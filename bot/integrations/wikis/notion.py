"""Creates, reads and changes pages by the API of Notion.

https://developers.notion.com/reference/intro (pages, block children, request limits)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.review.export import Line, WikiKind, WikiSection, plain
from bot.integrations import http
from bot.integrations.wikis.protocol import WikiPage

VENDOR = "Notion"
VERSION = "2022-06-28"
AT_ONCE = 100  # blocks of a request, and of a page of an answer
PAGES = 40
LARGEST_ANSWER = 4 * 1024 * 1024
_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
Block = dict[str, Any]


@dataclass(slots=True)
class Notion:
    """A client of one integration. A page is found again below its parent, by its title."""

    session: aiohttp.ClientSession
    url: str
    token: str = field(repr=False)
    parent: str = ""  # ID of the page below which reviews are created
    kind: WikiKind = WikiKind.NOTION

    async def find(self, title: str) -> WikiPage | None:
        """The page of this title below the parent."""
        for block in await self._children(self.parent):
            if block.get("type") == "child_page" and (block.get("child_page") or {}).get("title") == title:
                return await self.read(str(block.get("id")))
        return None

    async def create(self, title: str, sections: Sequence[WikiSection]) -> WikiPage:
        """Create the page with its first blocks, then add the others."""
        blocks = [block for section in sections for block in (_heading(section.title), *_items(section))]
        content = {
            "parent": {"page_id": _id(self.parent)},
            "properties": {"title": {"title": [{"text": {"content": title}}]}},
            "children": blocks[:AT_ONCE],
        }
        answer = await self._ask("POST", "/v1/pages", json=content)
        if answer.status != 200:
            raise _error(answer)
        page = str(answer.data.get("id"))
        await self._append(page, blocks[AT_ONCE:], None)
        return WikiPage(page, answer.text("url"), {section.title: section.texts for section in sections})

    async def read(self, external: str) -> WikiPage | None:
        """The page with this ID, unless it was deleted."""
        answer = await self._ask("GET", f"/v1/pages/{_id(external)}")
        if answer.status == 404 or answer.data.get("archived") or answer.data.get("in_trash"):
            return None
        if answer.status != 200:
            raise _error(answer)
        parts = _parts(await self._children(external))
        texts = {title: [_text(item) for item in blocks] for title, (_, blocks) in parts.items()}
        return WikiPage(external, answer.text("url"), texts, {"parts": parts})

    async def replace(self, page: WikiPage, sections: Sequence[WikiSection]) -> None:
        """Put the new lines below each heading, then delete the old ones: a broken attempt loses nothing."""
        for section in sections:
            heading, old = page.raw["parts"][section.title]
            await self._append(page.external, _items(section), heading)
            for block in old:
                answer = await self._ask("DELETE", f"/v1/blocks/{_id(str(block.get('id')))}")
                if answer.status not in (200, 404):
                    raise _error(answer)

    async def _append(self, page: str, blocks: Sequence[Block], after: str | None) -> None:
        """Add the blocks after the block `after`, or at the end, as many at once as Notion takes."""
        for start in range(0, len(blocks), AT_ONCE):
            content: dict[str, Any] = {"children": blocks[start : start + AT_ONCE]}
            if after is not None:
                content["after"] = after
            answer = await self._ask("PATCH", f"/v1/blocks/{_id(page)}/children", json=content)
            if answer.status != 200:
                raise _error(answer)
            added = answer.data.get("results") or []
            if after is not None and len(added) >= len(content["children"]):
                after = str(added[len(content["children"]) - 1].get("id"))

    async def _children(self, block: str) -> list[Block]:
        children: list[Block] = []
        query = {"page_size": str(AT_ONCE)}
        for _ in range(PAGES):
            answer = await self._ask("GET", f"/v1/blocks/{_id(block)}/children", params=query)
            if answer.status != 200:
                raise _error(answer)
            children += [child for child in answer.data.get("results") or [] if isinstance(child, dict)]
            if not answer.data.get("has_more"):
                break
            query["start_cursor"] = str(answer.data.get("next_cursor"))
        return children

    async def _ask(self, method: str, path: str, **how: Any) -> http.Answer:
        proof = {"Authorization": f"Bearer {self.token}", "Notion-Version": VERSION, "Accept": "application/json"}
        return await http.ask(
            self.session, method, self.url.rstrip("/") + path, VENDOR, (self.token,), largest=LARGEST_ANSWER,
            headers=http.headers(**proof), **how,
        )  # fmt: skip


def _heading(title: str) -> Block:
    return {"type": "heading_2", "heading_2": {"rich_text": [{"type": "text", "text": {"content": title}}]}}


def _items(section: WikiSection) -> list[Block]:
    return [
        {"type": "bulleted_list_item", "bulleted_list_item": {"rich_text": _rich(item)}} for item in section.lines
    ]  # fmt: skip


def _rich(line: Line) -> list[Block]:
    parts: list[tuple[str, str | None]] = [(line.sentence, None)]
    for index, (label, url) in enumerate(line.cites[:40]):
        parts += [(" (" if index == 0 else ", ", None), (label, url)]
    if line.cites:
        parts.append((")", None))
    return [
        {"type": "text", "text": {"content": content, **({"link": {"url": url}} if url else {})}}
        for content, url in parts
    ]


def _parts(blocks: Sequence[Block]) -> dict[str, tuple[str, list[Block]]]:
    """The ID of each heading by its title, with the blocks below it, up to the next heading."""
    parts: dict[str, tuple[str, list[Block]]] = {}
    below: list[Block] | None = None
    for block in blocks:
        if block.get("type") in ("heading_1", "heading_2"):
            below = []
            parts.setdefault(_text(block), (str(block.get("id")), below))
        elif below is not None:
            below.append(block)
    return parts


def _text(block: Mapping[str, Any]) -> str:
    content = block.get(str(block.get("type"))) or {}
    pieces = [piece for piece in content.get("rich_text") or [] if isinstance(piece, dict)]
    return plain("".join(str(piece.get("plain_text") or "") for piece in pieces))


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise DeliveryError(f"the page in {VENDOR} has no ID; check NOTION_PARENT", permanent=True)
    return text


def _error(answer: http.Answer) -> DeliveryError:
    if answer.status == 409:
        return DeliveryError(f"somebody changes the page in {VENDOR} at the moment", wait_s=answer.retry_after_s or 5.0)
    if (passing := http.temporary_error(answer, VENDOR)) is not None:
        return passing
    hint = {
        401: "check NOTION_TOKEN",
        403: "the integration of NOTION_TOKEN may not insert content",
        404: "there is no such page, or it is not shared with the integration of NOTION_TOKEN",
    }.get(answer.status)
    return DeliveryError(
        f"{VENDOR} refuses it ({answer.status}): {hint or answer.text('message') or 'no reason given'}", permanent=True
    )
