"""Incidents for domain tests, declared at noon under the small policy."""

from __future__ import annotations

from bot.domain.incident import Incident, NewIncident, declare
from tests.domain.policies import NOON, POLICY


def declared(severity: str = "fatal", title: str = "Checkout is down") -> Incident:
    return declare(1, NewIncident(title, severity, "UREPORTER"), POLICY, NOON).incident
