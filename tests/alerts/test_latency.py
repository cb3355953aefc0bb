"""How long an alert takes to become an incident with a pinned card: measured by `TOCSIN_TORTURE=1` only."""

from __future__ import annotations

import os
import time

import pytest

from tests.alerts.sending import alert, send, webhook
from tests.scenarios.running import World

WAIT_S, BEYOND_S = 1.0, 2.0


@pytest.mark.skipif(not os.environ.get("TOCSIN_TORTURE"), reason="a figure, measured by `make torture`")
async def test_an_alert_is_an_incident_with_a_pinned_card_two_seconds_after_it_has_gathered(world: World) -> None:
    started = time.perf_counter()
    await send(world, webhook(alert(severity="critical")))
    await world.ws.until(lambda: world._pinned(1))
    taken = time.perf_counter() - started
    print(f"alert received → card pinned: {taken:.2f} s, of which {WAIT_S:.0f} s is `wait`")
    assert taken <= WAIT_S + BEYOND_S
