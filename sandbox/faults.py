"""Trouble on demand: in the Web API's answers and in what reaches the app."""

import asyncio
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase

from sandbox.model import Json


@dataclass
class Fault:
    """A rule for Web API calls. It holds for `count` calls (`None`: until cleared).

    `after` lets the call take effect before the trouble begins. `hang` never answers, `reset` closes the connection
    without an answer, `status` answers with that HTTP status (429 with `retry_after`), `error` with Slack's error name;
    `latency_s` alone only slows down. `channel` limits the rule to calls that name it.
    """

    method: str = "*"
    channel: str | None = None
    count: int | None = 1
    status: int | None = None
    error: str | None = None
    latency_s: float = 0.0
    hang: bool = False
    reset: bool = False
    after: bool = False
    retry_after: float | None = None
    skip: int = 0

    def matches(self, method: str, channel: str | None) -> bool:
        """Whether it is about this call."""
        return fnmatchcase(method, self.method) and self.channel in (None, channel)

    def describe(self) -> str:
        """A few words for the log."""
        kind = "hang" if self.hang else "reset" if self.reset else self.error or self.status or f"{self.latency_s}s"
        return f"{kind}{' after' if self.after else ''}"


class Faults:
    """The rules in force for calls."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.latency_s = 0.0
        self.slowest_s = 0.0  # above `latency_s`: each call takes as long as it happens to, between the two
        self.down = False
        self.ended = asyncio.Event()

    def add(self, method: str = "*", **settings: object) -> Fault:
        """Make trouble for a method (`chat.*` works too); see `Fault`."""
        rule = Fault(method, **settings)  # type: ignore[arg-type]
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Peace again."""
        self.rules.clear()
        self.latency_s = self.slowest_s = 0.0
        self.down = False

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The rule for this call, used up by one."""
        for rule in self.rules:
            if not rule.matches(method, channel):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.count is not None:
                rule.count -= 1
                if rule.count <= 0:
                    self.rules.remove(rule)
            return rule
        return None

    async def forever(self) -> None:
        """Never answer (until the workspace closes)."""
        await self.ended.wait()

    def as_json(self) -> Json:
        """For the control API."""
        return {"down": self.down, "latency_s": self.latency_s, "rules": [asdict(rule) for rule in self.rules]}


@dataclass
class DeliveryFaults:
    """Trouble between Slack and the app, for events; `lose_acks` counts answers that never arrive.

    `copies` delivers each event so many times, `delay_s` late; `reorder` collects so many and sends them backwards;
    `drop` loses them (Slack was up, the app's events were not); `hold` keeps them until released.
    """

    copies: int = 1
    delay_s: float = 0.0
    reorder: int = 0
    drop: bool = False
    hold: bool = False
    lose_acks: int = 0

    def clear(self) -> None:
        """Peace again."""
        for field in fields(self):
            setattr(self, field.name, field.default)

    def loses_ack(self) -> bool:
        """Whether this answer goes missing."""
        if self.lose_acks <= 0:
            return False
        self.lose_acks -= 1
        return True
