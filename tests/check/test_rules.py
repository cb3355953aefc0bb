"""Findings of `tocsin check` about alerting rules and probes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import policy
from bot.check import rules
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from bot.settings import Settings
from storage.open import open_database
from storage.rules import switches
from storage.rules.switches import Switch
from tests.rules.prometheus import free_port, needs_prometheus

RULES = """
rules:
  errors: {severity: sev1, conditions: [{type: threshold, query: errors, op: gt, value: 5}]}
  wrong: {severity: sev1, conditions: [{type: absence, query: 'no_such_function(errors)'}]}
"""


async def finding_lines(folder: Path, url: str, text: str, **how: Any) -> list[str]:
    path = folder / "policy.yml"
    path.write_text(text, encoding="utf-8")
    settings = Settings(_env_file=None, database_url=url, tocsin_policy=path, **how)
    return [finding.line() for finding in await rules.check(settings, policy.load(path))]


async def test_rules_without_a_prometheus_are_a_problem(tmp_path: Path, sqlite_url: str) -> None:
    assert await finding_lines(tmp_path, sqlite_url, RULES) == [
        "✗ rules: PROMETHEUS_URL is not set, so none of the 2 rules can be evaluated. Set it."
    ]


async def test_a_prometheus_that_does_not_answer_is_a_problem(tmp_path: Path, sqlite_url: str) -> None:
    (line,) = await finding_lines(tmp_path, sqlite_url, RULES, prometheus_url=f"http://me:word@127.0.0.1:{free_port()}")
    assert line.startswith("✗ rules: http://127.0.0.1:")
    assert "word" not in line


@needs_prometheus
async def test_each_query_is_tried_and_rules_that_are_off_are_named(tmp_path: Path, sqlite_url: str) -> None:
    async with temporary([SeriesToWrite({"__name__": "errors"}, [(time.time(), 1.0)])]) as prometheus:
        (line,) = await finding_lines(tmp_path, sqlite_url, RULES, prometheus_url=prometheus.display_url)
        assert line.startswith("✗ rules: wrong cannot be evaluated: Prometheus refuses the query: ")
        assert line.endswith("Correct its query: no_such_function(errors)")
        database = await open_database(sqlite_url)
        async with database.transaction() as conn:
            at = datetime(2026, 3, 2, tzinfo=UTC)
            await switches.add(conn, Switch("wrong", enabled=False, reason="it is wrong", actor="maya", at=at))
        await database.close()
        assert await finding_lines(tmp_path, sqlite_url, RULES, prometheus_url=prometheus.display_url) == [
            f"✓ rules: 1 are evaluated on {prometheus.display_url}",
            "⚠ rules: wrong is off since 2026-03-02 by maya: it is wrong",
        ]


async def test_a_probe_of_a_private_address_has_to_be_allowed(tmp_path: Path, sqlite_url: str) -> None:
    probe = "probes: {shop: {url: 'http://127.0.0.1:1/'"
    assert await finding_lines(tmp_path, sqlite_url, f"{probe}}}}}") == [
        "✗ probes: shop: 127.0.0.1 resolves to 127.0.0.1, which is not in the public internet. No request was sent. "
        "Add its network to probes.shop.addresses."
    ]
    assert await finding_lines(tmp_path, sqlite_url, f"{probe}, addresses: [127.0.0.0/8]}}}}") == [
        "✓ probes: 1 may be asked"
    ]


async def test_a_policy_without_rules_and_probes_is_not_spoken_of(tmp_path: Path, sqlite_url: str) -> None:
    assert await finding_lines(tmp_path, sqlite_url, "preset: sev1-5") == []
