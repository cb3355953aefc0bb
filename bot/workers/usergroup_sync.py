"""Queues an update of a Slack user group's members when the people on call on its schedule, or its team, change.

The members last given to a group are in the database, so a restart, a second replica, a cover and a changed policy are
all the same case: a difference is a notice in the outbox, and sending it gives the group its members.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain import routing
from bot.usecases.context import Context
from bot.usecases.effects import on_call
from bot.workers.base import Periodic
from storage import key_value
from storage.outbox import enqueue

log = structlog.get_logger()

LOOK_S = 5.0
_NOBODY = ""  # first in a list of members: nobody is on call, and that was logged


class UsergroupSync:
    """Compares each group's members with the people on call."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def periodic(self) -> Periodic:
        """The task that looks for groups whose members differ from the people on call."""
        return Periodic("usergroup sync", timedelta(seconds=LOOK_S), timedelta(0), self.look)

    async def look(self) -> None:
        """1. Find who should be in each group. 2. Read whom it was given last. 3. If they differ, queue the change."""
        differences = await self._differences()
        for group, (members, last) in differences.items():
            if members:
                await self._change(group, members)
            elif last is not None and last[:1] != [_NOBODY]:
                await self._keep(group, last)
        if differences:
            self._context.wakeups.notify()

    async def _differences(self) -> dict[str, tuple[list[str], list[str] | None]]:
        """By group, its members now and those it was given last; None if it was never given any."""
        groups = on_call.usergroups(self._context.policy)
        if not groups:
            return {}
        now = self._context.clock.now()
        differences = {}
        async with self._context.database.reading() as conn:
            for group in groups:
                members = await on_call.members_of_group(conn, self._context.policy, group, now)
                last = await key_value.usergroup_on_call(group).get(conn)
                if last != members:
                    differences[group] = (members, last)
        return differences

    async def _change(self, group: str, members: list[str]) -> None:
        async with self._context.database.transaction() as conn:
            await key_value.usergroup_on_call(group).put(conn, members)
            await enqueue.put(conn, [routing.user_group(group)])
        log.info("usergroup.follows", group=group, people=len(members))

    async def _keep(self, group: str, last: list[str]) -> None:
        """Leave the group as it is, since Slack takes no empty group. Logged once."""
        log.warning(
            "usergroup.kept", group=group, detail="nobody is on call, and Slack takes no empty group",
            hint="`/incident oncall` shows the gap; until it is filled, the group keeps its last members",
        )  # fmt: skip
        async with self._context.database.transaction() as conn:
            await key_value.usergroup_on_call(group).put(conn, [_NOBODY, *last])
