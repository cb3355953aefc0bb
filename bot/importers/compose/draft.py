"""Collects the entries that an import adds to the policy, and compares them with existing ones.

An entry of the policy with the key of an imported object is that object: it stays as it is. If it differs from the
source, the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.importers.account import Account, SourceObject
from bot.importers.keys import Keys
from bot.importers.merge_text import Addition
from bot.importers.report import Report
from bot.importers.yaml_text import plain


@dataclass(frozen=True, slots=True)
class Cover:
    """An override of the source, as a cover of a schedule of the policy."""

    schedule: str
    member: str
    starts_at: datetime
    ends_at: datetime
    layer: str = ""


@dataclass(slots=True)
class Draft:
    """The import as it is being planned."""

    account: Account
    policy: Mapping[str, Any]  # the values of the existing policy file
    now: datetime
    severities: tuple[str, ...] = ()  # of the policy, worst first
    hook_url: str = "https://TOCSIN"  # where senders reach the bot
    report: Report = field(default_factory=Report)
    additions: list[Addition] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)  # ID of the source → key of the policy
    teams: dict[str, str] = field(default_factory=dict)
    team_people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)  # ID of a rotation → name of its layer
    ladders: dict[str, str] = field(default_factory=dict)
    rungs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of each ladder that is added
    severity_of: dict[str, str] = field(default_factory=dict)  # priority of the source → severity of the policy
    sms: bool = False  # whether the bot can send SMS
    services: dict[str, str] = field(default_factory=dict)

    def existing(self, section: str) -> Mapping[str, Any]:
        """A section of the existing policy; empty if there is none."""
        value = self.policy.get(section)
        return value if isinstance(value, Mapping) else {}

    def keys(self, *sections: str) -> Keys:
        """The keys that entries of these sections use already."""
        return Keys({str(key) for section in sections for key in self.existing(section)})

    def origin(self, source_object: SourceObject) -> str:
        """The comment that names where an entry comes from."""
        name = f" · {source_object.origin.name}" if source_object.origin.name else ""
        return f"{self.account.source} {source_object.origin.kind.replace('_', ' ')} {source_object.origin.id}{name}"

    def add(self, section: str, key: str, value: Any, source_object: SourceObject, *, moved: bool = False) -> None:
        """Add an entry, unless the policy has one with its key. `moved`: a different one counts as moved."""
        if key not in self.existing(section):
            self.additions.append(Addition((section,), key, value, self.origin(source_object)))
        elif plain(value) != self.existing(section)[key]:
            source_object.note(
                f"The policy has its own {section}.{key}, which says something else: it is left as it is",
                f"Delete {section}.{key} from the policy and import again to have it as in the source, or keep it.",
                moved=moved,
            )
