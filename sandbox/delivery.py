"""Delivers the sandbox's payloads to the bot as Slack does: events with retries, commands and interactions once."""

import asyncio
import logging
from typing import Protocol

from sandbox.faults import DeliveryFaults
from sandbox.journal import DeliveryRecord, Journal
from sandbox.manifest import Manifest
from sandbox.model import Channel, Json
from sandbox.settings import Settings
from sandbox.state import State, new_id
from sandbox.transport import FAILED, TIMEOUT, Answer, Envelope

log = logging.getLogger(__name__)
REORDER_FLUSH_S = 0.2


class Transport(Protocol):
    """A way to send payloads to the app: signed HTTP or Socket Mode."""

    async def send(self, envelope: Envelope, retry: int = 0, reason: str | None = None) -> Answer:
        """Deliver once and return the answer."""


class Delivery:
    """Filters events by subscription, wraps them, sends them and retries."""

    def __init__(
        self, state: State, settings: Settings, manifest: Manifest, journal: Journal, transport: Transport, bot: str
    ) -> None:
        self.state = state
        self.settings = settings
        self.manifest = manifest
        self.journal = journal
        self.transport = transport
        self.bot = bot
        self.faults = DeliveryFaults()
        self.tasks: set[asyncio.Task[None]] = set()
        self.down = False
        self.app_started = asyncio.Event()  # cleared by the demo while its bot starts
        self.app_started.set()
        self.in_flight = 0
        self._held: list[Json] = []
        self._shuffled: list[Json] = []

    def emit(self, event: Json, channel: Channel | None) -> None:
        """Deliver an event if the app subscribes to it and the bot may see it."""
        if self._is_subscribed(event, channel):
            self.publish(event)

    def _is_subscribed(self, event: Json, channel: Channel | None) -> bool:
        """Whether Slack would deliver this event to the app."""
        if channel is not None and self.bot not in channel.members:
            return False
        name = str(event["type"])
        if name == "message":
            name = {"channel": "message.channels", "group": "message.groups"}.get(
                str(event["channel_type"]), f"message.{event['channel_type']}"
            )
        return self.manifest.subscribes(name)

    def publish(self, event: Json) -> None:
        """Send an event regardless of subscriptions."""
        if self.faults.drop:
            return
        payload = self.wrap(event)
        if self.faults.hold:
            self._held.append(payload)
        elif self.faults.reorder > 1:
            self._shuffle(payload)
        else:
            self._start(payload)

    def wrap(self, event: Json) -> Json:
        """Wrap an event in its `event_callback`."""
        settings = self.settings
        return {
            "token": settings.verification_token,
            "team_id": settings.team_id,
            "context_team_id": settings.team_id,
            "context_enterprise_id": None,
            "api_app_id": settings.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self.state.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": settings.team_id,
                    "user_id": self.bot,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{new_id('X')}",
        }

    def _shuffle(self, payload: Json) -> None:
        self._shuffled.append(payload)
        if len(self._shuffled) >= self.faults.reorder:
            self.flush()
        elif len(self._shuffled) == 1:
            asyncio.get_running_loop().call_later(REORDER_FLUSH_S, self.flush)

    def flush(self) -> None:
        """Send the events collected for reordering, last first."""
        waiting, self._shuffled = self._shuffled[::-1], []
        for payload in waiting:
            self._start(payload)

    def release(self) -> None:
        """Send the events that were held back, in order."""
        self.faults.hold = False
        waiting, self._held = self._held, []
        for payload in waiting:
            self._start(payload)

    def _start(self, payload: Json) -> None:
        for _ in range(self.faults.copies):
            self._dispatch(payload)

    def _dispatch(self, payload: Json) -> tuple[DeliveryRecord, asyncio.Task[None]]:
        record = DeliveryRecord(payload["event_id"], "events_api", payload, self.state.clock.now())
        self.journal.delivery(record)
        task = asyncio.get_running_loop().create_task(self._deliver(record))
        self.in_flight += 1
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return record, task

    async def deliver(self, event: Json) -> DeliveryRecord:
        """Send an event regardless of subscriptions and faults, and return once it is delivered or given up."""
        record, task = self._dispatch(self.wrap(event))
        await asyncio.shield(task)
        return record

    async def _deliver(self, record: DeliveryRecord) -> None:
        if self.faults.delay_s:
            await asyncio.sleep(self.faults.delay_s)
        reason: str | None = None
        for attempt, wait_s in enumerate((0.0, *self.settings.retry_delays_s)):
            if attempt and wait_s:
                await self._wait_for_retry(wait_s)
            answer = await self._attempt(record, attempt, reason)
            if answer.ok:
                record.state = "delivered"
                break
            reason = answer.error
            if answer.no_retry:
                break
        else:
            log.warning("event %s was given up: %s", record.id, reason)
        if record.state != "delivered":
            record.state = "failed"
        self.in_flight -= 1
        self.journal.change("delivery", {"id": record.id, "delivery": record.kind, "state": record.state})

    async def _wait_for_retry(self, wait_s: float) -> None:
        self.in_flight -= 1
        self.journal.change("delivery_waits", {"seconds": wait_s})
        try:
            await asyncio.sleep(wait_s)
        finally:
            self.in_flight += 1

    async def _attempt(self, record: DeliveryRecord, attempt: int, reason: str | None) -> Answer:
        answer = await self.transport.send(Envelope(record.kind, record.payload), attempt, reason)
        if answer.ok and self.faults.loses_ack():
            answer = Answer(error=TIMEOUT)
        at = self.state.clock.now()
        record.attempts.append({"at": at, "num": attempt, "status": answer.status, "error": answer.error})
        return answer

    async def ask(self, kind: str, payload: Json, record_id: str) -> Answer:
        """Send a command or an interaction, once, and return the answer."""
        if self.down:
            return Answer(error=FAILED)
        record = DeliveryRecord(record_id, kind, payload, self.state.clock.now())
        self.journal.delivery(record)
        answer = await self._attempt(record, 0, None)
        record.state = "delivered" if answer.ok else "failed"
        record.attempts[-1]["body"] = answer.body
        self.journal.change("delivery", {"id": record.id, "delivery": kind, "state": record.state})
        return answer

    def app_starts(self) -> None:
        """Hold what people do until `app_is_up`: the app is starting."""
        self.app_started.clear()
        self.journal.change("app_starting", {})

    def app_is_up(self) -> None:
        """Let go what people did while the app was starting: it is connected, or has failed to start."""
        if not self.app_started.is_set():
            self.app_started.set()
            self.journal.change("app_started", {})

    async def settled(self, timeout_s: float = 60.0) -> None:
        """Wait until no event is being delivered; events that wait for a retry do not count."""
        await asyncio.sleep(0)
        self.flush()
        await self.journal.until(lambda: self.in_flight <= 0, timeout_s)

    async def close(self) -> None:
        """Cancel all deliveries."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
