"""Records what happens in the sandbox (API calls, deliveries, changes) in memory, and the calls on disk."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sandbox.model import Json


@dataclass
class CallRecord:
    """One Web API call with its outcome."""

    method: str
    args: Json
    at: float
    ok: bool = False
    error: str | None = None
    status: int = 200
    took_ms: float = 0.0
    fault: str | None = None
    answer: Json | None = None


@dataclass
class DeliveryRecord:
    """One payload for the app, with every delivery attempt. `state` is waiting, delivered or failed."""

    id: str
    kind: str
    payload: Json
    at: float
    attempts: list[Json] = field(default_factory=list)
    state: str = "waiting"

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged it."""
        return self.state == "delivered"


class Journal:
    """Bounded logs, a transcript, and a stream of changes with listeners."""

    def __init__(self, size: int, transcript: Path | None) -> None:
        self.calls: deque[CallRecord] = deque(maxlen=size)
        self.deliveries: deque[DeliveryRecord] = deque(maxlen=size)
        self.changes: deque[Json] = deque(maxlen=size)
        self.sequence = 0
        self._listeners: list[Callable[[Json], None]] = []
        self._waiters: set[asyncio.Event] = set()
        self._transcript: TextIO | None = None
        if transcript is not None:
            transcript.parent.mkdir(parents=True, exist_ok=True)
            self._transcript = transcript.open("a", encoding="utf-8", buffering=1)

    def call(self, record: CallRecord) -> None:
        """Record a call as it arrives; it is in the transcript at once, even if the process is killed."""
        self.calls.append(record)
        if self._transcript is not None:
            line = {"method": record.method, "args": record.args, "at": record.at}
            self._transcript.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def called(self, record: CallRecord) -> None:
        """Announce that a call was answered."""
        self.change("call", {"method": record.method, "ok": record.ok, "error": record.error})

    def delivery(self, record: DeliveryRecord) -> None:
        """Record a payload that is sent to the app."""
        self.deliveries.append(record)

    def change(self, kind: str, data: Json) -> None:
        """Record a change and tell listeners and waiters."""
        self.sequence += 1
        entry = {"seq": self.sequence, "kind": kind, **data}
        self.changes.append(entry)
        for listener in self._listeners:
            listener(entry)
        for waiter in self._waiters:
            waiter.set()

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        """Call `listener` at every change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, condition: Callable[[], Any], timeout_s: float) -> Any:
        """Wait until `condition()` is truthy and return its value; it is checked after every change.

        Raises `TimeoutError`.
        """
        if value := condition():
            return value
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := condition()):
                    await waiter.wait()
                    waiter.clear()
                return value
        except TimeoutError:
            if value := condition():  # the event loop stood still meanwhile, and all that waits came due at once
                return value
            raise
        finally:
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Close the transcript."""
        if self._transcript is not None:
            self._transcript.close()
            self._transcript = None


def as_json(record: CallRecord | DeliveryRecord) -> Json:
    """Return a record for the control API."""
    return asdict(record)
