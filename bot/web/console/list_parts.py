"""Cuts a long list of a page into parts, one of which is shown, so that no page grows with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from aiohttp import web

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPart(Generic[T]):
    """The rows of one part. `number` counts from 1; `links` lead to the others: what they are called, and the query."""

    rows: Sequence[T]
    total: int
    number: int
    count: int  # of parts
    links: Sequence[tuple[str, str]]


def list_part(request: web.Request, name: str, rows: Sequence[T], size: int) -> ListPart[T]:
    """The part of `rows` that the query's parameter `name` asks for; the first one for anything else."""
    count = max(1, -(-len(rows) // size))
    text = request.query.get(name, "")
    number = min(count, max(1, int(text))) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
    steps = [
        (word, neighbour)
        for word, neighbour in (("Before", number - 1), ("More", number + 1))
        if 1 <= neighbour <= count
    ]
    other_params = {key: value for key, value in request.query.items() if key not in {name, "done"}}
    links = [(word, "?" + urlencode({**other_params, name: neighbour})) for word, neighbour in steps]
    return ListPart(rows[(number - 1) * size : number * size], len(rows), number, count, links)
