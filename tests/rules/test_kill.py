"""The process is killed, really, at each commit of a rule's firing: nothing is lost and nothing is doubled."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

import sandbox
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from storage.open import open_database
from storage.schema import alert_groups, alert_occurrences, incidents
from tests.rules.prometheus import needs_prometheus
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import MANIFEST, policy_file
from tests.scenarios.test_kill import doubled_counts, incident_channels, settings, wait_until_quiet
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
alerts: {wait: 0s, routes: [{match: {source: rules}, do: declare}]}
severities:
  sev2: {update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: []}
rules:
  errors:
    severity: sev2
    every: 5s
    conditions: [{type: threshold, query: errors, op: gt, value: 5}]
"""

# A firing is three commits: it fires, its alert is received, it is marked as told.
EVERY = [Death("serialized", number, before) for number in (1, 2, 3) for before in (True, False)]
POINTS = EVERY if os.environ.get("TOCSIN_TORTURE") else [EVERY[1], EVERY[3]]


async def counts(url: str) -> tuple[int, int, int]:
    """How many occurrences of alerts, groups and incidents there are."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            tables = (alert_occurrences, alert_groups, incidents)
            found = [await conn.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]
            return int(found[0] or 0), int(found[1] or 0), int(found[2] or 0)
    finally:
        await database.close()


@needs_prometheus
@pytest.mark.parametrize("death", POINTS, ids=str)
async def test_a_firing_survives_being_killed_at_its_commits(sqlite_url: str, tmp_path: Path, death: Death) -> None:
    end = time.time()
    high = [(end + second, 9.0) for second in range(-60, 120, 15)]
    async with (
        temporary([SeriesToWrite({"__name__": "errors"}, high)]) as prometheus,
        sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0), ack_timeout_s=1.0) as ws,
    ):
        how = settings(ws, sqlite_url, policy_file(tmp_path, POLICY)) | {"prometheus_url": prometheus.display_url}
        bot = await processes.start(how, death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        assert await bot.ended(WITHIN_S), "it did not come to this commit"
        await bot.kill()
        again = await processes.start(how)
        ws.request_url = f"http://127.0.0.1:{again.port}/slack/events"
        try:
            async with asyncio.timeout(WITHIN_S):
                while await counts(sqlite_url) != (1, 1, 1):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(6)  # its next turn: it fires on, and that is no news
            await wait_until_quiet(ws, sqlite_url)
            assert await counts(sqlite_url) == (1, 1, 1)
            assert len(incident_channels(ws)) == 1
            assert doubled_counts(ws) == {}
        finally:
            await again.stop()
