"""Defines the errors whose message a person reads: a refused command, an unknown incident, a failed delivery."""

from __future__ import annotations


class TocsinError(Exception):
    """Base class of every error that Tocsin raises on purpose. The message is what people read."""


class Refused(TocsinError):
    """A verb does not fit the incident's state, or its arguments are wrong.

    `example` is one line that would work, or `None` where there is none to give.
    """

    def __init__(self, message: str, example: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.example = example


class AlreadyDone(Refused):
    """Somebody has done the same before: two people pressed the same button.

    The newest entry of `kinds` on the timeline of the incident `number` tells who it was, and when.
    """

    def __init__(self, message: str, example: str, number: int, kinds: tuple[str, ...]) -> None:
        super().__init__(message, example)
        self.number = number
        self.kinds = kinds


class NotFound(Refused):
    """No incident has the ID that a person gave."""


class NotAllowed(Refused):
    """The policy, or what Slack says of a person, does not let them do this."""


class DeliveryError(TocsinError):
    """A notice could not be delivered.

    `permanent`: another attempt would fail as well. `uncertain`: it may have arrived all the same.
    `wait_s`: seconds until the next attempt makes sense. `attempted` is False when a rate limit held the call back.
    `blocked`: nothing of its kind goes out before an operator or admin has acted; then the same attempt works.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        wait_s: float | None = None,
        attempted: bool = True,
        blocked: bool = False,
    ) -> None:
        super().__init__(message)
        self.attempted = attempted
        self.blocked = blocked
        self.permanent = permanent
        self.uncertain = uncertain
        self.wait_s = wait_s
