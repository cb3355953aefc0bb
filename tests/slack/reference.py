"""Slack's published Block Kit reference, if it lies beside the repository: the errors that it gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_FILE = Path(__file__).resolve().parents[3] / "shared" / "slack" / "conformance.py"


def _load() -> ModuleType | None:
    if not _FILE.exists():
        return None
    spec = importlib.util.spec_from_file_location("slack_conformance", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_REFERENCE = _load()
needs_reference = pytest.mark.skipif(
    _REFERENCE is None, reason="Slack's published reference does not lie beside the repository"
)


def refused_blocks(blocks: list[dict[str, Any]]) -> list[str]:
    assert _REFERENCE is not None
    found: list[str] = _REFERENCE.check_blocks(blocks)
    return found + ([f"{len(blocks)} blocks"] if len(blocks) > 50 else [])


def refused_view(view: dict[str, Any]) -> list[str]:
    assert _REFERENCE is not None
    found: list[str] = _REFERENCE.check_view(view)
    return found + ([f"{len(view['blocks'])} blocks"] if len(view["blocks"]) > 100 else [])
