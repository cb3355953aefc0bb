"""The page that the tests send, with the fields that a test changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.paging.people import Person
from bot.integrations.protocol import Action, Page

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANNA = Person("anna", "Anna Weber", slack="U0ANNA0000", email="anna@example.com", phone="+4915112345678")


def page(**differs: Any) -> Page:
    return replace(
        Page(
            incident="INC-42",
            action=Action.TRIGGER,
            dedup_key="tocsin-INC-42-0123456789abcdef",
            key="4f2a91c0b7d84e0a9b3c5d6e7f809182",
            person=ANNA,
            title="Checkout is down",
            severity="sev1",
            severe=0,
            status="detected",
            why="5m without being acknowledged",
            link="https://acme.slack.com/archives/C0INC42",
            rung=1,
            times=1,
            declared_at=NOON,
            paged_at=NOON,
            bridge="https://meet.example.org/INC-42",
        ),
        **differs,
    )


def private(**differs: Any) -> Page:
    """As `bot.senders.pages` makes them: only the ID."""
    return page(title=None, severity=None, severe=None, status=None, why=None, link=None, bridge=None, **differs)
