"""What goes wrong in the local workspace, as Slack or as a person would notice it."""

from typing import Any


class SlackError(Exception):
    """Slack refuses a call: `error` is Slack's name for it, `extra` stands beside it in the answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"ok": False, "error": self.error, **self.extra}


def invalid_arguments(*messages: str) -> SlackError:
    """Slack's general refusal of arguments, with one `[ERROR]` line for each."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {line}" for line in messages]})


class NoSuchThing(LookupError):
    """A person reached for something that is not on their screen."""
