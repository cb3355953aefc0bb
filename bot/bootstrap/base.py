"""Builds the parts on which all others depend: policy, database, Slack client, context."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import notifiers, trackers, wikis
from bot import policy as policy_reader
from bot.clock import Clock
from bot.live_settings import LiveSettings
from bot.metrics import Metrics
from bot.playbook_runners import RunnerFactory
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi
from bot.slack.directory.bot_identity import read_identity
from bot.slack.directory.names import NameDirectory
from bot.slack.directory.usergroups import UserGroups
from bot.slack.inbound.arrivals import Arrivals
from bot.slack.inbound.event_parser import BotIdentity
from bot.templates.library import TemplateLibrary
from bot.usecases import acknowledge_links
from bot.usecases import outage as outages
from bot.usecases.context import Context, Policies
from bot.usecases.oncall import calendar_feeds
from bot.usecases.open_clock import open_clock
from bot.usecases.restored import restored_at
from bot.web.starting import StartingServer
from playbooks.library_cache import LibraryCache
from storage.database import Database
from storage.instance_lock import InstanceLock, acquire, release_leases
from storage.open import open_database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The parts on which all others depend."""

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


async def open_base(settings: Settings, resources: AsyncExitStack) -> Base:
    """Read the policy, open (and migrate) the database, and ask Slack who we are. `resources` closes them later."""
    policies = _policies(settings)
    library = await _library(settings)
    database, lock = await _database(settings, resources)
    session = slack_api.open_session()
    resources.push_async_callback(session.close)
    metrics = Metrics()
    database.write_failed = metrics.writes_failed.inc
    client = slack_api.web_client(secret_of(settings.slack_bot_token), settings.slack_api_url, session)
    api = SlackApi(client, metrics.slack_called, lambda method, _: metrics.slack_waits.labels(method).inc())
    clock = await open_clock(database, settings.tocsin_speed)
    usergroups = UserGroups(database, api, lambda: policies.current, clock.now)
    names = NameDirectory(database, api, clock)
    runners = RunnerFactory(settings)
    context = Context(
        database=database,
        policies=policies,
        clock=clock,
        methods=notifiers.methods(settings),
        tracker=trackers.ticket_tracker(settings),
        wikis=wikis.configured_wikis(settings),
        url=settings.tocsin_url,
        playbook_library=library,
        templates=TemplateLibrary(settings.tocsin_templates),
        usergroups=usergroups,
        names=names,
        runners=runners,
    )
    starting = StartingServer(settings.host, settings.port, metrics)
    try:
        me = await read_identity(api, database, starting.report)
    finally:
        await starting.stop()
    async with database.transaction() as conn:
        await calendar_feeds.make_secret(conn)
        await acknowledge_links.make_secret(conn)
        context.restored_at = await restored_at(conn, clock)
        context.outage, context.past_outages = await outages.current(conn), await outages.past_outages(conn)
    await usergroups.recall()
    return Base(
        settings=settings, live=LiveSettings(settings), clock=clock,
        context=context, metrics=metrics, session=session, client=client, api=api,
        me=me, usergroups=usergroups, names=names, runners=runners, arrivals=Arrivals(database, clock), lock=lock,
    )  # fmt: skip


def _policies(settings: Settings) -> Policies:
    loaded = policy_reader.read(settings.policy_path)
    for warning in loaded.warnings:
        log.warning("policy.warning", detail=warning)
    for warning in notifiers.half_set_up(settings):
        log.warning("notifiers.half_set_up", detail=warning)
    return Policies(loaded.policy, loaded.document, policy_reader.from_document)


async def _library(settings: Settings) -> LibraryCache:
    """The playbooks. Mistakes in the operator's own are reported now, not in the middle of an incident."""
    library = LibraryCache(settings.playbook_folders)
    library.start()
    if library.folders:
        await library.library()
    return library


async def _database(settings: Settings, resources: AsyncExitStack) -> tuple[Database, InstanceLock | None]:
    lock = await acquire(settings.url)
    if lock is not None:
        resources.callback(lock.release)
    database = await open_database(settings.url)
    resources.push_async_callback(database.close)
    if lock is not None:
        lock.note_opened()
        await release_leases(database)
    return database, lock
