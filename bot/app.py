"""The composition root: everything is built, started and stopped here, and nobody imports it but the entry points."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot import pager
from bot import policy as policy_reader
from bot.clock import Clock
from bot.domain import routing
from bot.domain.errors import TocsinError
from bot.domain.routing.notice import PAGER_KINDS
from bot.metrics import Metrics
from bot.pager import Notifiers
from bot.playbook_runners import Workshop
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import channels
from bot.slack.directory.usergroups import UserGroups
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.inbound.socket_mode import SocketPool
from bot.slack.listeners import register
from bot.slack.listeners.context import ListenerContext
from bot.slack.listeners.event_middleware import EventMiddleware
from bot.slack.senders.dispatch import Dispatcher
from bot.usecases.context import Context, Policies
from bot.usecases.effects import search_index
from bot.usecases.incidents.record import Channels, Recorder
from bot.usecases.oncall import calendar_feeds
from bot.web import debug, health, webhooks
from bot.web import oncall as oncall_web
from bot.web import slack as slack_web
from bot.web.connection_limits import IDLE_FOR_S, LINGER_S, Door, Site
from bot.workers.heartbeat import Heartbeat
from bot.workers.job_runner import Jobs
from bot.workers.outage_monitor import Gaps
from bot.workers.outbox import Outbox, Outcome
from bot.workers.pagerduty_schedule_sync import client as rota_schedules
from bot.workers.playbook_reviews import Reviews
from bot.workers.policy_watcher import PolicyFile
from bot.workers.replica_counter import Replicas
from bot.workers.retention import Retention
from bot.workers.scheduler import Scheduler
from bot.workers.tasks import ended
from bot.workers.usergroup_sync import Rota
from playbooks.library_cache import Shelf
from storage import incidents, key_value
from storage.database import Database
from storage.deadlines import LedgerRow as Deadline
from storage.engine.errors import StorageError
from storage.instance_lock import InstanceLock, acquire, release_leases
from storage.open import open_database
from storage.outbox import enqueue
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

# Ten seconds in all, from SIGTERM to the end.
ASKED_LATELY_S, SEEN_WITHIN_S, ENDS_WITHIN_S = 30.0, 2.0, 6.0
ASK_SLACK_EVERY_S = 10.0
HEARD = frozenset({"card", "news", "update", "nudge", "page_channel"})  # in the incident's channel, of which we hear
CANCELLED_WITHIN_S = 1.0  # what only waits
STILL_TALKING = timedelta(days=3)  # people go on where an incident was, and that is its timeline, too
FATAL = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})


class StartError(TocsinError):
    """Tocsin cannot start; the message says what to mend."""


@dataclass(slots=True)
class Tocsin:
    """A running bot."""

    settings: Settings
    database: Database
    context: Context
    session: aiohttp.ClientSession
    outbox: Outbox
    scheduler: Scheduler
    jobs: Jobs
    sockets: SocketPool | None
    gaps: Gaps
    retention: Retention
    reviews: Reviews
    runner: web.AppRunner
    door: Door
    policy_file: PolicyFile
    rota: Rota
    groups: UserGroups
    health: health.Health
    replicas: Replicas
    heartbeat: Heartbeat | None = None
    sole: InstanceLock | None = None
    site: web.TCPSite | None = None
    port: int = 0
    indexing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """HTTP first, so that nothing of Slack's is missed; then the loops; then what was missed while away."""
        await self.runner.setup()
        self.site = Site(self.runner, self.door, self.settings.host, self.settings.port)
        await self.site.start()
        self.port = _port(self.runner)
        self.outbox.start()
        self.scheduler.start()
        self.jobs.start()
        if self.sockets is not None:
            await self.sockets.start()
        await ask_for_backfill(self.context)
        self.gaps.start()
        self.indexing = asyncio.create_task(make_findable(self.database), name="make incidents findable")
        self.retention.start()
        self.reviews.start()
        self.policy_file.start()
        self.rota.start()
        await self.groups.start()
        self.replicas.start()
        if self.heartbeat is not None:
            self.heartbeat.start()
        log.info(
            "started", port=self.port, host=self.settings.host, socket_mode=self.sockets is not None,
            policy=self.context.policy.name, database=self.database.dialect,
        )  # fmt: skip

    async def stop(self) -> None:
        """Say so, take nothing new in, finish what is under way, close: within ten seconds.

        Whatever is left over stands in the database.
        """
        log.info("stopping")
        self.health.stopping = True
        beside = [self.gaps.stop(), ended(self.indexing), self.policy_file.stop(), self.rota.stop(), self.groups.stop()]
        if self.heartbeat is not None:
            beside.append(self.heartbeat.stop())
        await asyncio.gather(self._be_seen(), *(self._ended(part, CANCELLED_WITHIN_S) for part in beside))
        if self.site is not None:
            await self.site.stop()
        await asyncio.gather(*(self._ended(part) for part in self._under_way()))
        self.door.shut()
        await self.session.close()
        await self.database.close()
        if self.sole is not None:
            self.sole.release()
        log.info("stopped")

    async def _be_seen(self) -> None:
        """Where somebody asks `/readyz`, a balancer should find out before it meets a closed door."""
        if time.monotonic() - self.health.asked_at > ASKED_LATELY_S:
            return
        try:
            await asyncio.wait_for(self.health.seen.wait(), SEEN_WITHIN_S)
        except TimeoutError:
            return

    def _under_way(self) -> list[Awaitable[object]]:
        parts: list[Awaitable[object]] = [
            self.jobs.stop(ENDS_WITHIN_S / 2), self.scheduler.stop(), self.outbox.stop(ENDS_WITHIN_S),
            self.runner.cleanup(), self.retention.stop(), self.reviews.stop(), self.replicas.stop(),
        ]  # fmt: skip
        return [*parts, self.sockets.stop()] if self.sockets is not None else parts

    async def _ended(self, part: Awaitable[object], within_s: float = ENDS_WITHIN_S + 1.0) -> None:
        try:
            await asyncio.wait_for(part, within_s)
        except TimeoutError:
            log.warning("stop.cut_short", hint="nothing to do: what was under way is taken up at the next start")


