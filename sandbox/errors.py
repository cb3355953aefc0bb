"""Defines the errors of the sandbox: refusals as by Slack, and things that a person cannot find."""

from typing import Any


class SlackError(Exception):
    """Slack refuses a call. `error` is Slack's name for the reason, `extra` the answer's other fields."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        return {"ok": False, "error": self.error, **self.extra}


def invalid_arguments(*messages: str) -> SlackError:
    """Return Slack's general refusal of arguments, with one `[ERROR]` line for each message."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {line}" for line in messages]})


class NotVisible(LookupError):
    """A person tries to use something that they cannot see."""
