"""Finds the Slack user of a person in the policy, who is named by Slack ID or e-mail address."""

from __future__ import annotations

import time

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory.accounts import AccountLog

NAME_FRESH_S = 3600.0
ID_FRESH_S = 3600.0  # an address may belong to another account later


class People:
    """Looks people up one by one and remembers the answers. It never lists the workspace's members.

    `on_lookup` is awaited with the address and the user ID of each person that was looked up.
    """

    def __init__(self, api: SlackApi, accounts: AccountLog) -> None:
        self._api = api
        self._accounts = accounts
        self._ids: dict[str, tuple[float, str]] = {}  # when it was looked up (monotonic), and the user ID
        self._direct_channels: dict[str, str] = {}

    async def user_id(self, person: str) -> str:
        """The Slack ID of an ID or address. Raises a permanent `SlackError` for an address that the workspace lacks."""
        if "@" not in person:
            return person
        looked_up_at, user_id = self._ids.get(person, (float("-inf"), None))
        if user_id is not None and time.monotonic() - looked_up_at < ID_FRESH_S:
            return user_id
        try:
            answer = await self._api.call("users.lookupByEmail", email=person)
        except SlackError as error:
            await self._accounts.missing(person, error)
            if user_id is not None and not error.permanent:  # Slack cannot say: nobody waits for it
                return user_id
            self._ids.pop(person, None)
            raise
        user = str(answer["user"]["id"])
        self._ids[person] = time.monotonic(), user
        await self._accounts.found(person, user)
        return user

    def forget(self, person: str) -> None:
        """Look the person up anew the next time, since Slack did not take a message to them."""
        _, user = self._ids.pop(person, (0.0, person))
        self._direct_channels.pop(user, None)

    async def direct_channel(self, person: str) -> str:
        """The direct-message channel with a person, which never changes and so is opened once."""
        user = await self.user_id(person)
        if user not in self._direct_channels:
            try:
                answer = await self._api.call("conversations.open", users=user)
            except SlackError as error:
                await self._accounts.missing(user, error)
                if error.permanent:
                    self.forget(person)
                raise
            self._direct_channels[user] = str(answer["channel"]["id"])
        return self._direct_channels[user]

    async def name(self, person: str) -> str:
        """A person's display name, for texts in which a mention would notify them; `person` itself if unknown."""
        user = person
        try:
            user = await self.user_id(person)
            account = await self._api.profiles.get(user, NAME_FRESH_S)
        except SlackError as error:
            if not error.permanent:
                raise
            return person
        profile = account.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or account.get("real_name") or user)

    async def ids(self, people: list[str]) -> list[str]:
        """The Slack IDs of `people`, in order, each once. An unknown address stays as it is, to be shown as text."""
        ids = []
        for person in people:
            try:
                ids.append(await self.user_id(person))
            except SlackError as error:
                if not error.permanent:
                    raise
                ids.append(person)
        return list(dict.fromkeys(ids))
