"""Prints groups of alerts page by page, so that a long list never is in memory as a whole."""

from __future__ import annotations

import json
import textwrap
from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from bot.cli.operation_client import OperationClient
from bot.domain.alerts.group import AlertGroup
from bot.domain.values.one_line import escape_controls_in_json, one_line
from bot.json_shapes.alerts import alert_json, group_json
from storage.alerts import groups, members
from storage.alerts.members import Member, MemberCount
from storage.database import Database

GROUPS, ALERTS = 200, 500  # in a page
MOST_GROUPS = 1000  # of another person or server
SMALL = 20  # alerts of a group that is read together with others
INDENT = "  "
Row = tuple[AlertGroup, MemberCount]


async def print_groups(database: Database, scope: str) -> None:
    """Print two lines for each group, the newest first. `scope`: `firing` or `all`."""
    is_empty = True
    async for page in _pages(database, scope):
        for group, count in page:
            is_empty = False
            for line in group_lines(group_json(group, count, [])):
                click.echo(line)
    if is_empty:
        click.echo(empty_list_line(scope))


def group_lines(group: Mapping[str, Any]) -> tuple[str, str]:
    """The two lines of a group, from its JSON."""
    decision = f"{group['decision']} {group['incident'] or ''}".strip()
    return (
        f"{group['id']:<8} {group['state']:<9} {group['severity']:<8} {decision:<18} {one_line(group['title'])}",
        f"{'':<8} {group['firing']} firing, {group['resolved']} resolved; {one_line(group['reason'])}",
    )


def empty_list_line(scope: str) -> str:
    """The line that stands for an empty list."""
    return "No alert fires. Past ones too: tocsin alerts all" if scope == "firing" else "No alerts yet."


async def read_groups(client: OperationClient, scope: str) -> list[dict[str, Any]]:
    """The newest groups with their first alerts, as the client's person may see them."""
    query: dict[str, Any] = {"scope": scope, "limit": GROUPS}
    rows: list[dict[str, Any]] = []
    while len(rows) < MOST_GROUPS:
        page = await client.run("list_alerts", {}, query)
        rows += page["groups"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    return rows


async def print_groups_json(database: Database, scope: str) -> None:
    """Print the groups with all of their alerts as one list in JSON."""
    separator = ""
    click.echo("[", nl=False)
    async for page in _pages(database, scope):
        small = [group.number for group, count in page if count.firing + count.resolved <= SMALL]
        async with database.reading() as conn:
            alerts = await members.of_groups(conn, small, SMALL)
        for group, count in page:
            text = _dumps(group_json(group, count, alerts.get(group.number, [])), 1)
            if group.number in alerts:
                click.echo(f"{separator}\n{text}", nl=False)
            else:
                head, _, tail = text.rpartition("[]")  # the alerts stand last
                click.echo(f"{separator}\n{head}", nl=False)
                await _print_alerts(database, group.number)
                click.echo(tail, nl=False)
            separator = ","
    click.echo("\n]" if separator else "]")


async def _print_alerts(database: Database, group: int) -> None:
    separator = "["
    last: Member | None = None
    while True:
        async with database.reading() as conn:
            page = await members.of_group(conn, group, ALERTS, last)
        for member in page:
            click.echo(f"{separator}\n{_dumps(alert_json(member), 3)}", nl=False)
            separator, last = ",", member
        if len(page) < ALERTS:
            click.echo("[]" if last is None else f"\n{INDENT * 2}]", nl=False)
            return


async def _pages(database: Database, scope: str) -> AsyncIterator[list[Row]]:
    """The groups with the counts of their alerts, page by page."""
    read = groups.firing if scope == "firing" else groups.newest
    before: int | None = None
    while True:
        async with database.reading() as conn:
            page = await read(conn, GROUPS, before)
            counts = await members.counts(conn, [group.number for group in page])
        yield [(group, counts.get(group.number, MemberCount())) for group in page]
        if len(page) < GROUPS:
            return
        before = page[-1].number


def _dumps(value: dict[str, Any], depth: int) -> str:
    return escape_controls_in_json(textwrap.indent(json.dumps(value, ensure_ascii=False, indent=2), INDENT * depth))
