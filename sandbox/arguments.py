"""Parses the arguments of a Web API call, which the bot sends to the sandbox, as strictly as Slack does.

Arguments come from the query, a form, JSON or a multipart body; then their types and lengths are checked.
"""

import contextlib
import json
from typing import Any

from aiohttp import web

from sandbox.errors import SlackError, invalid_arguments
from sandbox.model import Json

TRUE, FALSE = {"true", "1", "yes", "True"}, {"false", "0", "no", "False", ""}
BAD_JSON = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}


async def read(request: web.Request, *, json_input: bool) -> Json:
    """Return the raw arguments of query and body. Raises `SlackError`.

    A JSON body is ignored if the method takes none.
    """
    args: Json = dict(request.query)
    if request.method != "POST" or not request.can_read_body:
        return args
    if request.content_type == "application/json":
        body = await request.read()
        try:
            decoded = json.loads(body) if body.strip() else {}
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(decoded, dict):
            raise SlackError("json_not_object")
        return args | decoded if json_input else args
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = await request.post()
        return args | {key: value for key, value in form.items() if isinstance(value, str)}
    if await request.read():
        raise SlackError("invalid_post_type")
    return args


def decode(args: Json, spec: dict[str, str], required: tuple[str, ...]) -> Json:
    """Convert arguments to the types of `spec`: `s` string, `b` boolean, `i` integer, `j` JSON, `l` list.

    `s256` limits the length. Arguments that the method does not know are dropped, as by Slack. Raises Slack's
    `invalid_arguments`, or the specific error for broken JSON in `blocks`, `attachments` and `metadata`.
    """
    out: Json = {}
    problems: list[str] = [f"missing required field: {name}" for name in required if args.get(name) is None]
    for name, kind in spec.items():
        value = args.get(name)
        if value is None or (value == "" and kind[0] in "bijn"):
            continue
        try:
            out[name] = _convert(name, value, kind)
        except TypeError as problem:
            problems.append(f"{problem} [json-pointer:/{name}]")
    if problems:
        raise invalid_arguments(*problems)
    return out


def _convert(name: str, value: Any, kind: str) -> Any:
    match kind[0]:
        case "s":
            return _string(value, int(kind[1:] or 0))
        case "b":
            return _boolean(value)
        case "i":
            return _integer(value)
        case "l":
            return _list(value)
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            error = BAD_JSON.get(name)
            raise (SlackError(error) if error else TypeError("must be valid JSON")) from None
    return value


def _string(value: Any, longest: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("must be a string")
    text = str(value)
    if longest and len(text) > longest:
        raise TypeError(f"must be less than {longest + 1} characters")
    return text


def _boolean(value: Any) -> bool:
    if isinstance(value, bool | int):
        return bool(value)
    if str(value) in TRUE:
        return True
    if str(value) in FALSE:
        return False
    raise TypeError("must be a boolean")


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("must be an integer")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise TypeError("must be an integer") from None


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        if value.startswith("["):
            try:
                decoded = json.loads(value)
            except ValueError:
                raise TypeError("must be a list") from None
            return decoded if isinstance(decoded, list) else [decoded]
        return [part.strip() for part in value.split(",") if part.strip()]
    raise TypeError("must be a list")


def for_transcript(args: Json) -> Json:
    """Return the arguments for the transcript: without the token, and with JSON strings decoded."""
    out: Json = {}
    for name, value in args.items():
        if name == "token" or value is None:
            continue
        out[name] = value
        if isinstance(value, str) and value[:1] in "[{" and name in {
            "blocks", "attachments", "view", "metadata", "files", "document_content", "changes"
        }:  # fmt: skip
            with contextlib.suppress(ValueError):
                out[name] = json.loads(value)
    return out
