"""Adds the console to the HTTP port. To add a page, write a module with `routes` and name it here."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.web.console import (
    actions,
    alerts,
    assets,
    audit,
    catchup,
    drill,
    figures,
    incident,
    incidents,
    missing,
    now,
    oncall,
    playbooks,
    policy,
    review_section,
    reviews,
    rules,
    runs,
    setup,
    sign_in,
    status_page,
    subscribers,
    tell,
)
from bot.web.console.rules import Backtests
from bot.web.console.setup import Installation
from bot.web.console.sign_in import SignInPages
from bot.web.console.slack_sign_in import SlackSignIn
from bot.web.console.visitor import Console

MODULES = (
    now, drill, runs, tell, actions, reviews, review_section, catchup, incident, incidents, alerts, oncall, playbooks,
    subscribers, status_page, figures, audit,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """The console and its dependencies in the rest of the bot."""

    console: Console  # knows who has signed in
    installation: Installation
    backtests: Backtests
    slack: SlackSignIn | None  # None where sign-in with Slack is not set up


def add_console(site: web.Application, parts: ConsoleParts) -> None:
    """Add every page, the forms on it, and the stylesheet and script. Streams end with the site."""
    console = parts.console
    site.on_shutdown.append(console.streams.close)
    site.middlewares.append(missing.page_for_missing_address)
    pages = SignInPages(console)
    site.add_routes(assets.routes())
    if parts.slack is not None:  # before the links, whose secret may be any word
        site.add_routes(parts.slack.routes(pages))
    site.add_routes(sign_in.routes(pages))
    site.add_routes(setup.routes(console, parts.installation))
    site.add_routes(policy.routes(console, parts.installation.policy_file))
    site.add_routes(rules.routes(console, parts.backtests))  # before the groups, whose ID may be any word
    site.add_routes([route for module in MODULES for route in module.routes(console)])
