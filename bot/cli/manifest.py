"""Implements `tocsin manifest`: prints the manifest of the Slack app, to paste into Slack."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from bot.domain.errors import TocsinError

_BESIDE_THE_CODE = Path(__file__).resolve().parents[2] / "manifest.yml"
_INSTALLED = Path(sys.prefix) / "share" / "tocsin" / "manifest.yml"


@click.command("manifest")
@click.option("--url", metavar="https://…", help="the bot's public address, for signed HTTP in place of Socket Mode")
@click.option("--command", default="/incident", show_default=True, help="the slash command, as TOCSIN_COMMAND names it")
def manifest_command(url: str | None, command: str) -> None:
    """Print the app's manifest: https://api.slack.com/apps → Create New App → From an app manifest."""
    click.echo(manifest(url, command), nl=False)


def manifest(url: str | None = None, command: str = "/incident") -> str:
    """The manifest as YAML, with `url` for signed HTTP. Raises `TocsinError` if an argument or the file is wrong."""
    path = _BESIDE_THE_CODE if _BESIDE_THE_CODE.exists() else _INSTALLED
    if not path.exists():
        raise TocsinError(f"{path} is missing: install Tocsin again, or take manifest.yml from its source")
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", command):
        raise TocsinError(f"{command!r} is no slash command: expected one such as /incident")
    text = path.read_text(encoding="utf-8").replace("/incident", command)
    if url is None:
        return text
    if not re.fullmatch(r"https://[^\s/]+(/[^\s]*)?", url):
        raise TocsinError(f"{url!r} is no public address: expected one such as https://tocsin.example.com")
    text = text.replace("https://tocsin.example.org", url.rstrip("/"))
    host = url.removeprefix("https://").partition("/")[0].partition(":")[0]
    text = text.replace("  shortcuts:\n", f"  unfurl_domains:\n    - {host}\n  shortcuts:\n", 1)  # of its own links
    text = re.sub(r"socket_mode_enabled: true", "socket_mode_enabled: false", text)
    return re.sub(r"^(\s*)# ((?:request_|message_menu_options_)?url: .*)$", r"\1\2", text, flags=re.M)
