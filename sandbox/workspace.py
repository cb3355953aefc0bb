"""The workspace: everything put together. Tests and the control API hold on to this one object."""

import asyncio
from collections.abc import Callable
from typing import Any

from sandbox import manifest as manifests
from sandbox.clock import Clock
from sandbox.delivery import Delivery
from sandbox.faults import Faults
from sandbox.interact import Interact
from sandbox.journal import CallRecord, DeliveryRecord, Journal
from sandbox.membership import Membership
from sandbox.modals import Modals
from sandbox.model import Channel, Ephemeral, File, Json, Message, User
from sandbox.mrkdwn import mentions
from sandbox.person import Person
from sandbox.posting import Posting
from sandbox.rates import Rates
from sandbox.responses import ResponseUrls
from sandbox.seed import seed
from sandbox.settings import Settings
from sandbox.shapes import Shapes
from sandbox.sockets import Sockets
from sandbox.state import State
from sandbox.store import Store
from sandbox.text import channel_text
from sandbox.transport import Answer, Envelope, HttpTransport


class Workspace:
    """A local Slack workspace with one app in it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.manifest = manifests.read(self.settings.manifest)
        self.clock = Clock()
        self.state = State(self.clock)
        self.journal = Journal(self.settings.log_size, self.settings.transcript)
        self.store = Store(self.settings.db, self.state) if self.settings.db else None
        if self.store is None or not self.store.load():
            seed(self.state, self.settings, self.manifest)
        self.bot = next(user for user in self.state.users.values() if user.app_id == self.settings.app_id)
        self.url = ""
        self.revoked = False
        self.http = HttpTransport(self.settings.signing_secret, self.settings.ack_timeout_s)
        self.http.url = self.settings.request_url
        self.sockets = Sockets(self.settings, self.journal)
        self.faults = Faults()
        self.rates = Rates(self.clock, on=self.settings.tiers)
        self.shapes = Shapes(self.state, self.settings, "https://files.sandbox.invalid")
        bot = self.bot.id
        self.delivery = Delivery(self.state, self.settings, self.manifest, self.journal, self, bot)
        self.posting = Posting(self.state, self.shapes, self.journal, self.delivery.emit, bot)
        self.membership = Membership(self.state, self.posting, self.journal, self.delivery.emit, self.settings.team_id)
        self.modals = Modals(self.state, self.settings, self.journal, self.bot.bot_id or "")
        self.responses = ResponseUrls(self.state, self.posting, bot, self.settings.team_id)
        self.interact = Interact(
            self.state,
            self.settings,
            self.manifest,
            self.shapes,
            self.posting,
            self.delivery,
            self.modals,
            self.responses,
        )

    @property
    def api_url(self) -> str:
        """What the app's client takes as base URL."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        """Where HTTP deliveries go; may be set after the app has started."""
        return self.http.url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self.http.url = url

    def opened(self, url: str) -> None:
        """The server listens at this address now."""
        self.url = url
        self.responses.base_url = url
        self.sockets.base_url = url
        self.shapes.base_url = url

    async def send(self, envelope: Envelope, retry: int = 0, reason: str | None = None) -> Answer:
        """Deliver once: over a socket where one is open or nothing else is known, else by signed HTTP."""
        if self.sockets.connections or self.http.url is None:
            return await self.sockets.send(envelope, retry, reason)
        return await self.http.send(envelope, retry, reason)

    # People and places

    def person(self, name: str) -> Person:
        """Somebody to act as, by handle, ID or email."""
        return Person(self, self.user(name))

    def user(self, name: str) -> User:
        """Somebody by handle, ID, real name or email."""
        found = self.state.user_named(name)
        if found is None:
            raise LookupError(f"nobody here is called {name!r}")
        return found

    def channel(self, name: str) -> Channel:
        """A channel by name or ID."""
        found = self.state.channel_named(name)
        if found is None:
            raise LookupError(f"no channel is called {name!r}; there is: {self.channel_names()}")
        return found

    def find_channel(self, prefix: str) -> Channel | None:
        """The newest channel whose name begins so, or `None`."""
        named = [c for c in self.state.channels.values() if c.name.startswith(prefix.removeprefix("#"))]
        return named[-1] if named else None

    def channel_names(self) -> list[str]:
        """The names of all channels."""
        return [channel.name for channel in self.state.channels.values() if not channel.is_im]

    def add_person(self, name: str, real_name: str, **fields: Any) -> Person:
        """Let somebody new in (`team_join`); `is_restricted=True` for a guest, `is_stranger=True` for a partner."""
        handle = name.lower()
        known: Json = {"team_id": self.settings.team_id, "email": f"{handle}@example.com"} | fields
        known |= {"updated": int(self.clock.now())}
        user = self.state.add_user(User(f"U0{handle.upper():0<8}", handle, real_name, **known))
        self.journal.change("team_join", {"user": user.id})
        self.delivery.emit(self.shapes.user_event(user, "team_join", self.state.ts()), None)
        return Person(self, user)

    def change_user(self, name: str, **changes: Any) -> User:
        """Change somebody (`user_change`)."""
        user = self.user(name)
        for key, value in changes.items():
            setattr(user, key, value)
        user.updated = int(self.clock.now())
        self.state.touch("user", user.id)
        self.journal.change("user_change", {"user": user.id})
        self.delivery.emit(self.shapes.user_event(user, "user_change", self.state.ts()), None)
        return user

    # What is there

    def messages(self, channel: str, *, threads: bool = False) -> list[Message]:
        """A channel's messages, oldest first, without joins and the like; with `threads` the replies too."""
        log = self.state.logs[self.channel(channel).id]
        found = sorted(log.messages.values(), key=lambda m: m.ts) if threads else list(log)
        return [m for m in found if not (m.subtype or "").startswith("channel_")]

    def bot_messages(self, channel: str, *, threads: bool = True) -> list[Message]:
        """What the app has said in a channel."""
        return [m for m in self.messages(channel, threads=threads) if m.user == self.bot.id]

    def replies(self, message: Message) -> list[Message]:
        """The thread under a message."""
        return self.state.logs[message.channel].replies(message.ts)

    def pinned(self, channel: str) -> list[Message]:
        """The pinned messages of a channel."""
        where = self.channel(channel)
        found = (self.state.message(where.id, pin["ts"]) for pin in where.pins)
        return [message for message in found if message is not None]

    def ephemerals(self, viewer: str, channel: str | None = None) -> list[Ephemeral]:
        """What only this person sees, oldest first."""
        user = self.user(viewer).id
        where = self.channel(channel).id if channel else None
        return [
            shown
            for shown in self.state.ephemerals
            if shown.viewer == user and not shown.deleted and where in (None, shown.channel)
        ]

    def mentioned(self, message: Message | Ephemeral) -> set[str]:
        """The IDs of everybody a message names, and `here`, `channel`, `everyone` as they stand."""
        found = mentions(message.text, message.blocks)
        groups = {user for group in found.usergroups if group in self.state.usergroups for user in self._group(group)}
        return set(found.users) | groups | set(found.broadcasts)

    def _group(self, group_id: str) -> list[str]:
        return self.state.usergroups[group_id].users

    def notified(self, message: Message | Ephemeral) -> set[str]:
        """The IDs of the members whose telephone rings for a message."""
        channel = self.state.channels[message.channel]
        author = message.viewer if isinstance(message, Ephemeral) else message.user
        if isinstance(message, Ephemeral):
            return set()
        everybody = set(channel.members) - {author}
        if channel.is_im:
            return everybody
        named = self.mentioned(message)
        if named & {"here", "channel", "everyone"}:
            return everybody
        return named & everybody

    def permalink(self, message: Message) -> str:
        """The message's address."""
        return self.shapes.permalink(message)

    def text(self, channel: str, viewer: str | None = None) -> str:
        """A channel as plain text, as `viewer` sees it."""
        return channel_text(self, self.channel(channel), self.user(viewer) if viewer else None)

    def calls(self, method: str | None = None) -> list[CallRecord]:
        """The Web API calls so far."""
        return [call for call in self.journal.calls if method in (None, call.method)]

    # Time

    async def until(self, holds: Callable[[], Any], timeout_s: float = 10.0) -> Any:
        """Wait until something is so, and give what `holds` gave; `TimeoutError` when it never is."""
        return await self.journal.until(holds, timeout_s)

    async def settled(self, timeout_s: float = 10.0) -> None:
        """Wait until every event has reached the app or waits for a later repetition."""
        await self.delivery.settled(timeout_s)

    # Trouble

    async def go_down(self) -> None:
        """Slack is down: the API answers 503, sockets break, events wait."""
        self.faults.down = True
        self.sockets.refusing = True
        self.delivery.faults.hold = self.delivery.down = True
        self.sockets.drop()

    async def come_back(self) -> None:
        """Slack is up again and delivers what waited."""
        self.faults.down = False
        self.sockets.refusing = self.delivery.down = False
        self.delivery.release()

    async def deliver(self, event: Json) -> DeliveryRecord:
        """Deliver a hand-made event and wait until the app took it or it was given up; many at once is fine."""
        return await self.delivery.deliver(event)

    def publish(self, event: Json) -> None:
        """Deliver a hand-made event in the background."""
        self.delivery.publish(event)

    def emit_file_shared(self, file: File, channel: Channel, user: str) -> None:
        """Tell the app of a shared file."""
        event = {
            "type": "file_shared",
            "file_id": file.id,
            "user_id": user,
            "file": {"id": file.id},
            "channel_id": channel.id,
            "event_ts": self.state.ts(),
        }
        self.delivery.emit(event, channel)

    async def close(self) -> None:
        """Stop everything; what is stored is stored."""
        self.faults.ended.set()
        await self.delivery.close()
        await self.sockets.close()
        await self.http.close()
        if self.store is not None:
            await asyncio.to_thread(self.store.close)
        self.journal.close()
