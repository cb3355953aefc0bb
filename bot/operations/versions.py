"""Computes an incident's version, by which a client notices that somebody else changed it in between."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.json_shapes.incidents import incident_json


class Outdated(Refused):
    """The incident has changed since the client read it."""


def version_of(incident: Incident) -> str:
    """A hash over the incident's JSON: it changes with anything that a client can see in it."""
    body = json.dumps(incident_json(incident), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def unchanged_since(versions: frozenset[str]) -> Callable[[Incident], None]:
    """A precondition that raises `Outdated` unless the incident has one of these versions."""

    def check(incident: Incident) -> None:
        if version_of(incident) not in versions:
            raise Outdated(
                f"{incident.id} has changed since you read it. Read it again, and send the request with its new ETag."
            )

    return check
