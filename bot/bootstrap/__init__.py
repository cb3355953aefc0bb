"""Builds every part of the bot from the settings and connects them (the composition root).

Only entry points import it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from bot import notifiers
from bot import settings as settings_reader
from bot.app import App, Stage
from bot.bootstrap.base import Base, open_base
from bot.bootstrap.console import CalledSystems, console_parts
from bot.bootstrap.monitoring import prober, rule_evaluator
from bot.bootstrap.outbox import outbox_of
from bot.bootstrap.periodic import heartbeat_of, periodic_tasks
from bot.bootstrap.rotation import SecretHolders, secret_rotation
from bot.bootstrap.slack import bolt_app, join_announcements, socket_pool
from bot.bootstrap.status_page import status_page_services, statuspage_client
from bot.metrics import Metrics
from bot.secret_settings import SettingsError
from bot.senders.communications import CommunicationSender
from bot.senders.pages import PageSender
from bot.settings import Settings
from bot.slack.blocks import bookmarks
from bot.slack.directory.token_watch import TokenWatch
from bot.usecases.incidents.backfill import request_backfill
from bot.web.health import Health
from bot.web.site import PageParts, http_server
from bot.web.slack_check import SlackCheck
from bot.workers import pagerduty_schedule_sync
from bot.workers.alert_decider import AlertDecider
from bot.workers.base import Service
from bot.workers.job_runner import JobRunner
from bot.workers.outage_monitor import OutageMonitor
from bot.workers.outage_watch import OutageWatch
from bot.workers.pagerduty_schedule_sync import PagerDutyScheduleSync
from bot.workers.policy_watcher import PolicyWatcher
from bot.workers.replica_counter import ReplicaCounter
from bot.workers.scheduler import Scheduler
from bot.workers.search_indexer import SearchIndexer
from bot.workers.timer import Timer
from storage.deadlines import LedgerRow

# Ten seconds from SIGTERM to the end: first the services that announce or only wait, then those with work under way.
ANNOUNCED_WITHIN_S, DRAINED_WITHIN_S = 2.0, 6.0


async def build(settings: Settings, load: Callable[[], Settings] = settings_reader.load) -> App:
    """Check settings and policy, open (and migrate) the database, ask Slack who we are, and wire the parts together.

    Nothing runs before `App.start`. `load` reads the settings again when secrets are rotated. Raises `TocsinError`,
    which says what to fix.
    """
    if missing := settings.missing_for_serving():
        raise SettingsError("Tocsin cannot start:\n  " + "\n  ".join(missing))
    resources = AsyncExitStack()
    try:
        return _wire(await open_base(settings, resources), load, resources)
    except BaseException:
        await resources.aclose()
        raise


def _wire(base: Base, load: Callable[[], Settings], resources: AsyncExitStack) -> App:
    context, settings = base.context, base.settings
    backfill = partial(request_backfill, context)
    monitor = OutageMonitor(backfill)
    bolt = bolt_app(base, on_missed_event=monitor.missed)
    sockets = socket_pool(base, bolt, backfill)
    base.metrics.watch(base.api.rate_limiter, sockets)
    token_watch = TokenWatch(context, base.api, base.me)
    timer = Timer()
    scheduler = Scheduler(context, base.clock, timer, _observe_deadlines(base.metrics))
    alerts = AlertDecider(context)
    job_runner = JobRunner(context, base.live.secrets, base.metrics.job_ended)
    join = join_announcements(base)
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
    bridge = partial(bookmarks.bridge_address, team=base.me.team_id)
    pages = PageSender(context, notifiers.build(settings, base.session), base.me.url, bridge)
    resources.push_async_callback(lambda: notifiers.close(pages.notifiers))
    heartbeat, statuspage = heartbeat_of(base, health), statuspage_client(base)
    called = CalledSystems(slack_check, lambda: pages.notifiers, statuspage, heartbeat)
    console = console_parts(base, called)
    status_page, status_http = status_page_services(base, console.console)
    parts = PageParts(status_page, console, base.me.team_id)
    http = http_server(base.live, context, base.metrics, bolt, health, base.arrivals, parts)
    status_page.listens_at = lambda: http.address
    resources.callback(http.limiter.close_all)  # connections that arrive while everything else stops
    schedules = PagerDutyScheduleSync(context, pagerduty_schedule_sync.client(settings, base.session))
    mails = CommunicationSender(context, lambda: pages.notifiers)
    outbox = outbox_of(base, sockets, pages, mails, statuspage)
    replicas = _replica_counter(base)
    indexer = SearchIndexer(context)
    with_periodic = (
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
    for service in with_periodic:
        timer.add(service.periodic)
    for periodic in periodic_tasks(base, heartbeat, replicas):
        timer.add(periodic)
    serving: list[Service] = [status_page, http, outbox, scheduler, alerts, job_runner, replicas, indexer]
    serving += [rule_evaluator(base), prober(base)]
    serving += [service for service in (status_http, sockets) if service is not None]
    supporting: list[Service] = [health, join, monitor, timer]
    return App(
        context=context,
        session=base.session,
        stages=(Stage(tuple(serving), DRAINED_WITHIN_S), Stage(tuple(supporting), ANNOUNCED_WITHIN_S)),
        resources=resources,
        http=http,
        status_http=status_http,
        scheduler=scheduler,
        job_runner=job_runner,
        timer=timer,
        policy_watcher=watcher,
        usergroups=base.usergroups,
        token_watch=token_watch,
        secret_rotation=secret_rotation(base, load, SecretHolders(token_watch, pages, schedules, sockets)),
        sockets=sockets,
    )


def _observe_deadlines(metrics: Metrics) -> Callable[[LedgerRow, float], None]:
    def observe(deadline: LedgerRow, lateness_s: float) -> None:
        metrics.lateness.labels(deadline.kind).observe(lateness_s)
        metrics.claimed("deadline", deadline.fence > 1)

    return observe


def _replica_counter(base: Base) -> ReplicaCounter:
    def counted(processes: int) -> None:
        base.api.rate_limiter.share_among(processes)
        base.metrics.replicas.set(processes)

    return ReplicaCounter(base.context.database, counted)
