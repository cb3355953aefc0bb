"""Lists the commands of `tocsin` with their modules, which are imported only when a command is used.

docs/decisions/0009-late-imports.md says why. A module calls the command NAME `NAME_command`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True)
class LazyCommand:
    """A command that is not imported yet."""

    name: str
    module: str  # under bot.cli
    summary: str  # for the list of commands

    def load(self) -> click.Command:
        """Import the command."""
        command: click.Command = getattr(import_module(f"bot.cli.{self.module}"), f"{self.name}_command")
        return command


ENTRIES = (
    LazyCommand("ack", "verbs", "Say that you are responding."),
    LazyCommand("action", "action", "Add an action item: tocsin action INC-7 Alert on the pool"),
    LazyCommand("actions", "actions", "Action items that are to be done, those due soonest first."),
    LazyCommand("alerts", "alerts", "Groups of alerts that fire, newest first."),
    LazyCommand("backup", "records", "Copy the SQLite database to FILE while the bot runs."),
    LazyCommand("cancel", "verbs", "End it as a false alarm: tocsin cancel INC-7 Wrong probe"),
    LazyCommand("check", "serve", "Look over settings, policy, database, token and scopes."),
    LazyCommand("close", "verbs", "Close it once nothing is left to do."),
    LazyCommand("comms", "comms", "Tell the audiences of an incident."),
    LazyCommand("copy", "records", "Copy an SQLite database into an empty PostgreSQL database."),
    LazyCommand("declare", "verbs", "Declare an incident: tocsin declare sev2 Checkout is down"),
    LazyCommand("demo", "demo", "Try Tocsin in a local workspace: no Slack account, no network."),
    LazyCommand("drill", "drill", "Declare a drill: it pages nobody, and counts nowhere."),
    LazyCommand("escalate", "verbs", "Page the next rung now."),
    LazyCommand("export", "records", "All that is kept about an incident, as JSON Lines."),
    LazyCommand("feeds", "feeds", "Addresses of the calendar feeds."),
    LazyCommand("import", "importing", "Move in from another paging service."),
    LazyCommand("list", "incidents", "Incidents, newest first."),
    LazyCommand("login", "login", "Print an address that signs a person in to the console, once."),
    LazyCommand("manifest", "manifest", "Print the app's manifest, to create the app from."),
    LazyCommand("mcp", "mcp", "Serve the Model Context Protocol."),
    LazyCommand("merge", "verbs", "End it as merged into another one: tocsin merge INC-7 INC-3"),
    LazyCommand("metrics", "figures", "How many incidents there were, and how long they took."),
    LazyCommand("migrate", "serve", "Bring the database up to date."),
    LazyCommand("next", "verbs", "Promise the next update: tocsin next INC-7 1h"),
    LazyCommand("note", "verbs", "Add a key entry to the timeline."),
    LazyCommand("oncall", "oncall", "Who is on call now and next."),
    LazyCommand("outage", "outage", "Whether Slack is down; `start` and `stop` say so by hand."),
    LazyCommand("page", "verbs", "Page a person or a schedule: tocsin page INC-7 U0123 Come"),
    LazyCommand("playbooks", "playbooks", "Every playbook: the shipped ones and your own."),
    LazyCommand("policy", "policy", "The policy in force, or a preset."),
    LazyCommand("relate", "verbs", "Note that another one has to do with it."),
    LazyCommand("reopen", "verbs", "Open it again: tocsin reopen INC-7 Errors are back"),
    LazyCommand("replay", "replay", "Compare what was sent with what another policy would send."),
    LazyCommand("resolve", "verbs", "End the incident: tocsin resolve INC-7 Rolled back"),
    LazyCommand("restored", "records", "After a database was restored, and before serving."),
    LazyCommand("retry", "incidents", "Try again what did not go out for an incident."),
    LazyCommand("review", "reviews", "The review of an incident, drafted from its timeline."),
    LazyCommand("role", "verbs", "Give a role: tocsin role INC-7 commander U0123"),
    LazyCommand("rotate", "rotate", "Replace keys that the database made for itself."),
    LazyCommand("rules", "rules", "The alerting rules of the policy, with their states."),
    LazyCommand("search", "incidents", "Incidents by their words, the best first."),
    LazyCommand("serve", "serve", "Run the bot."),
    LazyCommand("severity", "verbs", "Change the severity: tocsin severity INC-7 sev1"),
    LazyCommand("sheet", "sheet", "The emergency sheet: who is on call, and how to reach them."),
    LazyCommand("show", "incidents", "One incident with its timeline and reminders."),
    LazyCommand("snooze", "verbs", "Quiet the reminders: tocsin snooze INC-7 30m, or off."),
    LazyCommand("status", "verbs", "Change the status: tocsin status INC-7 identified"),
    LazyCommand("statuspage", "statuspage", "The status page: its components and what is published."),
    LazyCommand("tag", "verbs", "Add tags, or take them away: tocsin tag INC-7 checkout"),
    LazyCommand("times", "times", "Correct the times of INCIDENT_ID; without a time, show them."),
    LazyCommand("token", "tokens", "Tokens of the API: each acts as a person."),
    LazyCommand("update", "verbs", "Post a status update."),
    LazyCommand("verify", "records", "Look whether timelines stand as they were written."),
    LazyCommand("webhooks", "webhooks", "The webhooks of the policy."),
    LazyCommand("why", "verbs", "Every reminder and page: due, sent or not, and the reason."),
)
# What works, for the answer to a command line that cannot be parsed.
EXAMPLES = {
    "ack": "ack INC-7",
    "action": "action INC-7 Alert on the pool @maya by friday P1",
    "actions": "actions overdue --json",
    "cancel": "cancel INC-7 Wrong probe",
    "close": "close INC-7",
    "declare": "declare sev2 Checkout is down",
    "escalate": "escalate INC-7 We need the database people",
    "export": "export INC-7",
    "list": "list open",
    "merge": "merge INC-7 INC-3",
    "metrics": "metrics --since 90d --by service",
    "next": "next INC-7 1h",
    "note": "note INC-7 Deploy 4512 went out at 02:47",
    "page": "page INC-7 primary We need you",
    "relate": "relate INC-7 INC-3",
    "reopen": "reopen INC-7 Errors are back",
    "resolve": "resolve INC-7 Rolled back",
    "review": "review INC-7 --format docx --output review.docx",
    "role": "role INC-7 commander U0123",
    "search": "search checkout",
    "severity": "severity INC-7 sev1",
    "show": "show INC-7",
    "snooze": "snooze INC-7 30m",
    "status": "status INC-7 identified",
    "tag": "tag INC-7 checkout -database",
    "times": 'times INC-7 --started 2026-11-30T02:31Z --reason "As the dashboard shows"',
    "update": "update INC-7 Rolled back",
    "why": "why INC-7",
}
BY_NAME = {entry.name: entry for entry in ENTRIES}


class LazyGroup(click.Group):
    """A group whose commands are the entries of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in alphabetical order."""
        return list(BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of this name; None if there is none."""
        entry = BY_NAME.get(cmd_name)
        return None if entry is None else entry.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in ENTRIES])
