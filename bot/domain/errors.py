"""What can go wrong, in words a responder can act on."""

from __future__ import annotations


class TocsinError(Exception):
    """The one family of this house's errors. The message is what people read."""


class Refused(TocsinError):
    """A verb does not fit the incident as it stands, or its arguments are wrong.

    `example` is one line that would work, `None` where there is none to give.
    """

    def __init__(self, message: str, example: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.example = example


class NotFound(Refused):
    """There is no such incident."""


class DeliveryError(TocsinError):
    """A notice could not be delivered. `permanent` ones are not tried again; `uncertain` ones may have arrived.

    `tried` is False where nothing was attempted, because its turn comes only in `wait_s`.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        wait_s: float | None = None,
        attempted: bool = True,
    ) -> None:
        super().__init__(message)
        self.attempted = attempted
        self.permanent = permanent
        self.uncertain = uncertain
        self.wait_s = wait_s


class NotNeeded(TocsinError):
    """When its turn came, the notice had nothing to tell any more."""
