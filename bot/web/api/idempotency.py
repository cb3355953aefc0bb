"""Makes writes with an `Idempotency-Key` happen once, however often a client sends them within a day.

The key is part of the delivery that the use case claims in its own transaction: a process that dies between the commit
and the answer leaves a request that is not carried out again, and whose answer is made from what is stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.domain.access.token import Token
from bot.usecases.context import Context
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.api.problems import Problem
from storage import api_requests
from storage.api_requests import StoredAnswer, StoredRequest

KEPT = timedelta(hours=24)
LONGEST_KEY = 200
HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
LOOKS, LOOK_S = 20, 0.1  # how often, and every how many seconds, the answer of the first request is awaited
_HEADERS = ("Content-Type", "ETag", "Location")

Run = Callable[[StoredRequest | None], Awaitable[web.Response]]
Recover = Callable[[StoredRequest], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Remembers requests by token and key."""

    context: Context

    async def run_once(
        self, request: web.Request, token: Token, arguments: Any, run: Run, recover: Recover
    ) -> web.Response:
        """Run a request, or return the stored answer if it was answered before.

        `recover` makes the answer of a request that was carried out, but whose answer is not stored. Raises `Problem`
        for a key that another request has used.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return await run(None)
        stored = await self._store_request(_validate_key(key), token, _fingerprint(request, arguments))
        if stored.answer is not None:
            return _response(stored.answer)
        try:
            response = await run(stored)
        except DuplicateDelivery:
            return await self._answer_of(stored, recover)
        await self._store_answer(stored, response)
        return response

    async def _store_request(self, key: str, token: Token, fingerprint: str) -> StoredRequest:
        now, name = self.context.clock.now(), f"{token.id}:{key}"
        async with self.context.database.transaction() as conn:
            stored = await api_requests.remember(conn, name, fingerprint, now, now - KEPT)
        if stored.fingerprint != fingerprint:
            raise Problem("key-used", f"Another request had this {HEADER} within a day. Take a new key for a new one.")
        return stored

    async def _answer_of(self, stored: StoredRequest, recover: Recover) -> web.Response:
        for _ in range(LOOKS):
            async with self.context.database.reading() as conn:
                latest = await api_requests.get(conn, stored.key) or stored
            if latest.answer is not None:
                return _response(latest.answer)
            await asyncio.sleep(LOOK_S)
        response = await recover(latest)
        await self._store_answer(latest, response)
        return response

    async def _store_answer(self, stored: StoredRequest, response: web.Response) -> None:
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        body = response.body if isinstance(response.body, bytes) else b""
        answer = StoredAnswer(response.status, headers, body)
        await self.context.database.batched(lambda conn: api_requests.note_answer(conn, stored.key, answer))


def _validate_key(key: str) -> str:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem("malformed", f"An {HEADER} has 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID.")
    return key


def _fingerprint(request: web.Request, arguments: Any) -> str:
    body = json.dumps([request.method, request.path, arguments], sort_keys=True)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _response(answer: StoredAnswer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers={**answer.headers, REPLAYED: "true"})
