"""Defines faults that tests inject into the sandbox's API answers and into its deliveries to the bot."""

import asyncio
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase

from sandbox.model import Json


@dataclass
class Fault:
    """A rule that makes Web API calls fail or slow."""

    #: The method's name; patterns such as `chat.*` work.
    method: str = "*"
    #: Only calls that name this channel.
    channel: str | None = None
    #: How many calls it affects; `None` affects all until cleared.
    count: int | None = 1
    #: Answer with this HTTP status.
    status: int | None = None
    #: Answer with this Slack error name.
    error: str | None = None
    #: Delay the call; alone it changes nothing else.
    latency_s: float = 0.0
    #: Never answer.
    hang: bool = False
    #: Close the connection without an answer.
    reset: bool = False
    #: Let the call take effect before it fails.
    after: bool = False
    #: The `Retry-After` of a 429.
    retry_after: float | None = None
    #: Let this many calls pass first.
    skip: int = 0

    def matches(self, method: str, channel: str | None) -> bool:
        """Whether the rule applies to this call."""
        return fnmatchcase(method, self.method) and self.channel in (None, channel)

    def describe(self) -> str:
        """Describe the fault for the call log."""
        kind = "hang" if self.hang else "reset" if self.reset else self.error or self.status or f"{self.latency_s}s"
        return f"{kind}{' after' if self.after else ''}"


class Faults:
    """The active faults for Web API calls."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.latency_s = 0.0
        self.slowest_s = 0.0  # if above `latency_s`, each call is delayed by a random time between the two
        self.down = False
        self.ended = asyncio.Event()

    def add(self, method: str = "*", **settings: object) -> Fault:
        """Add a fault for a method (`chat.*` works too); see `Fault` for the settings."""
        rule = Fault(method, **settings)  # type: ignore[arg-type]
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all faults."""
        self.rules.clear()
        self.latency_s = self.slowest_s = 0.0
        self.down = False

    def take(self, method: str, channel: str | None) -> Fault | None:
        """Return the rule that applies to this call and count it as used; `None` if none applies."""
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
        """Wait until the workspace closes."""
        await self.ended.wait()

    def as_json(self) -> Json:
        """Return the active faults for the control API."""
        return {"down": self.down, "latency_s": self.latency_s, "rules": [asdict(rule) for rule in self.rules]}


@dataclass
class DeliveryFaults:
    """Faults in the delivery of events to the app."""

    #: Deliver each event this many times.
    copies: int = 1
    #: Deliver each event late.
    delay_s: float = 0.0
    #: Collect this many events and deliver them in reverse order.
    reorder: int = 0
    #: Lose events.
    drop: bool = False
    #: Hold events back until released.
    hold: bool = False
    #: Lose this many of the app's acknowledgements.
    lose_acks: int = 0

    def clear(self) -> None:
        """Remove all faults."""
        for field in fields(self):
            setattr(self, field.name, field.default)

    def loses_ack(self) -> bool:
        """Whether this acknowledgement is lost; counts it as used."""
        if self.lose_acks <= 0:
            return False
        self.lose_acks -= 1
        return True
