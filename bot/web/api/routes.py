"""Serves the operations under `/api/v1`: reads the request, runs the operation, writes the answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.domain.errors import Refused
from bot.domain.timeline.source import Source
from bot.operations.base import Answer, Call, Operation
from bot.operations.table import OPERATIONS
from bot.operations.versions import unchanged_since
from bot.web.api.authentication import Authenticator, require
from bot.web.api.problems import Problem, of_http, of_refusal
from storage.engine.errors import StorageError

log = structlog.get_logger()

PREFIX = "/api/v1"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Door:
    """What every route of the API shares."""

    authenticator: Authenticator


def application(door: Door) -> web.Application:
    """The application for `PREFIX`, which answers every error as a problem."""
    app = web.Application(middlewares=[_problems])
    for operation in OPERATIONS:
        for path in (operation.path, *operation.also):
            app.router.add_route(operation.method, path, _handler(door, operation))
    return app


def _handler(door: Door, operation: Operation) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        token = await door.authenticator.token_of(request)
        require(token, operation.scope)
        arguments = await _arguments(request, operation)
        await door.authenticator.identify(token, ask=operation.asks_who)
        context = replace(door.authenticator.context, source=Source.API)
        if operation.conditional and operation.method != "GET" and (versions := _if_match(request)) is not None:
            context = replace(context, precondition=unchanged_since(versions))
        call = Call(context, token.person, request.match_info)
        return _response(request, operation, await operation.run(call, arguments))

    return handle


async def _arguments(request: web.Request, operation: Operation) -> BaseModel:
    if operation.method == "GET":
        names = list(request.query)
        if len(names) != len(set(names)):
            raise Problem("invalid", "A parameter is given twice.")
        return _validated(operation, dict(request.query))
    body = await request.read()
    if not body:
        return _validated(operation, {})
    if request.content_type != "application/json":
        raise Problem("media-type", "Send the body as Content-Type: application/json.")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is no JSON.") from None
    if not isinstance(given, dict):
        raise Problem("invalid", "The body is a JSON object, such as " + json.dumps(dict(operation.example)))
    return _validated(operation, given)


def _validated(operation: Operation, given: dict[str, Any]) -> BaseModel:
    try:
        return operation.arguments.model_validate(given)
    except ValidationError as error:
        problems = [
            {"field": ".".join(map(str, each["loc"])), "message": each["msg"].removeprefix("Value error, ")}
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        told = "; ".join(f"{each['field']}: {each['message']}" for each in problems[:5])
        raise Problem("invalid", told, errors=problems[:50]) from None


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
        return of_refusal(refused).response()
    except StorageError as error:
        log.warning("api.not_recorded", error=str(error), path=request.path)
        return Problem("not-recorded", "Send it again.", {"Retry-After": "5"}).response()
    except web.HTTPException as error:
        return of_http(error).response()
