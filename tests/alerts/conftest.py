"""A bot that takes alerts, and the ways to send them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alerts.sending import TOKEN
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
services:
  checkout: {name: Checkout, depends_on: [database]}
  database: {name: Database}
alerts:
  group_by: [alertname, service]
  wait: 1s
  severity: {map: {critical: sev1, warning: sev3}, otherwise: sev4}
  routes:
    - {match: {env: "/staging|dev/"}, do: record}
    - {match: {severity: critical}, do: declare}
    - {match: {team: payments}, do: ask}
"""


@pytest.fixture
def policy_text() -> str:
    return POLICY


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path, policy_text: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, policy_text), tocsin_hook_token=TOKEN) as running:
        yield running
