"""Connects the rotation of secrets with the parts of the bot that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot import logs, notifiers
from bot.bootstrap.base import Base
from bot.secret_settings import secret_of
from bot.senders.pages import PageSender
from bot.settings import Settings
from bot.slack.directory.token_watch import TokenWatch
from bot.slack.inbound.socket_mode import SocketPool
from bot.workers import pagerduty_schedule_sync
from bot.workers.pagerduty_schedule_sync import PagerDutyScheduleSync
from bot.workers.secret_rotation import SecretHolder, SecretRotation


@dataclass(frozen=True, slots=True)
class SecretHolders:
    """The parts that hold secrets; all others read them from the settings each time."""

    token_watch: TokenWatch
    pages: PageSender
    schedules: PagerDutyScheduleSync
    sockets: SocketPool | None


def secret_rotation(base: Base, load: Callable[[], Settings], holders: SecretHolders) -> SecretRotation:
    """The rotation that tells every holder. `load` reads the settings again."""

    async def slack_token(settings: Settings) -> None:
        await holders.token_watch.use_token(secret_of(settings.slack_bot_token))

    async def app_token(settings: Settings) -> None:
        if holders.sockets is not None:
            holders.sockets.use_token(secret_of(settings.slack_app_token))

    async def vendors(settings: Settings) -> None:
        holders.pages.use(notifiers.build(settings, base.session))

    async def pagerduty_schedules(settings: Settings) -> None:
        holders.schedules.use(pagerduty_schedule_sync.client(settings, base.session))

    async def runners(settings: Settings) -> None:
        base.runners.use(settings)

    uses = (
        SecretHolder(frozenset({"slack_bot_token"}), slack_token),
        SecretHolder(frozenset({"slack_app_token"}), app_token),
        SecretHolder(frozenset(name.lower() for names in notifiers.NEEDS.values() for name in names), vendors),
        SecretHolder(frozenset({"pagerduty_api_token"}), pagerduty_schedules),
        SecretHolder(
            frozenset({"prometheus_url", "prometheus_token"}), runners
        ),  # the rule evaluator reads the live settings
    )
    return SecretRotation(base.live, load, uses, logs.mask_also)
