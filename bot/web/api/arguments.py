"""Reads the arguments of an operation from the query or the JSON body of a request."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.operations.base import Operation
from bot.web.api.problems import Problem

MOST_PROBLEMS = 50


async def read_arguments(request: web.Request, operation: Operation) -> BaseModel:
    """The arguments. Raises `Problem` where they are malformed or not valid."""
    if operation.method == "GET":
        names = list(request.query)
        if len(names) != len(set(names)):
            raise Problem("invalid", "A parameter is given twice.")
        return _validate(operation, dict(request.query), strings=True)
    body = await request.read()
    if not body:
        return _validate(operation, {})
    if request.content_type != "application/json":
        raise Problem("media-type", "Send the body as Content-Type: application/json.")
    try:
        content = json.loads(body, parse_float=_parse_number)
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is no JSON.") from None
    if not isinstance(content, dict):
        raise Problem("invalid", f"The body is a JSON object, such as {json.dumps(dict(operation.example))}.")
    return _validate(operation, content)


def _parse_number(text: str) -> float:
    """A number, which is an integer if it has no fraction: for JSON 1.0 and 1 are the same."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _validate(operation: Operation, values: dict[str, Any], *, strings: bool = False) -> BaseModel:
    """The arguments. A query has texts only; of JSON, a text is no number and no boolean."""
    try:
        if strings:
            return operation.arguments.model_validate_strings(values)
        return operation.arguments.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        problems = [
            {"field": ".".join(map(str, entry["loc"])), "message": entry["msg"].removeprefix("Value error, ")}
            for entry in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        message = "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems[:5])
        raise Problem("invalid", message, errors=problems[:MOST_PROBLEMS]) from None
