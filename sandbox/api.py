"""Answers the bot's Web API calls in place of Slack: checks token, rate limits and scopes, then runs the method.

Faults that tests inject are applied here.
"""

import asyncio
import json
import logging
import random
import time

from aiohttp import web

from sandbox import arguments
from sandbox.core import WorkspaceCore
from sandbox.errors import SlackError
from sandbox.faults import Fault, Faults
from sandbox.journal import CallRecord
from sandbox.methods import METHODS, Call, Method
from sandbox.model import Json

log = logging.getLogger(__name__)
# Lists left out of the call log, which would otherwise grow with the workspace at every call.
UNLOGGED = {"messages", "members", "channels", "items"}


class ConnectionCut(Exception):
    """A fault that closes the connection instead of answering."""


class Api:
    """Handles `/api/<method>`, as Slack does."""

    def __init__(self, ws: WorkspaceCore) -> None:
        self.ws = ws

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handle one call: record it, apply faults, run it, answer."""
        name = request.match_info["method"]
        method = METHODS.get(name)
        started = time.perf_counter()
        record = CallRecord(name, {}, self.ws.clock.now())
        read_error: SlackError | None = None
        try:
            raw = await arguments.read(request, json_input=method.json_input if method else True)
        except SlackError as refused:
            raw, read_error = {}, refused
        token = _token(request, raw)
        raw.pop("token", None)
        record.args = arguments.for_transcript(raw)
        self.ws.journal.call(record)
        try:
            response = await self._answer(name, method, raw, token, record, read_error)
        except ConnectionCut:
            record.error = record.error or "connection_cut"
            if request.transport is not None:
                request.transport.abort()
            response = web.Response(status=500)
        record.took_ms = (time.perf_counter() - started) * 1000
        self.ws.journal.called(record)
        return response

    async def _answer(
        self,
        name: str,
        method: Method | None,
        raw: Json,
        token: str | None,
        record: CallRecord,
        read_error: SlackError | None,
    ) -> web.Response:
        faults = self.ws.faults
        if faults.latency_s:
            await asyncio.sleep(random.uniform(faults.latency_s, max(faults.latency_s, faults.slowest_s)))  # noqa: S311
        if faults.down:
            record.fault, record.status = "down", 503
            return web.Response(status=503, text="Service Unavailable")
        fault = faults.take(name, raw.get("channel") or raw.get("channel_id"))
        if fault is not None:
            record.fault = fault.describe()
            if fault.latency_s:
                await asyncio.sleep(fault.latency_s)
            if not fault.after and (failure := await _inject(faults, fault, record)):
                return failure
        body = self._call(name, method, raw, token, record, read_error)
        if self.ws.store is not None:
            await self.ws.store.commit()
        if fault is not None and fault.after and (failure := await _inject(faults, fault, record)):
            return failure
        return _response(body, record, method, self.ws)

    def _call(
        self,
        name: str,
        method: Method | None,
        raw: Json,
        token: str | None,
        record: CallRecord,
        read_error: SlackError | None,
    ) -> Json:
        try:
            if read_error is not None:
                raise read_error
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            body = {"ok": True, **self._run(method, raw, token, record)}
            record.ok = True
        except SlackError as refused:
            body = refused.body()
            record.error = refused.error
        record.answer = {key: value for key, value in body.items() if key not in UNLOGGED}
        return body

    def _run(self, method: Method, raw: Json, token: str | None, record: CallRecord) -> Json:
        self._authenticate(method, token)
        wait_s = self.ws.rates.retry_after(method.name, method.tier, self._channel_id(raw.get("channel")))
        if wait_s is not None:
            record.status = 429
            raise SlackError("ratelimited", retry_after=wait_s)
        granted = self.ws.manifest.scopes
        if granted is not None and method.scopes and not granted.intersection(method.scopes):
            needed, provided = ",".join(method.scopes), ",".join(sorted(granted))
            raise SlackError("missing_scope", needed=needed, provided=provided)
        decoded = arguments.decode(raw, method.args, method.required)
        return method.handler(Call(self.ws, method.name, decoded, self.ws.bot))

    def _channel_id(self, channel: object) -> str | None:
        """The channel's ID, so that calls by ID and by `#name` share a rate limit."""
        if not isinstance(channel, str):
            return None
        return next((c.id for c in self.ws.state.channels.values() if f"#{c.name}" == channel), channel)

    def _authenticate(self, method: Method, token: str | None) -> None:
        settings = self.ws.settings
        if not method.token:
            return
        if not token:
            raise SlackError("not_authed")
        if token not in (settings.bot_token, settings.app_token):
            raise SlackError("invalid_auth")
        expected = settings.app_token if method.token == "xapp" else settings.bot_token  # noqa: S105 - a kind
        if token != expected:
            raise SlackError("not_allowed_token_type")
        if self.ws.revoked and token == settings.bot_token:  # an app-level token is revoked by itself
            raise SlackError("token_revoked")


def _token(request: web.Request, raw: Json) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return str(raw["token"]) if raw.get("token") else None


async def _inject(faults: Faults, fault: Fault, record: CallRecord) -> web.Response | None:
    if fault.hang:
        record.error = record.error or "never_answered"
        await faults.forever()
        raise ConnectionCut
    if fault.reset:
        raise ConnectionCut
    if fault.status == 429:
        record.status, record.error = 429, "ratelimited"
        wait = fault.retry_after if fault.retry_after is not None else 1
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": f"{wait:g}"}
        )
    if fault.status:
        record.status = fault.status
        return web.Response(status=fault.status, text="upstream error")
    if fault.error:
        record.error = fault.error
        return web.json_response({"ok": False, "error": fault.error})
    return None


def _response(body: Json, record: CallRecord, method: Method | None, ws: WorkspaceCore) -> web.Response:
    headers = {}
    if record.status == 429:
        headers["Retry-After"] = str(body.pop("retry_after"))
    if ws.manifest.scopes is not None:
        headers["x-oauth-scopes"] = ",".join(sorted(ws.manifest.scopes))
    if method is not None and method.scopes:
        headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
    return web.Response(
        body=json.dumps(body).encode(), status=record.status, content_type="application/json", headers=headers
    )
