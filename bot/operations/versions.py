"""Computes the version of an incident, so that a client notices concurrent changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.json_shapes.incidents import incident_json


class OutdatedVersion(Refused):
    """The incident has changed since the client read it."""


def version_of(incident: Incident) -> str:
    """A hash over the incident's JSON, so that it changes with everything that a client can see."""
    body = json.dumps(incident_json(incident), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def unchanged_since(versions: frozenset[str]) -> Callable[[Incident], None]:
    """A precondition that raises `OutdatedVersion` unless the incident has one of these versions."""

    def check(incident: Incident) -> None:
        if version_of(incident) not in versions:
            raise OutdatedVersion(
                f"{incident.id} has changed since you read it. Read it again, and send the request with its new ETag."
            )

    return check
