"""The parts of the bot on which all others are built."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.metrics import Metrics
from bot.playbook_runners import RunnerFactory
from bot.settings import LiveSettings, Settings
from bot.slack.client.api import SlackApi
from bot.slack.directory.names import NameDirectory
from bot.slack.directory.usergroups import UserGroups
from bot.slack.inbound.arrivals import Arrivals
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from storage.instance_lock import InstanceLock


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The parts on which all others are built."""

    settings: Settings  # as of the start; the secrets in use are in `live`
    live: LiveSettings
    clock: Clock
    context: Context
    metrics: Metrics
    session: aiohttp.ClientSession
    client: AsyncWebClient
    api: SlackApi
    me: BotIdentity
    usergroups: UserGroups
    names: NameDirectory
    runners: RunnerFactory
    arrivals: Arrivals
    lock: InstanceLock | None  # on the SQLite file
