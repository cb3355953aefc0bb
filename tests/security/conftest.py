"""Fixtures: a bot on SQLite over HTTP, as in the scenarios; a context, as in the tests of use cases."""

import pytest

from bot.slack.directory import identities
from tests.scenarios.conftest import plain_log, policy, world
from tests.usecases.conftest import clock, make_context
from tests.waiting import WITHIN_S

__all__ = ["clock", "make_context", "plain_log", "policy", "world"]


@pytest.fixture(autouse=True)
def _slack_says_who_people_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for it even on a busy machine: whom Slack does not name in time counts as unknown, not as a guest."""
    monkeypatch.setattr(identities, "WITHIN_S", WITHIN_S)
