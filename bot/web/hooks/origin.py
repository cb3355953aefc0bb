"""Says how a sender proves who it is: by the token, or by a signature over the body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.web.hooks.token import accepted

Headers = Mapping[str, str]  # in any case
IN_WORDS = "Authorization: Bearer <TOCSIN_HOOK_TOKEN>, or the token as the password of basic authentication"


@dataclass(frozen=True, slots=True)
class Origin:
    """The proofs that an endpoint accepts: one is enough."""

    expected: str  # in words, for the one who is refused
    by_header: Callable[[Headers], bool]
    by_body: Callable[[Headers, bytes], Awaitable[bool]] | None = None


def token(tokens: Callable[[], str]) -> Origin:
    """The token alone."""
    return Origin(IN_WORDS, lambda headers: accepted(headers.get("Authorization", ""), tokens()))
