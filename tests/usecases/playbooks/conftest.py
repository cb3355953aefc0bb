"""Fixtures of the use cases of playbooks."""

from __future__ import annotations

from tests.scenarios.conftest import shop

__all__ = ["shop"]
