"""Defines the webhooks of the policy: addresses of programs, each with the events of incidents that it gets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """An address that gets events."""

    url: str = field(repr=False)  # the URL of many receivers contains a secret
    secret: str = field(repr=False)
    events: tuple[str, ...] = ()  # such as `incident.declared`; empty: all
    severities: tuple[str, ...] = ()  # keys; empty: all
    private: bool = False  # whether it is told of private incidents

    @property
    def id(self) -> str:
        """The webhook's name in the outbox, which stays when its secret changes."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]

    def wants(self, event: str, severity: str, *, private: bool) -> bool:
        """Whether it is told of an event."""
        if private and not self.private:
            return False
        return (not self.events or event in self.events) and (not self.severities or severity in self.severities)