async def build(settings: Settings) -> Tocsin:
    """Open the database (migrating it), read the policy, learn who we are, and wire the parts together."""
    if missing := settings.missing_for_serving():
        raise StartError("Tocsin cannot start:\n  " + "\n  ".join(missing))
    loaded = policy_reader.read(settings.policy_path)
    shelf = Shelf(settings.playbook_folders)
    shelf.start()
    if shelf.folders:
        await shelf.library()  # what is wrong with the operator's own is said now, not at three in the morning
    for warning in loaded.warnings:
        log.warning("policy.warning", detail=warning)
    sole = await acquire(settings.url)
    database = await open_database(settings.url)
    session = slack_api.open_session()
    try:
        if sole is not None:
            await release_leases(database)
        return await _wire(settings, loaded, database, session, sole, shelf)
    except BaseException:
        await session.close()
        await database.close()
        if sole is not None:
            sole.release()
        raise


async def _wire(
    settings: Settings,
    loaded: policy_reader.LoadedPolicy,
    database: Database,
    session: aiohttp.ClientSession,
    sole: InstanceLock | None,
    shelf: Shelf,
) -> Tocsin:
    metrics = Metrics()
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    client = slack_api.web_client(token, settings.slack_api_url, session)
    api = SlackApi(client, metrics.slack_called, lambda method, _: metrics.slack_waits.labels(method).inc())
    clock = await _clock(settings, database)
    context = Context(
        database,
        Policies(loaded.policy, loaded.document, policy_reader.from_document),
        clock,
        methods=pager.methods(settings),
        url=settings.tocsin_url,
        library_cache=shelf,
        runners=Workshop(settings),
    )
    groups = UserGroups(database, api, lambda: context.policy)
    context.usergroups = groups
    me = await who_are_we(api, database)
    async with database.transaction() as conn:
        await calendar_feeds.make_secret(conn)
    recorder = Recorder(context, Channels(context))
    gaps = Gaps(lambda: ask_for_backfill(context))
    retention = Retention(context, settings.tocsin_archive, settings.secrets())
    ctx = ListenerContext(context, api, recorder, me, metrics, settings.tocsin_command, gaps.missed)
    app = _bolt(client, me, token, EventMiddleware(ctx))
    register(app, ctx)
    dispatcher = Dispatcher(context, api, me, session, settings.tocsin_command)
    paging = Notifiers(context, pager.build(settings, session), me.url)
    for words in pager.half_set_up(settings):
        log.warning("notifiers.half_set_up", detail=words)

    async def send(row: ClaimedNotice) -> dict[str, Any]:
        receipt = await (paging.send(row) if row.kind in PAGER_KINDS else dispatcher.send(row))
        if sockets is not None and row.kind in HEARD and str(receipt.get("channel", "")).startswith(("C", "G")):
            sockets.note_post()
        return receipt

    def sent(outcome: Outcome) -> None:
        metrics.outbox_results.labels(outcome.kind, outcome.result).inc()

    def lapsed(deadline: Deadline, lateness_s: float) -> None:
        metrics.lateness.labels(deadline.kind).observe(lateness_s)
        metrics.claimed("deadline", deadline.fence > 1)

    box = Outbox(context, send, sent, lambda row: metrics.claimed("notice", row.reclaimed))
    scheduler = Scheduler(context, clock, lapsed)
    jobs = Jobs(context, settings.secrets, metrics.job_ended)
    sockets = None
    if settings.slack_app_token is not None:
        app_token = settings.slack_app_token.get_secret_value()
        sockets = SocketPool(
            app, app_token, client, lambda: ask_for_backfill(context), metrics.acknowledged, metrics.sockets_rebuilt.inc
        )
    policy_file = PolicyFile(context, metrics, lambda: settings.policy_path, lambda: _join_announcements(context, api))
    checks = health.Health(
        context, metrics, _slack_trouble(api, sockets), lambda: scheduler.ticked_at, lambda: policy_file.trouble
    )
    metrics.about(api.rate_limiter, sockets)
    heartbeat = None
    if settings.heartbeat_url is not None:
        heartbeat = Heartbeat(session, settings.heartbeat_url.get_secret_value(), checks.checks, metrics.heartbeat)

    def counted(processes: int) -> None:
        api.rate_limiter.share_among(processes)
        metrics.replicas.set(processes)

    door = Door(metrics)
    site = door.open_to(web.Application(client_max_size=slack_web.LARGEST_BODY))
    site.add_routes(health.routes(checks))
    if settings.tocsin_demo:
        site.add_routes(debug.routes(context))
    if settings.slack_signing_secret is not None:
        site.add_routes(slack_web.routes(app, settings.slack_signing_secret.get_secret_value(), metrics))
    site.add_routes(oncall_web.routes(context))
    if settings.pagerduty_webhook_secret is not None:
        site.add_routes(webhooks.pagerduty(context, settings.pagerduty_webhook_secret.get_secret_value(), metrics))
    runner = web.AppRunner(
        site, access_log=None, handler_cancellation=False, shutdown_timeout=5.0,
        keepalive_timeout=IDLE_FOR_S, lingering_time=LINGER_S, auto_decompress=False,
    )  # fmt: skip
    tocsin = Tocsin(
        settings,
        database,
        context,
        session,
        box,
        scheduler,
        jobs,
        sockets,
        gaps,
        retention,
        Reviews(context),
        runner,
        door,
        policy_file,
        Rota(context, rota_schedules(settings, session)),
        groups,
        checks,
        Replicas(database, counted),
        heartbeat,
        sole,
    )
    site.on_startup.append(lambda _: _join_announcements(context, api))
    return tocsin


