"""Runs a sandbox workspace for tests and the control API: people to act as, messages to read, faults to cause."""

import asyncio
from collections.abc import Callable
from typing import Any

from sandbox import slack_events
from sandbox.core import WorkspaceCore
from sandbox.journal import CallRecord, DeliveryRecord
from sandbox.model import Channel, Json, Message, User
from sandbox.person import Person


class Workspace(WorkspaceCore):
    """A local Slack workspace with one app in it."""

    # People and channels

    def person(self, name: str) -> Person:
        """Return a person to act as, by handle, ID or email."""
        return Person(self, self.user(name))

    def find_channel(self, prefix: str) -> Channel | None:
        """Return the newest channel whose name starts with `prefix`, or `None`."""
        channels = [c for c in self.state.channels.values() if c.name.startswith(prefix.removeprefix("#"))]
        return channels[-1] if channels else None

    def add_person(self, name: str, real_name: str, **fields: Any) -> Person:
        """Add a user and send `team_join`; `is_restricted=True` for a guest, `is_stranger=True` for a partner."""
        handle = name.lower()
        profile: Json = {"team_id": self.settings.team_id, "email": f"{handle}@example.com"} | fields
        profile |= {"updated": int(self.clock.now())}
        user = self.state.add_user(User(f"U0{handle.upper():0<8}", handle, real_name, **profile))
        self._emit_user_event(user, "team_join")
        return Person(self, user)

    def change_user(self, name: str, **changes: Any) -> User:
        """Change fields of a user and send `user_change`."""
        user = self.user(name)
        for key, value in changes.items():
            setattr(user, key, value)
        user.updated = int(self.clock.now())
        self.state.touch("user", user.id)
        self._emit_user_event(user, "user_change")
        return user

    def _emit_user_event(self, user: User, kind: str) -> None:
        self.journal.change(kind, {"user": user.id})
        self.delivery.emit(slack_events.user_event(user, kind, self.state.ts()), None)

    # Messages and calls

    def messages(self, channel: str, *, threads: bool = False) -> list[Message]:
        """List a channel's messages, oldest first, without notices such as joins; with `threads` the replies too."""
        log = self.state.logs[self.channel(channel).id]
        messages = sorted(log.messages.values(), key=lambda message: message.ts) if threads else list(log)
        return [message for message in messages if not (message.subtype or "").startswith("channel_")]

    def bot_messages(self, channel: str, *, threads: bool = True) -> list[Message]:
        """List what the app has posted in a channel."""
        return [message for message in self.messages(channel, threads=threads) if message.user == self.bot.id]

    def replies(self, message: Message) -> list[Message]:
        """List the thread under a message, oldest first."""
        return self.state.logs[message.channel].replies(message.ts)

    def pinned(self, channel: str) -> list[Message]:
        """List the pinned messages of a channel."""
        pins = self.channel(channel).pins
        messages = [self.state.message(self.channel(channel).id, pin["ts"]) for pin in pins]
        return [message for message in messages if message is not None]

    def calls(self, method: str | None = None) -> list[CallRecord]:
        """List the app's Web API calls so far, of one method or of all."""
        return [call for call in self.journal.calls if method in (None, call.method)]

    # Waiting

    async def until(self, condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
        """Wait until `condition()` is truthy and return its value. Raises `TimeoutError`.

        It is evaluated after every change in the workspace, not at intervals.
        """
        return await self.journal.until(condition, timeout_s)

    async def settled(self, timeout_s: float = 60.0) -> None:
        """Wait until every event has reached the app or waits for a later retry."""
        await self.delivery.settled(timeout_s)

    # Outages and hand-made events

    async def go_down(self) -> None:
        """Take Slack down: the API answers 503, sockets break, events are held back."""
        self.faults.down = True
        self.sockets.refusing = True
        self.delivery.faults.hold = self.delivery.down = True
        self.sockets.drop()

    async def come_back(self) -> None:
        """End the outage and deliver the events that were held back."""
        self.faults.down = False
        self.sockets.refusing = self.delivery.down = False
        self.delivery.release()

    async def deliver(self, event: Json) -> DeliveryRecord:
        """Deliver a hand-made event; return once the app took it or all retries failed. Safe to call concurrently."""
        return await self.delivery.deliver(event)

    def publish(self, event: Json) -> None:
        """Deliver a hand-made event in the background."""
        self.delivery.publish(event)

    async def close(self) -> None:
        """Stop all deliveries and connections, and write what is not stored yet."""
        self.faults.ended.set()
        await self.delivery.close()
        await self.sockets.close()
        await self.http.close()
        if self.store is not None:
            await asyncio.to_thread(self.store.close)
        self.journal.close()
