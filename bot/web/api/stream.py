"""Sends the entries of a timeline as they are recorded, as server-sent events.

One task polls the database for timelines that have grown, whichever process wrote to them, and wakes their streams.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.domain.access.identity import OPERATOR
from bot.domain.access.token import Token
from bot.domain.errors import Refused
from bot.json_shapes.incidents import entry_json
from bot.operations.base import Call
from bot.operations.cursors import position
from bot.operations.visibility import visible_incident
from bot.usecases.context import Context
from bot.web.api.problems import Problem
from storage.engine.errors import StorageError
from storage.timeline import entry_pages
from storage.timeline.entry_pages import EntryFilter

MOST_STREAMS = 100  # of one process
LOOK_S = 0.4
PING_S = 15.0  # between pings, and between checks that the token is still valid
PAGE = 200


@dataclass(slots=True, eq=False)
class _Stream:
    number: int
    sent: int  # the `seq` of the last entry that was sent
    grown: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """The open streams of a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._open: set[_Stream] = set()
        self._watch: asyncio.Task[None] | None = None
        self._closing = False

    async def close(self, _: web.Application) -> None:
        """End every stream."""
        self._closing = True
        for stream in self._open:
            stream.grown.set()
        if self._watch is not None:
            self._watch.cancel()

    async def serve(self, request: web.Request, token_of: Callable[[], Awaitable[Token]]) -> web.StreamResponse:
        """Stream the timeline of the incident in the path, until the client or the process ends it.

        It begins after `Last-Event-ID`, after `cursor`, or with what comes from now on.
        """
        token = await token_of()
        call = Call(self._context, token.person, request.match_info, operator=token.person == OPERATOR)
        incident = await visible_incident(call)
        if len(self._open) >= MOST_STREAMS:
            raise Problem("too-many", "Too many streams are open. Read the pages instead.", {"Retry-After": "30"})
        stream = _Stream(incident.number, await self._first_seq(request, incident.number))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        self._open.add(stream)
        try:
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._wake_grown())
            await self._send_until_closed(call, stream, response, token_of)
        except (Problem, Refused, StorageError, ConnectionError):
            pass  # the client connects again, and is told why if it may not
        finally:
            self._open.discard(stream)
        return response

    async def _first_seq(self, request: web.Request, number: int) -> int:
        last = request.headers.get("Last-Event-ID", "")
        if last.isascii() and last.isdecimal() and len(last) < 18:
            return int(last)
        if (after := position(request.query.get("cursor"))) is not None:
            return after
        async with self._context.database.reading() as conn:
            return (await entry_pages.heads(conn, [number])).get(number, 0)

    async def _send_until_closed(
        self, call: Call, stream: _Stream, response: web.StreamResponse, token_of: Callable[[], Awaitable[Token]]
    ) -> None:
        await response.write(b": open\n\n")
        pinged_at = time.monotonic()
        stream.grown.set()  # what was recorded before the first look
        while not self._closing:
            try:
                await asyncio.wait_for(stream.grown.wait(), PING_S)
            except TimeoutError:
                await response.write(b": ping\n\n")
            stream.grown.clear()
            if time.monotonic() - pinged_at >= PING_S:
                await token_of()
                pinged_at = time.monotonic()
            await self._send_new(call, stream, response)

    async def _send_new(self, call: Call, stream: _Stream, response: web.StreamResponse) -> None:
        while not self._closing:
            await visible_incident(call)  # membership of a private incident may have ended
            async with self._context.database.reading() as conn:
                records = await entry_pages.read(conn, stream.number, EntryFilter(beyond=stream.sent), PAGE)
            for record in records:
                await response.write(_event(record.seq, entry_json(record)))
                stream.sent = record.seq
            if len(records) < PAGE:
                return

    async def _wake_grown(self) -> None:
        """Wake the streams whose timelines have grown, while any stream is open."""
        while self._open and not self._closing:
            await asyncio.sleep(LOOK_S)
            try:
                async with self._context.database.reading() as conn:
                    heads = await entry_pages.heads(conn, {stream.number for stream in self._open})
            except StorageError:
                continue
            for stream in self._open:
                if heads.get(stream.number, 0) > stream.sent:
                    stream.grown.set()


def _event(seq: int, entry: dict[str, Any]) -> bytes:
    return f"id: {seq}\nevent: entry\ndata: {json.dumps(entry, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
