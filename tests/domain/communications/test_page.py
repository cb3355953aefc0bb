"""What the status page proposes of an incident."""

from __future__ import annotations

import pytest

from bot.domain import incident as verbs
from bot.domain.communications.page import public_status
from bot.domain.incident.status import Status
from bot.domain.statuspage.publication import PublicStatus
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON, POLICY


@pytest.mark.parametrize(
    ("status", "public"),
    [
        (Status.ACKNOWLEDGED, PublicStatus.INVESTIGATING),
        (Status.INVESTIGATING, PublicStatus.INVESTIGATING),
        (Status.IDENTIFIED, PublicStatus.IDENTIFIED),
        (Status.MITIGATING, PublicStatus.IDENTIFIED),
        (Status.MONITORING, PublicStatus.MONITORING),
        (Status.RESOLVED, PublicStatus.RESOLVED),
        (Status.CLOSED, PublicStatus.RESOLVED),
    ],
)
def test_the_public_status_follows_that_of_the_incident(status: Status, public: PublicStatus) -> None:
    assert public_status(new_incident()) is PublicStatus.INVESTIGATING
    assert public_status(verbs.move(new_incident(), status, "UA", POLICY, NOON, "so it is").incident) is public
