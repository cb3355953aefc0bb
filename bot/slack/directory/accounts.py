"""Looks up the Slack accounts of people whom the policy names, and stores the results for the use cases.

Use cases know people by their Slack ID and cannot ask Slack. So the look-ups happen in the background, before any of
these people has to be paged.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog

from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_user_id
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.error_messages import explanation
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.usecases.effects.on_call import names_in
from bot.workers.base import Periodic
from storage import directory, overrides

log = structlog.get_logger()

# Errors that are about the person, not about the bot. https://docs.slack.dev/reference/methods/conversations.open
NO_ACCOUNT = frozenset({"users_not_found", "user_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot"})
EVERY_S = 10.0
AT_ONCE = 5  # look-ups in `EVERY_S` seconds: half of what Slack allows for `users.lookupByEmail`
FRESH_S = 3600.0  # how long an account counts as known
PROFILE_FRESH_S = 300.0
RECHECK_S = 600.0  # how long a missing account counts as missing


class AccountLog:
    """Stores which Slack ID a person has, or why Slack does not reach them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def found(self, name: str, user: str) -> None:
        """Store that the person with this address or Slack ID has this account."""
        async with self._context.database.transaction() as conn:
            if "@" in name and await directory.remember_user(conn, name, user):
                await home_tab.refresh_person(conn, user, self._context.clock.now())
            await directory.mark_reachable(conn, {name, user})

    async def missing(self, name: str, error: SlackError) -> None:
        """Store that Slack has no account for this person. Errors that are not in `NO_ACCOUNT` are ignored."""
        if error.name not in NO_ACCOUNT:
            return
        log.warning("person.unreachable", person=name, error=error.name, hint="correct the policy; see `tocsin check`")
        async with self._context.database.transaction() as conn:
            await directory.mark_unreachable(conn, name, explanation(error), self._context.clock.now())


class AccountSync:
    """Looks up the people whom the policy names, a few at a time; sooner again if Slack did not reach them."""

    def __init__(self, context: Context, api: SlackApi) -> None:
        self._context = context
        self._api = api
        self._accounts = AccountLog(context)
        self._next_at: dict[str, float] = {}

    @property
    def periodic(self) -> Periodic:
        """The task that calls `refresh` every few seconds."""
        return Periodic("people's accounts", timedelta(seconds=EVERY_S), timedelta(seconds=1), self.refresh)

    async def refresh(self) -> None:
        """Look up the people who are due, at most `AT_ONCE`. Stops at an error that is not about a person."""
        names = await self._names(self._context.clock.now())
        due = [name for name in names if time.monotonic() >= self._next_at.get(name, 0.0)]
        for name in due[:AT_ONCE]:
            try:
                user = await look_up(self._api, name)
            except SlackError as error:
                if error.name not in NO_ACCOUNT:
                    return
                await self._accounts.missing(name, error)
                self._next_at[name] = time.monotonic() + RECHECK_S
            else:
                await self._accounts.found(name, user)
                self._next_at[name] = time.monotonic() + FRESH_S

    async def _names(self, now: datetime) -> list[str]:
        async with self._context.database.reading() as conn:
            covering = {override.member for override in await overrides.in_force(conn, now)}
        return sorted(people_in(self._context.policy) | {name for name in covering if is_person(name)})


def people_in(policy: Policy) -> frozenset[str]:
    """The addresses and Slack IDs by which a policy names people."""
    return frozenset(filter(is_person, names_in(policy)))


def is_person(name: str) -> bool:
    """Whether Slack can look this name up: it is an address or a Slack ID, not the key of a contact."""
    return "@" in name or is_user_id(name)


async def look_up(api: SlackApi, name: str) -> str:
    """The Slack ID of the active account of an address or Slack ID. Raises `SlackError`."""
    if "@" in name:
        return str((await api.call("users.lookupByEmail", email=name))["user"]["id"])
    account = await api.profiles.get(name, PROFILE_FRESH_S)
    if account.get("deleted"):
        raise SlackError("user_disabled", "users.info", permanent=True)
    return name
