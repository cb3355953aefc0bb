"""Defines a change of a service: a deployment, a flag, a migration, or a setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """The kind of a change. The values are persisted, and those of the JSON contract."""

    DEPLOYMENT = "deployment"
    FLAG = "flag"
    MIGRATION = "migration"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """One change, as a pipeline or a script tells it. `at` is aware and in UTC."""

    key: str  # the same when it is told again
    kind: ChangeKind
    title: str
    at: datetime
    service: str = ""  # a key of the policy where the name is in the catalog, else the name as told
    author: str = ""
    ref: str = ""  # a commit, a version, the name of a flag
    url: str | None = None  # http(s) only
    description: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)  # fields that have no meaning here
