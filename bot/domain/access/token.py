"""Defines API tokens: secrets with which a program acts as a person, until they expire or are revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.values.slack_ids import is_user_id

PREFIX = "tcs_"
MAX_NAME = 80
EXAMPLE = "tocsin token create --name ci --as U0123 --scopes write"


class Scope(StrEnum):
    """The most that a token may do; the rights of its person limit it further. The values are persisted."""

    READ = "read"  # see
    WRITE = "write"  # also do what its person may
    ADMIN = "admin"  # also the policy, tokens and subscribers


_RANK = {Scope.READ: 0, Scope.WRITE: 1, Scope.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored: without the secret, of which only a hash is kept."""

    id: int
    name: str
    person: str  # Slack ID of the person it acts as, or `API` for the bootstrap token
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None  # None: never
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, scope: Scope) -> bool:
        """Whether the token has this scope, or a wider one."""
        return any(_RANK[has] >= _RANK[scope] for has in self.scopes)

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be used: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret() -> str:
    """A random secret of 256 bits."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """The hash that is stored. A secret of 256 bits needs neither salt nor stretching."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def scopes_of(names: Iterable[str]) -> tuple[Scope, ...]:
    """Parse the names of scopes. Raises `Refused` for an unknown one, and for none."""
    scope_names = tuple(dict.fromkeys(name.strip().lower() for name in names if name.strip()))
    unknown = [name for name in scope_names if name not in set(Scope)]
    if unknown or not scope_names:
        problem = f"There is no scope “{unknown[0][:20]}”. " if unknown else ""
        raise Refused(f"{problem}Scopes are read, write and admin. Example: {EXAMPLE}")
    return tuple(Scope(name) for name in scope_names)


def check_name(name: str) -> str:
    """The name without space around it. Raises `Refused` for an empty one, a long one, and a number."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable() or name.isdecimal():
        raise Refused(f"A token's name has 1 to {MAX_NAME} characters and is not a number. Example: {EXAMPLE}")
    return name


def check_person(person: str) -> str:
    """The Slack ID. Raises `Refused` for anything else."""
    if not is_user_id(person):
        raise Refused(f"“{person[:40]}” is not the ID of a member, such as U0123. Example: {EXAMPLE}")
    return person
