"""Implements `tocsin rules`: lists, switches and tests the alerting rules."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bot import settings as settings_reader
from bot.cli import rule_tests
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.rule_source import policy_in_force, rules_named
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules.conditions import figure
from bot.domain.rules.life import RuleState, State
from bot.domain.values.durations import exact, parse_duration
from bot.domain.values.one_line import one_line
from bot.integrations.prometheus import Prometheus
from bot.settings import Settings
from bot.usecases.open_clock import open_clock
from bot.usecases.rules.backtest import backtest
from bot.usecases.rules.switch import switch_rule
from storage.database import Database
from storage.rules import switches
from storage.rules.states import RULES
from storage.rules.switches import Switch

NOTED_WITHIN = timedelta(minutes=1)  # an evaluation is stored within this time


@click.group("rules", invoke_without_command=True)
@as_json_option
@click.pass_context
def rules_command(ctx: click.Context, as_json: bool) -> None:
    """The alerting rules of the policy, with their states."""
    if ctx.invoked_subcommand is None:
        rows = run(_listed)
        if as_json:
            print_json(rows)
        else:
            _print(rows)


@rules_command.command("enable")
@click.argument("rule", metavar="ID")
@click.option("--reason", required=True, help="Why; kept with your name.")
def enable_command(rule: str, reason: str) -> None:
    """Evaluate the rule ID (again), whatever the policy says."""
    run(lambda database, settings: _switch(database, settings, rule, reason, enabled=True))
    echo(f"{rule} is enabled.")


@rules_command.command("disable")
@click.argument("rule", metavar="ID")
@click.option("--reason", required=True, help="Why; kept with your name.")
def disable_command(rule: str, reason: str) -> None:
    """Evaluate the rule ID no more: what it fires resolves."""
    run(lambda database, settings: _switch(database, settings, rule, reason, enabled=False))
    echo(f"{rule} is disabled, until: tocsin rules enable {rule} --reason …")


@rules_command.command("test")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@as_json_option
@click.pass_context
def test_command(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Run unit tests of rules in promtool's format; the exit code is 1 if one fails."""
    path = settings_reader.load().policy_path
    outcomes = [(file, outcome) for file in files for outcome in asyncio.run(rule_tests.run_file(file, path))]
    if as_json:
        print_json(
            [
                {"file": str(file), "name": outcome.name, "failures": list(outcome.failures)}
                for file, outcome in outcomes
            ]
        )
    else:
        for file, outcome in outcomes:
            echo(f"{'✗' if outcome.failures else '✓'} {file}: {outcome.name}")
            for failure in outcome.failures:
                echo(f"    {failure}")
    if any(outcome.failures for _, outcome in outcomes):
        ctx.exit(1)


@rules_command.command("backtest")
@click.argument("source", metavar="ID|FILE|RULE")
@click.option("--since", default="30d", help="How far back, such as 30d.")
@as_json_option
def backtest_command(source: str, since: str, as_json: bool) -> None:
    """When a rule would have fired: by its ID, in a file, or in one line such as 'up == 0 for 5m'."""
    results = run(lambda database, settings: _backtest(database, settings, source, parse_duration(since)))
    if as_json:
        print_json(results if len(results) != 1 else results[0])
        return
    for result in results:
        matched = result["matched"]
        echo(
            f"{result['rule']} would have fired {_times(result['fired'])} within {since}: "
            f"{matched} matched an incident, {result['false']} did not."
        )
        for firing in result["firings"]:
            over = f"for {exact(timedelta(seconds=firing['for_s']))}" if firing["resolved_at"] else "until now"
            echo(f"  {firing['fired_at']}  {over:<14} {firing['incident'] or 'no incident':<12} {firing['words']}")


def _print(rules: Sequence[dict[str, Any]]) -> None:
    for rule in rules:
        state = rule["state"] if rule["enabled"] else "disabled"
        value = "" if rule["value"] is None else figure(rule["value"])
        echo(f"{state:<9} {rule['severity']:<8} {rule['id']:<36} {value:<12} {one_line(rule['name'])}")
        if rule["problem"]:
            echo(f"{'':<19}{rule['problem']}")
        if rule["switched"]:
            switched = rule["switched"]
            word = "enabled" if switched["enabled"] else "disabled"
            echo(f"{'':<19}{word} by {switched['by']}: {switched['reason']}")
    if not rules:
        echo("The policy has no rules. See docs/rules.md, or begin with: rules: {preset: llm-platform}")


async def _listed(database: Database, settings: Settings) -> list[dict[str, Any]]:
    policy = policy_in_force(settings.policy_path).policy
    async with database.reading() as conn:
        states, newest = await RULES.all(conn), await switches.newest(conn)
    now = (await open_clock(database, settings.tocsin_speed)).now()
    return [_json(rule, states.get(key, RuleState(key)), newest.get(key), now) for key, rule in policy.rules.items()]


def _not_evaluated(rule: AlertingRule, state: RuleState, now: datetime) -> str | None:
    """Why the state of the rule is out of date; None if it is current."""
    if state.evaluated_at is None:
        return "it was not evaluated yet; is Tocsin running?"
    if now - state.evaluated_at > 3 * rule.every + NOTED_WITHIN:
        return f"it was not evaluated since {state.evaluated_at:%Y-%m-%d %H:%M} UTC; is Tocsin running?"
    return None


def _json(rule: AlertingRule, state: RuleState, switch: Switch | None, now: datetime) -> dict[str, Any]:
    """A rule in the JSON contract. One that is enabled and not evaluated is unknown."""
    enabled = switch.enabled if switch is not None else rule.enabled
    outdated = _not_evaluated(rule, state, now) if enabled else None
    return {
        "id": rule.id,
        "name": rule.name,
        "description": rule.description,
        "severity": rule.severity,
        "category": rule.category,
        "enabled": enabled,
        "state": str(state.state if outdated is None else State.UNKNOWN),
        "value": state.value,
        "since": state.since.isoformat() if state.since else None,
        "evaluated_at": state.evaluated_at.isoformat() if state.evaluated_at else None,
        "problem": outdated or state.problem,
        "labels": dict(rule.labels),
        "tags": list(rule.tags),
        "runbook": rule.runbook,
        "firing": [dict(instance.labels) for instance in state.instances if instance.firing],
        "switched": None
        if switch is None
        else {
            "enabled": switch.enabled,
            "reason": switch.reason,
            "by": switch.actor,
            "at": switch.at.isoformat(),
        },
    }


async def _switch(database: Database, settings: Settings, rule: str, reason: str, *, enabled: bool) -> None:
    policy = policy_in_force(settings.policy_path).policy
    now = (await open_clock(database, settings.tocsin_speed)).now()
    await switch_rule(database, policy, rule, reason, getpass.getuser(), now, enabled=enabled)


async def _backtest(database: Database, settings: Settings, source: str, since: timedelta) -> list[dict[str, Any]]:
    """1. Find the rules. 2. Read the series that each needs. 3. Evaluate it. 4. Compare with the incidents."""
    address = settings.prometheus_address
    if address is None:
        raise TocsinError("PROMETHEUS_URL is not set, so there is no history to try the rule on.")
    policy, rules = rules_named(policy_in_force(settings.policy_path), source)
    prometheus = Prometheus(lambda: address)
    try:
        return [await backtest(database, prometheus.range, policy, rule, since) for rule in rules]
    finally:
        await prometheus.close()


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
