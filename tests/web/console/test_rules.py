"""The pages about alerting rules: their switches, and backtests on a real Prometheus."""

from __future__ import annotations

import time
from pathlib import Path

from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from storage.rules import switches
from tests.api.calls import MAYA
from tests.rules.prometheus import needs_prometheus
from tests.scenarios.running import policy_file, running_world
from tests.web.console.browser import browser

POLICY = """
preset: sev1-5
services: {checkout: {name: Checkout}}
rules:
  errors:
    name: Checkout fails
    severity: sev1
    every: 1m
    conditions: [{type: threshold, query: 'errors{job="checkout"}', op: gt, value: 5}]
    for: 2m
    keep_firing: 2m
"""
RULE = "/alerts/rules/errors"


async def test_a_rule_is_switched_off_by_administrators_alone_with_a_reason_that_is_kept(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        async with browser(world, scopes="admin") as maya, browser(world, "U0TOM00000") as tom:
            page = await maya.get(RULE)
            assert "errors{job=&#34;checkout&#34;} &gt; 5" in page.text
            empty = await maya.send(page, f"{RULE}/disable", reason=" ")
            assert empty.status == 422
            assert "Fill in “Why?”" in empty.text
            assert (await maya.send(page, f"{RULE}/disable", reason="Noisy")).status == 303
            listed = await maya.get("/alerts/rules")
            assert ">off</span>" in listed.text
            assert "Noisy" in listed.text
            assert (await maya.send(await maya.get(RULE), f"{RULE}/enable", reason="Calm")).status == 303
            assert "Administrators switch rules" in (await tom.get(RULE)).text
            assert (await tom.act(f"{RULE}/disable", {"reason": "x"})).status == 403
            assert (await tom.act("/alerts/rules", {"line": "up == 0", "since": "1d"})).status == 403
            assert (await maya.act("/alerts/rules/none/disable", {"reason": "x"})).status == 404
            assert (await maya.act(f"{RULE}/backtest", {"since": "1d"})).status == 409, "no Prometheus"
        async with world.tocsin.database.reading() as conn:
            switch = (await switches.newest(conn))["errors"]
        assert (switch.enabled, switch.reason, switch.actor) == (True, "Calm", MAYA)


@needs_prometheus
async def test_a_backtest_shows_when_a_rule_would_have_fired(sqlite_url: str, tmp_path: Path) -> None:
    """An outage of ten minutes, two hours ago."""
    end = time.time() // 60 * 60
    samples = [(end - ago * 60, 9.0 if 120 <= ago < 130 else 0.0) for ago in range(240, -1, -1)]
    async with (
        temporary([SeriesToWrite({"__name__": "errors", "job": "checkout"}, samples)]) as prometheus,
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), prometheus_url=prometheus.display_url) as world,
        browser(world, scopes="admin") as maya,
        browser(world, "U0TOM00000", "read") as reader,
    ):
        page = await maya.get(RULE)
        tried = await maya.send(page, f"{RULE}/backtest", since="1d")
        assert tried.status == 200
        assert "It would have fired once in 1 d" in tried.text
        assert "0 matched an incident, 1 did not" in tried.text
        listed = await maya.get("/alerts/rules")
        line = await maya.send(listed, "/alerts/rules", line="errors > 100 for 2m", since="1d")
        assert "It would have fired 0 times in 1 d" in line.text
        wrong = await maya.send(listed, "/alerts/rules", line="/etc/passwd", since="1d")
        assert wrong.status == 422
        assert "root:" not in wrong.text, "a line names no file"
        assert (await reader.act(f"{RULE}/backtest", {"since": "1d"})).status == 403
