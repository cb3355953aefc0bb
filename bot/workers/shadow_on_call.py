"""Asks the other service in shadow mode who was on call there when it paged, a few questions at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp
import structlog

from bot.domain.errors import DeliveryError
from bot.integrations.http import is_unencrypted
from bot.integrations.opsgenie_on_call import OpsgenieOnCall
from bot.integrations.pagerduty_schedules import Schedules
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.usecases.context import Context
from bot.usecases.shadow_on_call import OnCallQuestion, open_questions, record_answer
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY, FIRST = timedelta(seconds=30), timedelta(seconds=10)
AT_ONCE = 10  # pages in one look, so that the vendors' limits (of some hundred requests a minute) stay far away
LOOK_BACK = timedelta(days=2)  # the vendors answer for past instants, too
REFUSED_WAIT = timedelta(minutes=10)


class OnCallSource(Protocol):
    """A paging service that says who was on call."""

    async def on_call(self, schedules: Sequence[str], at: datetime) -> dict[str, tuple[str, ...]]:
        """Names or addresses by the service's own ID of each schedule. Raises `DeliveryError`."""
        ...


def source_of(name: str, settings: Settings, session: aiohttp.ClientSession) -> OnCallSource | None:
    """The client of a service; None without a key, or if the address would send it in the clear."""
    if name == "opsgenie":
        key, url = secret_of(settings.opsgenie_api_key), settings.opsgenie_api_url
        return OpsgenieOnCall(session, url, key) if key and not is_unencrypted(url) else None
    key, url = secret_of(settings.pagerduty_api_token), settings.pagerduty_api_url
    return Schedules(session, url, key) if key and not is_unencrypted(url) else None


class ShadowOnCall:
    """Asks about each page once, the earliest first. Replicas may ask the same: the answer is the same."""

    def __init__(self, context: Context, source: Callable[[str], OnCallSource | None]) -> None:
        self._context = context
        self._source = source
        self._quiet_until: datetime | None = None

    @property
    def periodic(self) -> Periodic:
        """The task that looks for pages to ask about."""
        return Periodic("on call in shadow mode", EVERY, FIRST, self.look)

    async def look(self) -> None:
        """Ask about some pages. After a refusal it pauses for as long as the service says."""
        rules, now = self._context.policy.shadow, self._context.clock.now()
        if rules is None or (self._quiet_until is not None and now < self._quiet_until):
            return
        source = self._source(rules.source)
        if source is None:
            return
        try:
            for question in (await open_questions(self._context, now - LOOK_BACK))[:AT_ONCE]:
                await self._ask(source, question)
        except DeliveryError as error:
            wait = timedelta(seconds=error.wait_s) if error.wait_s else REFUSED_WAIT if error.permanent else EVERY
            self._quiet_until = now + wait
            log.warning("shadow.not_asked", source=rules.source, error=str(error), again_in_s=wait.total_seconds())

    async def _ask(self, source: OnCallSource, question: OnCallQuestion) -> None:
        on_call = await source.on_call(list(question.schedules), question.page.at) if question.schedules else {}
        await record_answer(self._context, question, on_call)
