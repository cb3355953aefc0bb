"""Fixtures: a bot on SQLite over HTTP, as in the scenarios."""

from tests.scenarios.conftest import here, plain_log, policy

__all__ = ["here", "plain_log", "policy"]
