"""Defines the protocol of a wiki (a client of Confluence or Notion).

Every method makes requests without redirects and raises `bot.domain.errors.DeliveryError`, which names no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.domain.review.export import Texts, WikiKind, WikiSection


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A page as the wiki has it."""

    external: str  # its ID
    url: str
    texts: Texts  # the lines below each heading
    raw: dict[str, Any] = field(default_factory=dict)  # what `replace` needs


class Wiki(Protocol):
    """A client of one wiki."""

    kind: WikiKind

    async def find(self, title: str) -> WikiPage | None:
        """The page of this title at the place of the settings; None if there is none."""
        ...

    async def create(self, title: str, sections: Sequence[WikiSection]) -> WikiPage:
        """Create the page."""
        ...

    async def read(self, external: str) -> WikiPage | None:
        """The page with this ID; None where it was deleted."""
        ...

    async def replace(self, page: WikiPage, sections: Sequence[WikiSection]) -> None:
        """Give these sections their new lines, and change nothing else. Uncertain where somebody writes meanwhile."""
        ...
