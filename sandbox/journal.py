"""What happened: calls, deliveries and changes, kept in memory; calls also as a transcript on disk."""

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
    """One Web API call as it came and how it ended."""

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
    """One payload on its way to the app, with every attempt."""

    id: str
    kind: str
    payload: Json
    at: float
    attempts: list[Json] = field(default_factory=list)
    state: str = "waiting"

    @property
    def ok(self) -> bool:
        """Whether the app took it."""
        return self.state == "delivered"


class Journal:
    """Bounded logs, a transcript, and a stream of changes to whoever listens."""

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
        """Note a call; the transcript gets it at once, so that a killed run has it too."""
        self.calls.append(record)
        if self._transcript is not None:
            line = {"method": record.method, "args": record.args, "at": record.at}
            self._transcript.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def called(self, record: CallRecord) -> None:
        """A call was answered."""
        self.change("call", {"method": record.method, "ok": record.ok, "error": record.error})

    def delivery(self, record: DeliveryRecord) -> None:
        """Note a payload that leaves for the app."""
        self.deliveries.append(record)

    def change(self, kind: str, data: Json) -> None:
        """Tell whoever watches that something is different now."""
        self.sequence += 1
        entry = {"seq": self.sequence, "kind": kind, **data}
        self.changes.append(entry)
        for listener in self._listeners:
            listener(entry)
        for waiter in self._waiters:
            waiter.set()

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        """Call `listener` at every change; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, holds: Callable[[], Any], timeout_s: float) -> Any:
        """Wait until `holds()` is truthy and give what it gave; `TimeoutError` when it never is."""
        if found := holds():
            return found
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := holds()):
                    await waiter.wait()
                    waiter.clear()
                return found
        finally:
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Close the transcript."""
        if self._transcript is not None:
            self._transcript.close()
            self._transcript = None


def as_json(record: CallRecord | DeliveryRecord) -> Json:
    """A record for the control API."""
    return asdict(record)
