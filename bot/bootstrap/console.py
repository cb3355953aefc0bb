"""Builds the parts of the console that depend on the rest of the bot: sign-in with Slack and the page Setup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot import notifiers
from bot.bootstrap.base import Base
from bot.check import run as check
from bot.integrations.protocol import Notifier
from bot.integrations.slack_openid import SlackOpenId
from bot.settings import secret_of
from bot.web.console.routes import ConsoleParts
from bot.web.console.rules import Backtests
from bot.web.console.setup import Installation
from bot.web.console.slack_sign_in import SlackSignIn


def console_parts(
    base: Base, in_use: Callable[[], Mapping[str, Notifier]], slack: Callable[[], Awaitable[str | None]]
) -> ConsoleParts:
    """The parts. `in_use` returns the notifiers by method; `slack` returns what is wrong with Slack, or None."""

    async def findings() -> list[dict[str, Any]]:
        return [finding.as_json() for finding in await check.run(base.live.current)]

    installation = Installation(
        check=findings,
        policy_file=lambda: base.live.current.policy_path,
        notifiers=in_use,
        missing=lambda method: notifiers.missing(base.live.current, method),
        slack=slack,
        prometheus=lambda: base.live.current.prometheus_address,
    )
    backtests = Backtests(installation.prometheus)
    return ConsoleParts(installation, backtests, _sign_in(base), base.settings.tocsin_proxies or "")


def _sign_in(base: Base) -> SlackSignIn | None:
    """Sign-in with Slack; None unless the client and our public address are known."""
    settings = base.settings
    if settings.slack_client_id is None or settings.slack_client_secret is None or settings.tocsin_url is None:
        return None
    openid = SlackOpenId(
        session=base.session,
        root=settings.slack_api_url.removesuffix("api/"),
        client_id=settings.slack_client_id,
        secret=lambda: secret_of(base.live.current.slack_client_secret),
    )
    return SlackSignIn(openid, settings.tocsin_url, base.me.team_id)