def _bolt(client: Any, me: BotIdentity, token: str, early: EventMiddleware) -> AsyncApp:
    """Bolt acknowledges what it cannot authorise, without running a listener: so it asks us, and we know."""

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team_id, bot_id=me.bot_id, bot_user_id=me.user_id, bot_token=token
        )

    return AsyncApp(
        client=client,
        before_authorize=early,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.web.slack did it; a socket is its own proof
        ignoring_self_events_enabled=False,  # it would drop others' deletions of our messages; we look ourselves
    )


async def _clock(settings: Settings, database: Database) -> Clock:
    """Real time; in a demo faster, counted from the instant the demo first started."""
    if settings.tocsin_speed == 1.0:
        return Clock()
    async with database.transaction() as conn:
        kept = await key_value.DEMO_CLOCK.get(conn)
        if kept is None or kept["speed"] != settings.tocsin_speed:
            kept = {"anchor": time.time(), "speed": settings.tocsin_speed}
            await key_value.DEMO_CLOCK.put(conn, kept)
    return Clock(kept["anchor"], kept["speed"])


async def who_are_we(api: SlackApi, database: Database) -> BotIdentity:
    """From `auth.test`; from the last one where Slack is away. Raises `StartError` where the token is refused."""
    wait_s = 1.0
    while True:
        try:
            answer = await api.call("auth.test")
        except SlackError as error:
            if error.name in FATAL:
                raise StartError(
                    f"Slack refuses the bot token ({error.name}). Copy the Bot User OAuth Token anew from your app's "
                    "page, OAuth & Permissions, into SLACK_BOT_TOKEN."
                ) from error
            async with database.reading() as conn:
                if kept := await key_value.BOT_IDENTITY.get(conn):
                    log.warning("slack.away", error=str(error), hint="started from what was known; posts wait")
                    return BotIdentity(**kept)
            log.warning("slack.away", error=str(error), again_in_s=wait_s)
            await asyncio.sleep(error.wait_s or wait_s)
            wait_s = min(30.0, wait_s * 2)
        else:
            me = BotIdentity(
                user_id=str(answer["user_id"]), bot_id=str(answer.get("bot_id", "")),
                team_id=str(answer.get("team_id", "")), url=str(answer.get("url", "")),
                enterprise_id=str(answer.get("enterprise_id") or ""),
            )  # fmt: skip
            async with database.transaction() as conn:
                await key_value.BOT_IDENTITY.put(conn, asdict(me))
            return me


