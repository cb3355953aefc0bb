"""Builds the periodic tasks."""

from __future__ import annotations

from datetime import timedelta

from bot import trackers
from bot.bootstrap.base import Base
from bot.secret_settings import secret_of
from bot.slack.directory.accounts import AccountSync
from bot.slack.directory.used_numbers import UsedNumbers
from bot.slack.inbound import arrivals
from bot.web.health import Health
from bot.workers.action_reminders import action_reminders
from bot.workers.allocator import memory_trim
from bot.workers.base import Periodic
from bot.workers.figure_metrics import figure_metrics
from bot.workers.heartbeat import Heartbeat
from bot.workers.maintenance import maintenance
from bot.workers.on_call_watch import OnCallWatch
from bot.workers.playbook_reviews import playbook_reviews
from bot.workers.replica_counter import ReplicaCounter
from bot.workers.retention import Retention
from bot.workers.shadow_on_call import ShadowOnCall, source_of
from bot.workers.shadow_report import shadow_report
from bot.workers.sheet_mail import sheet_mail
from bot.workers.sheet_writer import SheetWriter
from bot.workers.subscriber_queue import subscriber_queue
from bot.workers.ticket_poller import ticket_poller
from bot.workers.usergroup_sync import UsergroupSync
from bot.workers.weekly_digest import weekly_digest


def periodic_tasks(base: Base, heartbeat: Heartbeat | None, replicas: ReplicaCounter) -> list[Periodic]:
    """Every periodic task, apart from the loops of the services."""
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
        ShadowOnCall(context, lambda name: source_of(name, base.live.current, base.session)).periodic,
        Retention(context, settings.tocsin_archive, base.live.secrets).periodic,
    ]
    if (trim := memory_trim()) is not None:
        periodic.append(trim)
    if replicas.periodic is not None:
        periodic.append(replicas.periodic)
    if settings.tocsin_sheet is not None:
        periodic.append(SheetWriter(context, settings.tocsin_sheet).periodic)
    if heartbeat is not None:
        periodic.append(heartbeat.periodic)
    return periodic


def heartbeat_of(base: Base, health: Health) -> Heartbeat | None:
    """The heartbeat; None unless its address is set."""
    if base.settings.heartbeat_url is None:
        return None

    def url() -> str:
        return secret_of(base.live.current.heartbeat_url)

    return Heartbeat(base.session, url, health.checks, base.metrics.heartbeat)
