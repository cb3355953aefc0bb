"""Writes the pages of `docs/reference` from the code: `python -m bot.cli.reference`.

A test checks that they are up to date.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.cli.reference import alerts, api, commands, console, json_shapes, metrics, policy, settings, verbs

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "reference"
PAGES: dict[str, Callable[[Path], str]] = {  # by file name; each is given the root of the checkout
    "verbs.md": lambda root: verbs.page(),
    "console.md": lambda root: console.page(),
    "commands.md": lambda root: commands.page(),
    "settings.md": lambda root: settings.page(),
    "policy.md": lambda root: policy.page(),
    "api.md": lambda root: api.page(),
    "json.md": lambda root: json_shapes.page(),
    "metrics.md": lambda root: metrics.page(),
    "alerts.md": alerts.page,
}


def write(folder: Path = FOLDER) -> None:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(ROOT), encoding="utf-8")