async def make_findable(database: Database) -> None:
    """What older versions wrote, or read otherwise. Where that fails it is tried again at the next start."""
    try:
        if count := await search_index.fill(database):
            log.info("similar.filled", incidents=count)
    except Exception:
        log.exception("similar.not_filled", hint="check the database; it is tried again at the next start")


async def ask_for_backfill(context: Context) -> None:
    """Have the histories of channels read in which people talk: at start, and after whatever may have left a gap."""
    async with context.database.reading() as conn:
        talking = await incidents.open_or_ended_after(conn, context.clock.now() - STILL_TALKING, limit=1000)
    notices = [routing.backfill(number) for number in talking]
    if notices:
        async with context.database.transaction() as conn:
            await enqueue.put(conn, notices)
    context.wakeups.notify()


async def _join_announcements(context: Context, api: SlackApi) -> None:
    """Come into the announcement channel, beside everything else; what fails is said in the log and on the card."""
    task = asyncio.create_task(_join(context, api), name="join the announcement channel")
    _side_tasks.add(task)
    task.add_done_callback(_side_tasks.discard)


_side_tasks: set[asyncio.Task[None]] = set()


async def _join(context: Context, api: SlackApi) -> None:
    name = context.policy.announce
    if not name:
        return
    try:
        found = await channels.find_by_name(api, name)
        if found is None:
            log.warning("announce.not_found", channel=name, hint="create it, or set `announce` in the policy")
            return
        await channels.join(api, found)
        async with context.database.transaction() as conn:
            await key_value.announcement_channel(name).put(conn, found)
    except SlackError as error:
        log.warning("announce.not_joined", channel=name, error=error.name, hint="invite the bot: /invite @Tocsin")
    except StorageError as error:
        log.warning("announce.not_kept", channel=name, error=str(error), hint="nothing to do: it is looked up again")


def _slack_trouble(api: SlackApi, sockets: SocketPool | None) -> Any:
    """For `/readyz`: asked of Slack at most every ten seconds."""
    known: dict[str, Any] = {"at": -1e9, "trouble": None}

    async def trouble() -> str | None:
        if sockets is not None and not await sockets.connected_count():
            return "no Socket Mode connection; is Slack reachable, and SLACK_APP_TOKEN right?"
        if time.monotonic() - known["at"] > ASK_SLACK_EVERY_S:
            known["at"] = time.monotonic()
            try:
                await api.call("auth.test")
                known["trouble"] = None
            except SlackError as error:
                known["trouble"] = f"Slack does not answer as it should ({error}). {_mend(error)}"
        return known["trouble"]  # type: ignore[no-any-return]  # a str or None, by construction

    return trouble


def _mend(error: SlackError) -> str:
    if error.name in FATAL:
        return "Copy the Bot User OAuth Token anew into SLACK_BOT_TOKEN and restart"
    return "See https://status.slack.com and whether it can be reached from here; what is to be posted waits"


def _port(runner: web.AppRunner) -> int:
    for address in runner.addresses:
        return int(address[1])
    return 0
