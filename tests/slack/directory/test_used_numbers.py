from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.slack.directory.used_numbers import MOST_SKIPPED, number_of, skip_used
from bot.slack.inbound.event_parser import BotIdentity
from storage import incidents
from storage.database import Database

BOT = BotIdentity("UBOT", "BBOT", "T1")
TEMPLATE = "inc-{number}-{slug}"


def _channel(name: str, purpose: str = "", creator: str = "UBOT", by: str = "UBOT") -> dict[str, Any]:
    return {"name": name, "creator": creator, "purpose": {"value": purpose, "creator": by}}


@pytest.mark.parametrize(
    ("channel", "template", "number"),
    [
        (_channel("inc-7-checkout-is-down"), TEMPLATE, 7),
        (_channel("inc-7"), TEMPLATE, 7),
        (_channel("drill-inc-7-checkout-2"), TEMPLATE, 7),
        (_channel("sev1-2026-11-30-7-x"), "{severity}-{date}-{number}-{slug}", 7),
        (_channel("renamed", "INC-7 · Checkout is down. Everything written here is recorded."), TEMPLATE, 7),
        (_channel("inc-99-renamed", "[DRILL] INC-7 · INC-99 · x"), TEMPLATE, 7),
        (_channel("inc-7-x", "INC-99 · by somebody", by="U1"), TEMPLATE, 7),
        (_channel("inc-7-x", "INC-7 · x", creator="U1"), TEMPLATE, None),
        (_channel("general"), TEMPLATE, None),
        (_channel("inc-12345678901-x"), TEMPLATE, None),
    ],
)
def test_a_channel_of_the_bot_tells_its_number_by_our_purpose_else_by_its_name(
    channel: dict[str, Any], template: str, number: int | None
) -> None:
    assert number_of(channel, "UBOT", template) == number


async def _listed(*names: str) -> AsyncIterator[dict[str, Any]]:
    for name in names:
        yield _channel(name)


async def test_the_counter_moves_past_the_highest_number_and_never_back(database: Database) -> None:
    assert await skip_used(database, _listed("inc-7-x", "inc-12-y"), BOT, TEMPLATE) == 12
    assert await skip_used(database, _listed("inc-7-x", "inc-12-y"), BOT, TEMPLATE) is None
    assert await skip_used(database, _listed("inc-3-x"), BOT, TEMPLATE) is None
    async with database.transaction() as conn:
        assert await incidents.next_number(conn) == 13


async def test_a_misleading_name_does_not_use_up_the_numbers(database: Database) -> None:
    assert await skip_used(database, _listed(f"inc-{MOST_SKIPPED + 1}-x", "inc-2-x"), BOT, TEMPLATE) == 2
