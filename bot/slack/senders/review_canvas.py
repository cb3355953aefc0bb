"""Mirrors the review of an incident in a canvas: our sections only, one change a call.

A section that somebody changed in the canvas is never overwritten: the channel is told, and it stays as it is there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.incident import Change, Incident
from bot.domain.review import canvas
from bot.domain.review.document import TITLES
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import Failed, NotNeeded, Retry, SendResult, Sent
from bot.domain.timeline.entry import BOT, entry
from bot.slack.client.api import SlackError, ends_before
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.reviews.read import read_review
from bot.usecases.unit_of_work import locked_incident
from storage.key_value import review_canvas

EXISTS = "channel_canvas_already_exists"
REFUSED = frozenset({
    "canvas_disabled_user_team", "restricted_action", "team_tier_cannot_create_channel_canvases",
    "free_teams_cannot_create_non_tabbed_canvases", "free_team_canvas_tab_already_exists",
    "free_teams_cannot_create_standalone_canvases", "canvas_creation_failed", "channel_canvas_creation_failed",
})  # fmt: skip


class ReviewCanvasSender(SenderBase):
    """Creates the canvas of a review, and keeps its sections up to date."""

    @sends(NoticeKind.REVIEW_CANVAS, failure="keep the canvas of the review up to date")
    async def mirror(self, delivery: Delivery) -> SendResult:
        """Create the canvas, or write the sections that have changed. What was done is stored after each section."""
        incident, number = delivery.incident, delivery.incident.number
        if incident.channel_id is None or incident.review is None:
            return NotNeeded("there is no channel, or no review")
        async with self._context.database.reading() as conn:
            stored = await review_canvas(number).get(conn)
            lines = canvas.lines_of(await read_review(conn, delivery.policy, number))
        if stored is None:
            return await self._create(delivery, lines)
        return await self._update(delivery, stored, lines)

    async def _create(self, delivery: Delivery, lines: canvas.Lines) -> SendResult:
        incident = delivery.incident
        title = f"Review of {incident.id}"
        content = {"type": "markdown", "markdown": canvas.markdown(lines, title)}
        try:
            canvas_id = await self._own_canvas(incident, title) if delivery.notice.uncertain else None
            if canvas_id is None:
                canvas_id = await self._new(incident, title, content)
        except SlackError as error:
            if error.name not in REFUSED:
                raise
            return Failed(f"Slack makes no canvas here ({error.name}). The review is in `review`, as before.")
        url = self._url(canvas_id)
        await self._store(incident.number, {"id": canvas_id, "sections": lines, "left": []})
        await self._tell(incident.number, f"put the review into a canvas: {url}", url)
        return Sent({"canvas": canvas_id})

    async def _new(self, incident: Incident, title: str, content: dict[str, str]) -> str:
        """The ID of a new canvas: the channel's, or one of its own where the channel has one already."""
        where = {"channel_id": incident.channel_id, "title": title, "document_content": content}
        try:
            answer = await self._api.call("conversations.canvases.create", **where)
        except SlackError as error:
            if error.name != EXISTS:
                raise
            answer = await self._api.call("canvases.create", **where)
        return str(answer["canvas_id"])

    async def _own_canvas(self, incident: Incident, title: str) -> str | None:
        """The channel's canvas, if an earlier attempt made it."""
        info = await self._api.call("conversations.info", channel=incident.channel_id)
        canvas_id = ((info["channel"].get("properties") or {}).get("canvas") or {}).get("file_id")
        if not canvas_id:
            return None
        return str(canvas_id) if await self._sections_with(canvas_id, title) else None

    async def _update(self, delivery: Delivery, stored: dict[str, Any], lines: canvas.Lines) -> SendResult:
        number, canvas_id, written_lines = delivery.incident.number, str(stored["id"]), stored["sections"]
        for key in canvas.changed(written_lines, lines, stored["left"]):
            if not ends_before(delivery.notice.lease_ends_monotonic):
                return Retry("its lease would have ended before Slack had answered", timedelta(0))
            ids = await self._ids(canvas_id, written_lines, key)
            if ids is None and not await self._has_lines(canvas_id, lines[key]):
                stored["left"].append(key)
                await self._store(number, stored)
                url = self._url(canvas_id)
                await self._tell(number, f"left “{TITLES[key]}” as somebody wrote it in the canvas: {url}", url)
                continue
            if ids is not None:
                await self._write(canvas_id, ids, lines[key])
            written_lines[key] = lines[key]
            await self._store(number, stored)
        return Sent({"canvas": canvas_id})

    async def _ids(self, canvas_id: str, written_lines: canvas.Lines, key: str) -> list[str] | None:
        """The ID of each line that Tocsin wrote for a section; None if somebody changed one."""
        ids = []
        for index, line in enumerate(written_lines[key]):
            section_ids = await self._sections_with(canvas_id, canvas.needle(line))
            count, at = canvas.occurrence(written_lines, key, index)
            if len(section_ids) != count:
                return None
            ids.append(section_ids[at])
        return ids

    async def _has_lines(self, canvas_id: str, lines: list[str]) -> bool:
        """Whether the canvas has the new lines: an earlier attempt wrote them, and ended before that was stored."""
        return all([await self._sections_with(canvas_id, canvas.needle(line)) for line in lines])

    async def _write(self, canvas_id: str, ids: list[str], lines: list[str]) -> None:
        """Put the lines in the place of the first one, then take the others away: each call makes one change."""
        content = {"type": "markdown", "markdown": "\n".join(lines)}
        changes = [{"operation": "replace", "section_id": ids[0], "document_content": content}]
        changes += [{"operation": "delete", "section_id": section_id} for section_id in ids[1:]]
        for change in changes:
            await self._api.call("canvases.edit", canvas_id=canvas_id, changes=[change])

    async def _sections_with(self, canvas_id: str, text: str) -> list[str]:
        answer = await self._api.call("canvases.sections.lookup", canvas_id=canvas_id, criteria={"contains_text": text})
        return [str(section["id"]) for section in answer.get("sections", ())]

    async def _store(self, number: int, stored: dict[str, Any]) -> None:
        async with self._context.database.transaction() as conn:
            await review_canvas(number).put(conn, stored)

    async def _tell(self, number: int, text: str, url: str) -> None:
        async with locked_incident(self._context, number) as work:
            timeline_entry = entry(work.now, "review", BOT, text, told=True, url=url)
            await work.commit(Change(work.incident, (timeline_entry,)))

    def _url(self, canvas_id: str) -> str:
        identity = self._senders.identity
        return f"{identity.url.rstrip('/')}/docs/{identity.team_id}/{canvas_id}"
