"""Fixtures: a bot on SQLite over HTTP, as in the scenarios; a context, as in the tests of use cases."""

from tests.scenarios.conftest import plain_log, policy, world
from tests.usecases.conftest import clock, make_context

__all__ = ["clock", "make_context", "plain_log", "policy", "world"]
