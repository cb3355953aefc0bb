"""Checks the alerting rules and probes: Prometheus answers and accepts each query; lists the rules that are off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from yarl import URL

from bot.check.finding import Finding, fail, ok, warn
from bot.domain.errors import Refused, TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.domain.policy.probe_rules import Probe
from bot.domain.rules.conditions import needs_of
from bot.integrations.prometheus import Prometheus, PrometheusError
from bot.settings import Settings
from playbooks.runners.http import resolve_checked
from storage.open import open_database
from storage.rules import switches
from storage.rules.switches import Switch

MOST_QUERIES = 200  # to try
RESOLVED_WITHIN_S = 5.0


async def check(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Check the rules and probes. Empty if the policy has none."""
    if policy is None:
        return []
    findings = await _rules(settings, policy) if policy.rules else []
    return [*findings, *await _probes(list(policy.probes.values()))]


async def _rules(settings: Settings, policy: Policy) -> list[Finding]:
    switched = await _read_switches(settings)
    findings = [
        warn("rules", f"{key} is off since {switch.at:%Y-%m-%d} by {switch.actor}: {switch.reason}")
        for key, switch in switched.items()
        if key in policy.rules and not switch.enabled
    ]
    enabled = [rule for key, rule in policy.rules.items() if _is_enabled(rule, switched.get(key))]
    address = settings.prometheus_address
    if address is None:
        message = f"PROMETHEUS_URL is not set, so none of the {len(enabled)} rules can be evaluated. Set it."
        return [*findings, fail("rules", message)]
    prometheus = Prometheus(lambda: address)
    try:
        refused = await _refused_queries(prometheus, enabled)
    except PrometheusError as error:
        return [*findings, fail("rules", f"{error}. Correct PROMETHEUS_URL, or start Prometheus.")]
    finally:
        await prometheus.close()
    if not refused:
        findings.insert(0, ok("rules", f"{len(enabled)} are evaluated on {address.display_url}"))
    return [*findings, *(fail("rules", message) for message in refused)]


def _is_enabled(rule: AlertingRule, switch: Switch | None) -> bool:
    return rule.enabled if switch is None else switch.enabled


async def _read_switches(settings: Settings) -> dict[str, Switch]:
    """The newest switch of each rule. Empty if the database cannot be read, which its own check reports."""
    try:
        database = await open_database(settings.url, migrate=False)
    except TocsinError:
        return {}
    try:
        async with database.reading() as conn:
            return await switches.newest(conn)
    except Exception:  # noqa: BLE001 - an earlier schema has no such table; the check of the database says so
        return {}
    finally:
        await database.close()


async def _refused_queries(prometheus: Prometheus, rules: Sequence[AlertingRule]) -> list[str]:
    """One sentence for each query that Prometheus refuses. Raises `PrometheusError` if it does not answer."""
    now = time.time()
    queries = {need.query: rule for rule in rules for need in needs_of(rule)}
    refused = []
    for query, rule in list(queries.items())[:MOST_QUERIES]:
        try:
            await prometheus.range(query, now, now, 1.0)
        except PrometheusError as error:
            if error.unreachable:
                raise
            refused.append(f"{rule.id} cannot be evaluated: {error}. Correct its query: {query[:200]}")
    return refused


async def _probes(probes: Sequence[Probe]) -> list[Finding]:
    findings = await asyncio.gather(*(_probe(probe) for probe in probes))
    problems = [finding for finding in findings if finding is not None]
    if probes and not problems:
        return [ok("probes", f"{len(probes)} may be asked")]
    return problems


async def _probe(probe: Probe) -> Finding | None:
    url = URL(probe.url)
    try:
        async with asyncio.timeout(RESOLVED_WITHIN_S):
            await resolve_checked(url.raw_host or "", url.port or 0, probe.addresses)
    except Refused as refused:
        hint = "" if "does not resolve" in refused.message else f" Add its network to probes.{probe.id}.addresses."
        return fail("probes", f"{probe.id}: {refused.message}{hint}")
    except TimeoutError:
        return warn("probes", f"{probe.id}: {url.host} was not resolved within {RESOLVED_WITHIN_S:g} s.")
    return None
