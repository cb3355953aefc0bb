"""A Slack API without a server, for tests of single modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.slack.client.api import SlackError
from bot.slack.client.profiles import Profiles

Answer = dict[str, Any] | SlackError


class FakeApi:
    """Answers each method with what its function returns, or raises the `SlackError` that it returns."""

    def __init__(self, **methods: Callable[[dict[str, Any]], Answer]) -> None:
        self._methods = {name.replace("_", "."): answer for name, answer in methods.items()}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.profiles = Profiles(self.call)

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        self.calls.append((method, args))
        answer = self._methods[method](args)
        if isinstance(answer, SlackError):
            raise answer
        return answer

    def methods(self) -> list[str]:
        """The methods called, in order."""
        return [method for method, _ in self.calls]
