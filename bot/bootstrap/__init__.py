"""Builds every part of the bot from the settings and connects them (the composition root).

Only entry points import it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot import notifiers, trackers, wikis
from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.app import App, Stage
from bot.bootstrap.base import Base
from bot.bootstrap.console import console_parts
from bot.bootstrap.monitoring import prober, rule_evaluator
from bot.bootstrap.rotation import HoldersOfSecrets, secret_rotation
from bot.bootstrap.status_page import status_page_services, statuspage_client
from bot.domain.routing.notice import (
    COPY_KINDS,
    INVITE_KINDS,
    MAIL_KINDS,
    PAGER_KINDS,
    SHEET_KINDS,
    SUBSCRIBER_MAIL_KINDS,
    SUBSCRIBER_WEBHOOK_KINDS,
    TICKET_KINDS,
    WEBHOOK_KINDS,
    WIKI_KINDS,
)
from bot.domain.routing.send_result import SendResult, Sent
from bot.metrics import Metrics
from bot.playbook_runners import RunnerFactory
from bot.senders.communications import CommunicationSender
from bot.senders.invitations import InvitationSender
from bot.senders.pages import PageSender
from bot.senders.sheet import SheetSender
from bot.senders.statuspage import StatuspageSender
from bot.senders.subscriber_webhooks import SubscriberWebhookSender
from bot.senders.subscribers import SubscriberSender
from bot.senders.tickets import TicketSender
from bot.senders.webhooks import WebhookSender
from bot.senders.wikis import WikiSender
from bot.settings import LiveSettings, Settings, SettingsError, secret_of
from bot.slack.blocks import bookmarks
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi
from bot.slack.directory import announcements
from bot.slack.directory.accounts import AccountSync
from bot.slack.directory.bot_identity import read_identity
from bot.slack.directory.mail_addresses import mail_address_of
from bot.slack.directory.names import NameDirectory
from bot.slack.directory.token_watch import TokenWatch
from bot.slack.directory.used_numbers import UsedNumbers
from bot.slack.directory.usergroups import UserGroups
from bot.slack.inbound import arrivals
from bot.slack.inbound.arrivals import Arrivals
from bot.slack.inbound.socket_mode import SocketPool
from bot.slack.listeners import register
from bot.slack.listeners.context import ListenerContext
from bot.slack.listeners.event_middleware import EventMiddleware
from bot.slack.senders.dispatch import Dispatcher
from bot.templates.library import TemplateLibrary
from bot.usecases import acknowledge_links
from bot.usecases import outage as outages
from bot.usecases.context import Context, Policies
from bot.usecases.incidents.backfill import request_backfill
from bot.usecases.incidents.record import Channels, Recorder
from bot.usecases.oncall import calendar_feeds
from bot.usecases.open_clock import open_clock
from bot.web.health import Health
from bot.web.site import PageParts, http_server
from bot.web.slack_check import SlackCheck
from bot.web.starting import StartingServer
from bot.workers import pagerduty_schedule_sync
from bot.workers.action_reminders import action_reminders
from bot.workers.alert_decider import AlertDecider
from bot.workers.base import Periodic, Service
from bot.workers.figure_metrics import figure_metrics
from bot.workers.heartbeat import Heartbeat
from bot.workers.job_runner import JobRunner
from bot.workers.maintenance import maintenance
from bot.workers.on_call_watch import OnCallWatch
from bot.workers.outage_monitor import OutageMonitor
from bot.workers.outage_watch import OutageWatch
from bot.workers.outbox import Outbox, Send
from bot.workers.pagerduty_schedule_sync import PagerDutyScheduleSync
from bot.workers.playbook_reviews import playbook_reviews
from bot.workers.policy_watcher import PolicyWatcher
from bot.workers.replica_counter import ReplicaCounter
from bot.workers.retention import Retention
from bot.workers.scheduler import Scheduler
from bot.workers.search_indexer import SearchIndexer
from bot.workers.shadow_report import shadow_report
from bot.workers.sheet_mail import sheet_mail
from bot.workers.sheet_writer import SheetWriter
from bot.workers.subscriber_queue import subscriber_queue
from bot.workers.tasks import BackgroundTask
from bot.workers.ticket_poller import ticket_poller
from bot.workers.timer import Timer
from bot.workers.usergroup_sync import UsergroupSync
from bot.workers.weekly_digest import weekly_digest
from playbooks.library_cache import LibraryCache
from storage.database import Database
from storage.deadlines import LedgerRow
from storage.instance_lock import InstanceLock, acquire, release_leases
from storage.open import open_database
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

# From SIGTERM to the end in ten seconds: first what tells others and what merely waits, then what is under way.
ANNOUNCED_WITHIN_S, DRAINED_WITHIN_S = 2.0, 6.0
# Posts that come back to us as events.
IN_CHANNEL = frozenset({"card", "news", "update", "nudge", "page_channel", "comms_receipt", "status_receipt"})


async def build(settings: Settings, load: Callable[[], Settings] = settings_reader.load) -> App:
    """Check settings and policy, open (and migrate) the database, ask Slack who we are, and wire the parts together.

    Nothing runs before `App.start`. `load` reads the settings again when secrets are rotated. Raises `TocsinError`,
    which says what to fix.
    """
    if missing := settings.missing_for_serving():
        raise SettingsError("Tocsin cannot start:\n  " + "\n  ".join(missing))
    policies = _policies(settings)
    library = await _library(settings)
    opened = AsyncExitStack()
    try:
        base = await _base(settings, policies, library, opened)
        return _wire(base, load, opened)
    except BaseException:
        await opened.aclose()
        raise


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


async def _base(settings: Settings, policies: Policies, library: LibraryCache, opened: AsyncExitStack) -> Base:
    database, lock = await _database(settings, opened)
    session = slack_api.open_session()
    opened.push_async_callback(session.close)
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
        tracker=trackers.used(settings),
        wikis=wikis.configured(settings),
        url=settings.tocsin_url,
        playbook_library=library,
        templates=TemplateLibrary(settings.tocsin_templates),
        usergroups=usergroups,
        names=names,
        runners=runners,
    )
    starting = StartingServer(settings.host, settings.port, metrics)
    try:
        me = await read_identity(api, database, starting.say)
    finally:
        await starting.stop()
    async with database.transaction() as conn:
        await calendar_feeds.make_secret(conn)
        await acknowledge_links.make_secret(conn)
        context.outage, context.past_outages = await outages.current(conn), await outages.past(conn)
    await usergroups.recall()
    return Base(
        settings=settings, live=LiveSettings(settings), clock=clock,
        context=context, metrics=metrics, session=session, client=client, api=api,
        me=me, usergroups=usergroups, names=names, runners=runners, arrivals=Arrivals(database, clock), lock=lock,
    )  # fmt: skip


async def _database(settings: Settings, opened: AsyncExitStack) -> tuple[Database, InstanceLock | None]:
    lock = await acquire(settings.url)
    if lock is not None:
        opened.callback(lock.release)
    database = await open_database(settings.url)
    opened.push_async_callback(database.close)
    if lock is not None:
        lock.note_opened()
        await release_leases(database)
    return database, lock


def _wire(base: Base, load: Callable[[], Settings], opened: AsyncExitStack) -> App:
    context, settings = base.context, base.settings
    backfill = partial(request_backfill, context)
    monitor = OutageMonitor(backfill)
    bolt = _bolt(base, on_missed_event=monitor.missed)
    sockets = _sockets(base, bolt, backfill)
    base.metrics.about(base.api.rate_limiter, sockets)
    token_watch = TokenWatch(context, base.api, base.me)
    timer = Timer()
    scheduler = Scheduler(context, base.clock, timer, _observe_deadlines(base.metrics))
    alerts = AlertDecider(context)
    job_runner = JobRunner(context, base.live.secrets, base.metrics.job_ended)
    join = _announcements(base)
    watcher = PolicyWatcher(context, timer, base.metrics, lambda: settings.policy_path, join.run)
    slack_check = SlackCheck(base.api, sockets)
    outage_watch = OutageWatch(context, slack_check, monitor.missed)
    health = Health(
        context=context,
        metrics=base.metrics,
        slack=slack_check,
        missing_scopes=slack_check.missing_scopes,
        ticked_at=lambda: scheduler.ticked_at,
        policy=lambda: watcher.trouble,
        lock=base.lock,
    )
    status_page, status_http = status_page_services(base)
    bridge = partial(bookmarks.bridge_address, team=base.me.team_id)
    pages = PageSender(context, notifiers.build(settings, base.session), base.me.url, bridge)
    opened.push_async_callback(lambda: notifiers.close(pages.notifiers))
    parts = PageParts(status_page, console_parts(base, lambda: pages.notifiers, slack_check), base.me.team_id)
    http = http_server(base.live, context, base.metrics, bolt, health, base.arrivals, parts)
    opened.callback(http.limiter.close_all)  # connections that arrive while everything else stops
    schedules = PagerDutyScheduleSync(context, pagerduty_schedule_sync.client(settings, base.session))
    mails = CommunicationSender(context, pages)
    outbox, replicas, indexer = _outbox(base, sockets, pages, mails), _replicas(base), SearchIndexer(context)
    looping = (
        outbox,
        scheduler,
        alerts,
        job_runner,
        monitor,
        watcher,
        token_watch,
        schedules,
        indexer,
        status_page,
        outage_watch,
    )
    for owner in looping:
        timer.add(owner.periodic)
    for periodic in _periodic(base, health, replicas):
        timer.add(periodic)
    serving: list[Service] = [status_page, http, outbox, scheduler, alerts, job_runner, replicas, indexer]
    serving += [rule_evaluator(base), prober(base)]
    serving += [each for each in (status_http, sockets) if each is not None]
    beside: list[Service] = [health, join, monitor, timer]
    return App(
        context=context,
        session=base.session,
        stages=(Stage(tuple(serving), DRAINED_WITHIN_S), Stage(tuple(beside), ANNOUNCED_WITHIN_S)),
        resources=opened,
        http=http,
        status_http=status_http,
        scheduler=scheduler,
        job_runner=job_runner,
        timer=timer,
        policy_watcher=watcher,
        usergroups=base.usergroups,
        token_watch=token_watch,
        secret_rotation=secret_rotation(base, load, HoldersOfSecrets(token_watch, pages, schedules, sockets)),
        sockets=sockets,
    )


def _bolt(base: Base, on_missed_event: Callable[[], None]) -> AsyncApp:
    """Bolt with our listeners and our own authorization.

    Where Bolt's own authorization fails, it acknowledges the request without running a listener.
    """
    me, context = base.me, base.context
    recorder = Recorder(context, Channels(context))
    ctx = ListenerContext(
        context, base.api, recorder, me, base.metrics, base.settings.tocsin_command, on_missed_event
    )  # fmt: skip
    context.memberships = ctx.identities

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team_id, bot_id=me.bot_id, bot_user_id=me.user_id,
            bot_token=secret_of(base.live.current.slack_bot_token),
        )  # fmt: skip

    app = AsyncApp(
        client=base.client,
        name="tocsin",  # without one, Bolt reads the source of every module on the stack
        before_authorize=EventMiddleware(ctx, base.arrivals),
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.web.slack did it; a socket is its own proof
        ignoring_self_events_enabled=False,  # it would drop others' deletions of our messages; we look ourselves
    )
    register(app, ctx)
    return app


def _sockets(base: Base, bolt: AsyncApp, backfill: Callable[[], Awaitable[None]]) -> SocketPool | None:
    if base.settings.slack_app_token is None:
        return None
    token = base.settings.slack_app_token.get_secret_value()
    rebuilt = base.metrics.sockets_rebuilt.inc
    return SocketPool(bolt, token, base.client, backfill, base.metrics.acknowledged, rebuilt)


def _outbox(base: Base, sockets: SocketPool | None, pages: PageSender, mails: CommunicationSender) -> Outbox:
    metrics, settings = base.metrics, base.settings
    dispatcher = Dispatcher(base.context, base.api, base.me, base.session, settings.tocsin_command)
    senders = _senders_of_kinds(
        (PAGER_KINDS, pages.send),
        (MAIL_KINDS, mails.send),
        (SUBSCRIBER_MAIL_KINDS, SubscriberSender(base.context, lambda: pages.notifiers).send),
        (SHEET_KINDS, SheetSender(base.context, lambda: pages.notifiers).send),
        (SUBSCRIBER_WEBHOOK_KINDS, SubscriberWebhookSender(base.context).send),
        (
            INVITE_KINDS,
            InvitationSender(base.context, lambda: pages.notifiers, partial(mail_address_of, base.api)).send,
        ),
        (TICKET_KINDS, TicketSender(base.context, lambda: trackers.build(base.live.current, base.session)).send),
        (WIKI_KINDS, WikiSender(base.context, lambda: wikis.build(base.live.current, base.session)).send),
        (COPY_KINDS, StatuspageSender(base.context, statuspage_client(base)).send),
        (WEBHOOK_KINDS, WebhookSender(base.context, base.session).send),
    )

    async def send(row: ClaimedNotice) -> SendResult:
        result = await senders.get(row.kind, dispatcher.send)(row)
        channel = str(result.receipt.get("channel", "")) if isinstance(result, Sent) else ""
        if sockets is not None and row.kind in IN_CHANNEL and channel.startswith(("C", "G")):
            sockets.note_post()
        return result

    return Outbox(
        base.context,
        send,
        observe=lambda outcome: metrics.outbox_results.labels(outcome.kind, outcome.result).inc(),
        claimed=lambda row: metrics.claimed("notice", row.reclaimed),
    )


def _senders_of_kinds(*senders: tuple[Collection[str], Send]) -> dict[str, Send]:
    """The sender of each kind of notice that does not go to Slack."""
    return {str(kind): send for kinds, send in senders for kind in kinds}


def _observe_deadlines(metrics: Metrics) -> Callable[[LedgerRow, float], None]:
    def observe(deadline: LedgerRow, lateness_s: float) -> None:
        metrics.lateness.labels(deadline.kind).observe(lateness_s)
        metrics.claimed("deadline", deadline.fence > 1)

    return observe


def _replicas(base: Base) -> ReplicaCounter:
    def counted(processes: int) -> None:
        base.api.rate_limiter.share_among(processes)
        base.metrics.replicas.set(processes)

    return ReplicaCounter(base.context.database, counted)


def _announcements(base: Base) -> BackgroundTask:
    return BackgroundTask(
        "join the announcement channel", lambda: announcements.join(base.context, base.api),
        "invite the bot: /invite @Tocsin",
    )  # fmt: skip


def _periodic(base: Base, health: Health, replicas: ReplicaCounter) -> list[Periodic]:
    settings, context = base.settings, base.context
    periodic = [
        UsergroupSync(context).periodic,
        OnCallWatch(context).periodic,
        base.names.periodic,
        base.usergroups.periodic,
        AccountSync(context, base.api).periodic,
        UsedNumbers(context, base.api, base.me).periodic,
        Periodic("record of arrivals", arrivals.WRITTEN_EVERY, timedelta(0), base.arrivals.write),
        playbook_reviews(context),
        maintenance(context),
        *subscriber_queue(context),
        action_reminders(context),
        ticket_poller(context, lambda: trackers.build(base.live.current, base.session)),
        figure_metrics(context, base.metrics),
        weekly_digest(context),
        sheet_mail(context),
        shadow_report(context),
        Retention(context, settings.tocsin_archive, base.live.secrets).periodic,
    ]
    if replicas.periodic is not None:
        periodic.append(replicas.periodic)
    if settings.tocsin_sheet is not None:
        periodic.append(SheetWriter(context, settings.tocsin_sheet).periodic)
    if settings.heartbeat_url is not None:

        def url() -> str:
            return secret_of(base.live.current.heartbeat_url)

        periodic.append(Heartbeat(base.session, url, health.checks, base.metrics.heartbeat).periodic)
    return periodic
