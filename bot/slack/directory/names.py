"""Looks up the names behind IDs in the background, for the terminal, calendars and old messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.values.one_line import one_line
from bot.slack.client.api import SlackApi, SlackError
from bot.usecases.context import Clock
from bot.workers.base import Periodic
from storage import names
from storage.database import Database

log = structlog.get_logger()

LOOK_S = 2.0
AT_ONCE = 10  # IDs looked up in one turn; users.info takes a hundred a minute
MOST_WAITING = 5_000  # IDs; further ones are asked for again when they occur again
PROFILE_FRESH_S = 3600.0
FRESH = timedelta(days=7)


class NameDirectory:
    """Remembers which IDs were asked for, and stores their names. It asks Slack once for each in `FRESH`."""

    def __init__(self, database: Database, api: SlackApi, clock: Clock) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._waiting: dict[str, None] = {}  # a set in order
        self._done: dict[str, datetime] = {}  # when it was last known, or Slack did not tell

    def request(self, ids: Iterable[str]) -> None:
        """Have these names looked up soon. Returns at once."""
        since = self._clock.now() - FRESH
        for slack_id in ids:
            done_at = self._done.get(slack_id)
            if (done_at is None or done_at < since) and len(self._waiting) < MOST_WAITING:
                self._waiting[slack_id] = None

    @property
    def periodic(self) -> Periodic:
        """The look-up, for the timer."""
        return Periodic("names", timedelta(seconds=LOOK_S), timedelta(0), self.look_up)

    async def look_up(self) -> None:
        """1. Take some IDs. 2. Leave out those that are known. 3. Ask Slack for the others and store their names.

        While Slack cannot answer, the rest waits for another turn.
        """
        ids = list(self._waiting)[:AT_ONCE]
        if not ids:
            return
        now = self._clock.now()
        async with self._database.reading() as conn:
            fresh_names = await names.get_many(conn, ids, now - FRESH)
        new_names: dict[str, str] = {}
        try:
            for slack_id in ids:
                if slack_id not in fresh_names and (name := await self._ask(slack_id)):
                    new_names[slack_id] = name
                self._waiting.pop(slack_id, None)
                self._done[slack_id] = now
        except SlackError as error:
            log.info("names.wait", error=error.name)
        finally:
            if new_names:
                async with self._database.transaction() as conn:
                    await names.put_many(conn, new_names, now)
            if len(self._done) > MOST_WAITING:
                self._done.clear()

    async def _ask(self, slack_id: str) -> str | None:
        """The name as Slack tells it; None where Slack does not know the ID. Raises `SlackError` to be asked again."""
        try:
            return one_line(await self._name_of(slack_id)) or None
        except SlackError as error:
            if not error.permanent:
                raise
            log.info("name.not_known", id=slack_id, error=error.name)
            return None

    async def _name_of(self, slack_id: str) -> str:
        match slack_id[:1]:
            case "U" | "W":
                user = await self._api.profiles.get(slack_id, PROFILE_FRESH_S)
                profile = user.get("profile") or {}
                return _first(profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
            case "B":
                return _first((await self._api.call("bots.info", bot=slack_id))["bot"].get("name"))
            case "C" | "G":
                channel = (await self._api.call("conversations.info", channel=slack_id))["channel"]
                # The name of a private channel may tell what only its members know.
                return "" if channel.get("is_private") else _first(channel.get("name"))
            case "S":
                groups = (await self._api.call("usergroups.list")).get("usergroups") or ()
                return next((_first(group.get("handle")) for group in groups if group.get("id") == slack_id), "")
        return ""


def _first(*texts: Any) -> str:
    return next((text for text in texts if isinstance(text, str) and text.strip()), "")
