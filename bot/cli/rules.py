"""Implements `tocsin rules`: lists, switches and tests the alerting rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bot import settings as settings_reader
from bot.cli import rule_tests
from bot.cli.operation_client import client_options, prints_json, run_in_group
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.rule_source import policy_in_force, resolve_rules
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.domain.rules.conditions import figure
from bot.domain.values.durations import exact, parse_duration
from bot.domain.values.one_line import one_line
from bot.integrations.prometheus import Prometheus
from bot.settings import Settings
from bot.usecases.rules.backtest import backtest
from bot.usecases.rules.rule_line import TRIED
from storage.database import Database


@click.group("rules", invoke_without_command=True)
@client_options
@click.pass_context
def rules_command(ctx: click.Context, /, **options: Any) -> None:
    """The alerting rules of the policy, with their states."""
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        rows = run_in_group(ctx, options, lambda client: client.run("list_rules", {}, {}))["rules"]
        print_json(rows) if options["as_json"] else _print(rows)


@rules_command.command("enable")
@click.argument("rule", metavar="ID")
@click.option("--reason", required=True, help="Why; kept with your name.")
@client_options
@click.pass_context
def enable_command(ctx: click.Context, /, rule: str, reason: str, **options: Any) -> None:
    """Evaluate the rule ID (again), whatever the policy says."""
    _switch(ctx, options, "enable_rule", rule, reason, f"{rule} is enabled.")


@rules_command.command("disable")
@click.argument("rule", metavar="ID")
@click.option("--reason", required=True, help="Why; kept with your name.")
@client_options
@click.pass_context
def disable_command(ctx: click.Context, /, rule: str, reason: str, **options: Any) -> None:
    """Evaluate the rule ID no more: what it fires resolves."""
    line = f"{rule} is disabled, until: tocsin rules enable {rule} --reason …"
    _switch(ctx, options, "disable_rule", rule, reason, line)


def _switch(ctx: click.Context, options: dict[str, Any], operation: str, rule: str, reason: str, line: str) -> None:
    """Run the operation with the options, which may stand before or after the subcommand; print the rule or `line`."""
    answer = run_in_group(ctx, options, lambda client: client.run(operation, {"rule": rule}, {"reason": reason}))
    print_json(answer) if prints_json(ctx, options) else echo(line)


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
        name = one_line(result["name"] if result["rule"] == TRIED else result["rule"])
        echo(
            f"{'The rule' if name == TRIED else name} would have fired {_times(result['fired'])} within {since}: "
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


async def _backtest(database: Database, settings: Settings, source: str, since: timedelta) -> list[dict[str, Any]]:
    """1. Find the rules. 2. Read the series that each needs. 3. Evaluate it. 4. Compare with the incidents."""
    address = settings.prometheus_address
    if address is None:
        raise TocsinError("PROMETHEUS_URL is not set, so there is no history to try the rule on.")
    policy, rules = resolve_rules(policy_in_force(settings.policy_path), source)
    prometheus = Prometheus(lambda: address)
    try:
        return [await backtest(database, prometheus.range, policy, rule, since) for rule in rules]
    finally:
        await prometheus.close()


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
