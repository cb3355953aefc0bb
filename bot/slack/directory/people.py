"""People by what a policy may call them: a Slack ID is taken as it is, an e-mail address is looked up once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.slack.client.api import SlackApi, SlackError


class People:
    """Looks e-mail addresses up and remembers; never lists a workspace. `learned` is told of what was looked up."""

    def __init__(self, api: SlackApi, on_lookup: Callable[[str, str], Awaitable[None]] | None = None) -> None:
        self._api = api
        self._learned = on_lookup
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._direct: dict[str, str] = {}

    async def user_id(self, person: str) -> str:
        """The Slack ID. Raises a permanent `SlackError` for an address nobody has."""
        if "@" not in person:
            return person
        if person not in self._ids:
            answer = await self._api.call("users.lookupByEmail", email=person)
            self._ids[person] = answer["user"]["id"]
            if self._learned is not None:
                await self._learned(person, self._ids[person])
        return self._ids[person]

    async def direct_channel(self, person: str) -> str:
        """The direct-message channel with somebody; it stays the same, so it is opened once."""
        user = await self.user_id(person)
        if user not in self._direct:
            answer = await self._api.call("conversations.open", users=user)
            self._direct[user] = str(answer["channel"]["id"])
        return self._direct[user]

    async def name(self, person: str) -> str:
        """What people call somebody, for where a mention would ring their telephone; an unknown one stays as it is."""
        user = person
        try:
            user = await self.user_id(person)
            if user not in self._names:
                found = (await self._api.call("users.info", user=user))["user"]
                profile = found.get("profile") or {}
                self._names[user] = (
                    profile.get("display_name") or profile.get("real_name") or found.get("real_name") or user
                )
        except SlackError as error:
            if not error.permanent:
                raise
            return person
        return self._names[user]

    async def ids(self, people: list[str]) -> list[str]:
        """Those that can be named; an unknown address stays itself, to be shown as text."""
        found = []
        for person in people:
            try:
                found.append(await self.user_id(person))
            except SlackError as error:
                if not error.permanent:
                    raise
                found.append(person)
        return found
