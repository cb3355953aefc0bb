"""The rota: looks every few seconds who is on call, and keeps the Slack user groups that follow a schedule in step.

What a group was last given stands in the database, so a restart, a second replica, a cover or a changed policy all come
to the same: a difference is a notice in the outbox, and the group is made to be what it should be when that is sent.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.domain import routing
from bot.integrations.pagerduty_schedules import Schedules
from bot.usecases.context import Context
from bot.usecases.effects import home_tab, on_call
from bot.workers.pagerduty_schedule_sync import PagerDutyScheduleSync
from bot.workers.tasks import cancel_and_wait
from storage import key_value
from storage.engine.errors import StorageError
from storage.outbox import enqueue

log = structlog.get_logger()

LOOK_S = 5.0


class UsergroupSync:
    """Puts a notice into the outbox for each user group whose members should change."""

    name = "usergroup sync"

    def __init__(self, context: Context, elsewhere: Schedules | None = None) -> None:
        self._context = context
        self._reading = PagerDutyScheduleSync(context, elsewhere)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name="rota")

    async def stop(self, within_s: float) -> None:
        await cancel_and_wait(self._task)

    async def _keep(self) -> None:
        while True:
            try:
                await self._reading.refresh()
                await self.look()
            except StorageError as error:
                log.warning("rota.not_looked", error=str(error), hint="check the database; it is tried again")
            except Exception:  # it must outlive whatever it meets
                log.exception("rota.failed")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """1. Who should be in each group now; 2. does that differ from what it was given last? 3. then say so."""
        groups = on_call.schedules_by_usergroup(self._context.policy)
        if not groups:
            return
        now, wanted = self._context.clock.now(), {}
        async with self._context.database.reading() as conn:
            for group, schedules in groups.items():
                people = await on_call.addresses_on_call(conn, self._context.policy, schedules, now)
                given = await key_value.usergroup_on_call(group).get(conn)
                if given != people:
                    wanted[group] = (people, given)
        for group, (people, given) in wanted.items():
            if not people:
                if given is not None and given[:1] != [""]:
                    log.warning(
                        "usergroup.kept", group=group, detail="nobody is on call, and Slack takes no empty group",
                        hint="`/incident oncall` shows the gap; until it is filled, it keeps whoever was last in it",
                    )  # fmt: skip
                    await self._given(group, ["", *given])
                continue
            async with self._context.database.transaction() as conn:
                await key_value.usergroup_on_call(group).put(conn, people)
                await enqueue.put(conn, [routing.user_group(group)])
                await home_tab.refresh_all(conn, now)
            log.info("usergroup.follows", group=group, people=len(people))
        self._context.wakeups.notify()

    async def _given(self, group: str, people: list[str]) -> None:
        async with self._context.database.transaction() as conn:
            await key_value.usergroup_on_call(group).put(conn, people)
