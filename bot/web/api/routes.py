"""Serves the operations under `/api/v1`: reads the request, runs the operation, writes the answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel

from bot.domain.access.token import Token
from bot.domain.errors import Refused
from bot.domain.timeline.source import Source
from bot.operations.base import Answer, Call, NoArguments, Operation
from bot.operations.incidents import incident_answer
from bot.operations.shapes import IncidentShape
from bot.operations.table import OPERATIONS
from bot.operations.versions import unchanged_since
from bot.operations.visibility import visible_incident
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.api.arguments import read_arguments
from bot.web.api.authentication import Authenticator, require
from bot.web.api.idempotency import Idempotency
from bot.web.api.openapi import Document
from bot.web.api.problems import Problem, problem_of_http, problem_of_refusal
from bot.web.api.rate_limit import RateLimit
from bot.web.api.stream import Streams
from storage.api_requests import StoredRequest
from storage.engine.errors import StorageError

log = structlog.get_logger()

PREFIX = "/api/v1"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class ApiContext:
    """The shared parts of the API's routes: authentication, limits, streams, the OpenAPI document."""

    authenticator: Authenticator
    rate_limit: RateLimit = field(default_factory=RateLimit)
    streams: Streams = field(init=False)
    document: Document = field(init=False)
    idempotency: Idempotency = field(init=False)

    def __post_init__(self) -> None:
        context = self.authenticator.context
        self.streams, self.document, self.idempotency = Streams(context), Document(context), Idempotency(context)

    async def token_of(self, request: web.Request, operation: Operation | None = None) -> Token:
        """The token of a request, counted and allowed to do the operation. Raises `Problem`."""
        token = await self.authenticator.token_of(request)
        self.rate_limit.take(token.id)
        if operation is not None:
            require(token, operation.scope)
        return token


def application(api: ApiContext) -> web.Application:
    """The application for `PREFIX`, which answers every error as a problem."""
    app = web.Application(middlewares=[_problems])
    app.on_shutdown.append(api.streams.close)

    async def document(request: web.Request) -> web.StreamResponse:
        return web.Response(body=api.document.as_json(), content_type="application/json")

    async def stream(request: web.Request) -> web.StreamResponse:
        return await api.streams.serve(request, lambda: api.token_of(request))

    app.router.add_get("/openapi.json", document)
    app.router.add_get("/incidents/{id}/timeline/stream", stream)
    for operation in OPERATIONS:
        for path in (operation.path, *operation.also):
            app.router.add_route(operation.method, path, _handler(api, operation))
    return app


def _handler(api: ApiContext, operation: Operation) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if operation.name == "list_entries" and "text/event-stream" in request.headers.get("Accept", ""):
            return await api.streams.serve(request, lambda: api.token_of(request))
        token = await api.token_of(request, operation)
        arguments = await read_arguments(request, operation)
        await api.authenticator.identify(token, ask=operation.asks_who)
        context = replace(api.authenticator.context, source=Source.API)
        if operation.conditional and operation.method != "GET" and (versions := _if_match(request)) is not None:
            context = replace(context, precondition=unchanged_since(versions))
        call = Call(context, token.person, request.match_info)

        async def run(stored: StoredRequest | None) -> web.Response:
            stored_call = call if stored is None else replace(call, delivery=stored.delivery, request_key=stored.key)
            return _response(request, operation, await operation.run(stored_call, arguments))

        async def recover(stored: StoredRequest) -> web.Response:
            return _response(request, operation, await _recover_answer(call, operation, stored))

        if operation.method == "GET" or operation.secret:
            return await run(None)
        return await api.idempotency.run_once(request, token, _arguments_json(arguments), run, recover)

    return handle


async def _recover_answer(call: Call, operation: Operation, stored: StoredRequest) -> Answer:
    """The answer of a write that was carried out by a process that died before it answered."""
    if stored.incident is not None:
        incident = await visible_incident(replace(call, path={"id": str(stored.incident)}))
        return incident_answer(incident, made=True)
    if operation.answer is IncidentShape:
        return incident_answer(await visible_incident(call))
    raise Problem("refused", "It was carried out when you sent it first; its answer is lost. Read what there is now.")


def _arguments_json(arguments: BaseModel) -> Any:
    return {} if isinstance(arguments, NoArguments) else arguments.model_dump(mode="json")


def _if_match(request: web.Request) -> frozenset[str] | None:
    """The versions that the client allows; None where it allows any."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))


def _response(request: web.Request, operation: Operation, answer: Answer) -> web.Response:
    headers = {}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
        if operation.method == "GET" and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
    if answer.location is not None:
        headers["Location"] = PREFIX + answer.location
    body = json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(status=operation.status, body=body, content_type="application/json", headers=headers)


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except Refused as refused:
        return problem_of_refusal(refused).response()
    except DuplicateDelivery:
        return Problem("refused", "The same request is being carried out.").response()
    except StorageError as error:
        log.warning("api.not_recorded", error=str(error), path=request.path)
        return Problem("not-recorded", "Send it again.", {"Retry-After": "5"}).response()
    except web.HTTPException as error:
        return problem_of_http(error).response()
