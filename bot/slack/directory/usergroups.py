"""Who is in the user groups that the policy names: asked of Slack now and then, and remembered.

Nobody waits for Slack in here. What was last known counts, across restarts too, until Slack says something else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from bot.domain.policy.policy import Policy
from bot.slack.client.api import SlackApi, SlackError
from bot.workers.tasks import ended
from storage import key_value
from storage.database import Database
from storage.engine.errors import StorageError

log = structlog.get_logger()

REFRESH_S = 300.0
REFUSAL_REFRESH_S = 15.0  # at most so often when somebody was refused; usergroups.* is tier 2, 20 a minute
LOOK_S = 1.0
GONE = "no_such_subteam"


def groups_in_policy(policy: Policy) -> frozenset[str]:
    return frozenset(group for allowed in policy.permissions.values() for group in allowed.groups)


class UserGroups:
    """`members` answers at once, from memory; a task keeps it true."""

    def __init__(self, database: Database, api: SlackApi, policy: Callable[[], Policy]) -> None:
        self._database = database
        self._api = api
        self._policy = policy
        self._members: dict[str, frozenset[str]] = {}
        self._ids: dict[str, str] = {}
        self._read_at = -REFRESH_S
        self._known: frozenset[str] = frozenset()
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def members(self, group: str) -> frozenset[str] | None:
        """By ID or handle, as the policy has it. None: neither Slack nor we know."""
        return self._members.get(group)

    def request_refresh(self) -> None:
        """Somebody was refused: look again soon."""
        self._asked = True

    async def start(self) -> None:
        """What was known when we last ran counts from the first moment."""
        await self._recall(groups_in_policy(self._policy()))
        self._task = asyncio.create_task(self._keep(), name="user groups")

    async def stop(self) -> None:
        await ended(self._task)

    async def _keep(self) -> None:
        while True:
            try:
                await self._look()
            except StorageError as error:
                log.warning("usergroup.not_kept", error=str(error))
            except Exception:  # it must outlive whatever it meets
                log.exception("usergroup.failed")
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        """Read them when it is time, when somebody was refused, and when the policy names another."""
        wanted = groups_in_policy(self._policy())
        age = time.monotonic() - self._read_at
        due = age >= REFRESH_S or wanted != self._known or (self._asked and age >= REFUSAL_REFRESH_S)
        if not due:
            return
        self._asked = False
        self._read_at, new, self._known = time.monotonic(), wanted - self._known, wanted
        await self._recall(new)
        await self.fetch(wanted)

    async def fetch(self, wanted: Iterable[str]) -> dict[str, str]:
        """Ask Slack for each. Returns what went wrong, by group."""
        wrong: dict[str, str] = {}
        for group in sorted(wanted):
            try:
                found = await fetch_members(self._api, group, self._ids)
            except SlackError as error:
                wrong[group] = error.name
                log.warning("usergroup.not_read", group=group, error=error.name, hint="what was last known counts")
                continue
            if found is None:
                wrong[group] = GONE
                log.warning("usergroup.gone", group=group, hint="enable it in Slack, or name another in `permissions`")
            people = found or frozenset()
            if people != self._members.get(group):
                async with self._database.transaction() as conn:
                    await key_value.usergroup_members(group).put(conn, sorted(people))
            self._members[group] = people
        return wrong

    async def _recall(self, wanted: Iterable[str]) -> None:
        async with self._database.reading() as conn:
            for group in wanted:
                if (
                    group not in self._members
                    and (kept := await key_value.usergroup_members(group).get(conn)) is not None
                ):
                    self._members[group] = frozenset(kept)


async def fetch_members(api: SlackApi, group: str, ids: dict[str, str] | None = None) -> frozenset[str] | None:
    """The members; None: there is no such group, or it is disabled. `ids` remembers which handle is which."""
    known = {} if ids is None else ids
    for _ in range(2):
        remembered = group in known
        identity = known.get(group) or await _id_of(api, group, known)
        if identity is None:
            return None
        try:
            answer = await api.call("usergroups.users.list", usergroup=identity)
        except SlackError as error:
            if error.name != GONE:
                raise
            known.pop(group, None)
            if not remembered:
                return None
            continue  # the handle may be another group's by now
        return frozenset(map(str, answer.get("users") or ()))
    return None


async def find_id(api: SlackApi, group: str) -> str | None:
    """The ID of a group by its handle; None where Slack has none of that name, or it is disabled."""
    return await _id_of(api, group, {})


async def _id_of(api: SlackApi, group: str, known: dict[str, str]) -> str | None:
    if is_group_id(group):
        return group
    answer = await api.call("usergroups.list")
    known |= {str(one.get("handle")): str(one["id"]) for one in answer.get("usergroups") or ()}
    return known.get(group)


def is_group_id(group: str) -> bool:
    return group.startswith("S") and group.isupper()
