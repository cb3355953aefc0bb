"""Client of Atlassian Statuspage: https://developer.statuspage.io

One request a second and key is allowed there; more is answered with 420 or 429.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.statuspage.copying import CopiedUpdate, Copy, CopyMetadata
from bot.integrations import http

VENDOR = "Statuspage"
BETWEEN_S = 1.0  # two requests
LOOKED_THROUGH = 20  # of the newest incidents, for one that an unknown attempt created
OURS = "tocsin"  # our part of an incident's metadata


@dataclass(slots=True)
class Statuspage:
    """A client of one page."""

    session: aiohttp.ClientSession
    url: str
    page: str
    key: str = field(repr=False)
    between_s: float = field(default_factory=lambda: BETWEEN_S)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _last_s: float = 0.0
    _components: dict[str, str] | None = None

    async def page_name(self) -> str:
        """The page's name. Raises `DeliveryError`, as all methods do."""
        answer = await self._ask("GET", "")
        return answer.text("name") or self.page

    async def components(self) -> dict[str, str]:
        """The IDs of the components by their name in lower case."""
        if self._components is None:
            answer = await self._ask("GET", "/components")
            self._components = {
                str(component.get("name", "")).strip().lower(): str(component["id"]) for component in answer.rows
            }
        return self._components

    async def find(self, publication: str) -> Copy | None:
        """The copy of a publication among the newest incidents, by our marks."""
        answer = await self._ask("GET", "/incidents", params={"limit": str(LOOKED_THROUGH), "page": "1"})
        copies = (_copy(row) for row in answer.rows)
        return next((copy for copy in copies if copy is not None and copy.marks.publication == publication), None)

    async def get(self, incident: str) -> Copy | None:
        """The copy with this ID; None if it is gone, or its marks are."""
        answer = await self._ask("GET", f"/incidents/{incident}", gone=True)
        return None if answer.status == 404 else _copy(answer.data)

    async def create(self, fields: Mapping[str, Any], marks: CopyMetadata) -> str:
        """Create an incident and return its ID."""
        answer = await self._ask("POST", "/incidents", json={"incident": {**fields, "metadata": _metadata(marks)}})
        return answer.text("id")

    async def change(self, incident: str, fields: Mapping[str, Any], marks: CopyMetadata) -> None:
        """Change an incident; with a `body` that is a further update."""
        body = {"incident": {**fields, "metadata": _metadata(marks)}}
        await self._ask("PATCH", f"/incidents/{incident}", json=body)

    async def correct(self, incident: str, update: str, text: str) -> None:
        """Replace the words of an update, and notify nobody."""
        body = {"incident_update": {"body": text, "deliver_notifications": False}}
        await self._ask("PATCH", f"/incidents/{incident}/incident_updates/{update}", json=body)

    async def _ask(self, method: str, path: str, *, gone: bool = False, **how: Any) -> http.Answer:
        headers = http.headers(Authorization=f"OAuth {self.key}")
        async with self._turn:
            await asyncio.sleep(max(0.0, self._last_s + self.between_s - time.monotonic()))
            try:
                answer = await http.ask(
                    self.session, method, f"{self.url.rstrip('/')}/pages/{self.page}{path}", VENDOR, (self.key,),
                    headers=headers, **how,
                )  # fmt: skip
            finally:
                self._last_s = time.monotonic()
        if 200 <= answer.status < 300 or (gone and answer.status == 404):
            return answer
        if answer.status == 420:
            raise DeliveryError(f"{VENDOR} is asked too often (420)", wait_s=answer.retry_after_s or 60.0)
        if error := http.temporary_error(answer, VENDOR):
            raise error
        hint = {401: "; check STATUSPAGE_API_KEY", 403: "; check STATUSPAGE_API_KEY", 404: "; check STATUSPAGE_PAGE_ID"}
        detail = answer.text("error") or answer.text("message")
        problem = f"{VENDOR} answered {answer.status}{hint.get(answer.status, '')}{f' ({detail})' if detail else ''}"
        raise DeliveryError(problem, permanent=True)


def _metadata(marks: CopyMetadata) -> dict[str, Any]:
    return {OURS: {"publication": marks.publication, "name": marks.name, "updates": dict(marks.updates)}}


def _copy(data: Any) -> Copy | None:
    """The copy in an incident of the page that has our marks; None for any other incident."""
    metadata = (data.get("metadata") or {}).get(OURS) if isinstance(data, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("updates"), dict):
        return None
    updates = tuple(
        CopiedUpdate(str(update.get("id", "")), str(update.get("body", "")))
        for update in data.get("incident_updates") or ()
    )
    marks = CopyMetadata(str(metadata.get("publication", "")), str(metadata.get("name", "")), dict(metadata["updates"]))
    return Copy(str(data["id"]), str(data.get("name", "")), str(data.get("status", "")), updates, marks)
