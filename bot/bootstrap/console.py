"""Builds the parts of the console that depend on the rest of the bot: sign-in with Slack and the page Setup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot import notifiers, trackers, wikis
from bot.bootstrap.base import Base
from bot.check import run as check
from bot.domain.paging import calls
from bot.integrations.protocol import Notifier
from bot.integrations.slack_openid import SlackOpenId
from bot.integrations.statuspage import Statuspage
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.web.api.authentication import Authenticator
from bot.web.console.integrations import (
    LABELS,
    Integration,
    heartbeat_test,
    paging_test,
    prometheus_test,
    slack_test,
    statuspage_test,
    tracker_test,
    webhook_integrations,
    wiki_test,
)
from bot.web.console.routes import ConsoleParts
from bot.web.console.rules import Backtests
from bot.web.console.setup import Installation
from bot.web.console.slack_sign_in import SlackSignIn
from bot.web.console.visitor import Console
from bot.workers.heartbeat import Heartbeat

MOST_WEBHOOKS = 50
PAGING_LABELS = {"email": "E-mail", "phone": "Telephone", "push": "Push (ntfy)", "webhook": "Webhook"}


@dataclass(frozen=True, slots=True)
class CalledSystems:
    """The clients whose systems the page Setup tests."""

    slack: Callable[[], Awaitable[str | None]]  # returns what is wrong with Slack, or None
    notifiers: Callable[[], Mapping[str, Notifier]]  # by method
    statuspage: Callable[[], Statuspage | None]
    heartbeat: Heartbeat | None


def console_parts(base: Base, called: CalledSystems) -> ConsoleParts:
    """The parts of the console."""

    async def findings() -> list[dict[str, Any]]:
        return [finding.as_json() for finding in await check.run(base.live.current)]

    installation = Installation(
        check=findings,
        policy_file=lambda: base.live.current.policy_path,
        integrations=lambda: _integrations(base, called),
    )
    backtests = Backtests(lambda: base.live.current.prometheus_address)
    sign_in = _sign_in(base)
    console = Console(
        Authenticator(base.context, lambda: secret_of(base.live.current.tocsin_api_token)),
        slack=sign_in is not None,
        proxies=base.settings.tocsin_proxies or "",
        team=base.me.team_id,
    )
    return ConsoleParts(console, installation, backtests, sign_in)


def _integrations(base: Base, called: CalledSystems) -> list[Integration]:
    """Every integration, set up or not, in the order of the page."""
    settings, session = base.live.current, base.session
    in_use = called.notifiers()
    by_tracker, by_wiki = trackers.build(settings, session), wikis.build(settings, session)
    heartbeat = called.heartbeat.attempt if called.heartbeat is not None else None
    return [
        Integration("slack", "Slack", slack_test(called.slack)),
        *(
            Integration(
                method, PAGING_LABELS.get(method, calls.label(method)), paging_test(in_use.get(method), method),
                notifiers.missing(settings, method),
            )
            for method in notifiers.NEEDS
        ),
        Integration(
            "prometheus", "Prometheus", prometheus_test(settings.prometheus_address),
            _unset(settings, ("PROMETHEUS_URL",)),
        ),
        *(
            Integration(
                str(kind), LABELS[kind], tracker_test(by_tracker.get(kind), kind), _unset(settings, names)
            )
            for kind, names in trackers.NEEDS.items()
        ),
        *(
            Integration(
                str(wiki), str(wiki).capitalize(), wiki_test(by_wiki.get(wiki), str(wiki).capitalize()),
                _unset(settings, names),
            )
            for wiki, names in wikis.NEEDS.items()
        ),
        Integration(
            "statuspage", "Atlassian Statuspage", statuspage_test(called.statuspage()),
            _unset(settings, ("STATUSPAGE_API_KEY", "STATUSPAGE_PAGE_ID")),
        ),
        Integration("heartbeat", "Heartbeat", heartbeat_test(heartbeat), _unset(settings, ("HEARTBEAT_URL",))),
        *webhook_integrations(base.context.policy.webhooks, MOST_WEBHOOKS),
    ]  # fmt: skip


def _unset(settings: Settings, names: Sequence[str]) -> list[str]:
    """The variables among these that are not set."""
    return [name for name in names if not notifiers.value(settings, name)]


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
