"""Checks the settings: whether they are complete, of the right kind, and fit this machine."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import stat
from pathlib import Path

import aiohttp

from bot.check.finding import Finding, fail, ok, warn
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.web.server import listen_problem

KINDS = {
    "SLACK_BOT_TOKEN": (("xoxb-", "xoxe.xoxb-"), "a bot token, which begins with xoxb-: OAuth & Permissions"),
    "SLACK_APP_TOKEN": (("xapp-",), "an app-level token, which begins with xapp-: Basic Information"),
}
TOKEN = re.compile(r"(?:xox[a-z]-|xoxe\.|xapp-)")
ANSWERS_WITHIN_S = 5.0


async def check(settings: Settings) -> list[Finding]:
    """Check the settings, the port and the folders, without starting anything."""
    missing = [fail("settings", message) for message in settings.missing_for_serving()]
    findings = [*missing, *_kinds(settings), *_demo_settings(settings), *_environment_file(), *_folders(settings)]
    findings += await _port(settings)
    if any(not finding.fine for finding in findings):
        return findings
    mode = "Socket Mode" if settings.socket_mode else f"HTTP on {settings.host}:{settings.port}"
    return [ok("settings", f"complete; {mode}"), *findings]


def _kinds(settings: Settings) -> list[Finding]:
    """Report tokens of the wrong kind for their variable. Only the first letters are shown."""
    findings = []
    for name, (beginnings, hint) in KINDS.items():
        value = secret_of(getattr(settings, name.lower()))
        if value and not value.startswith(beginnings):
            begins = f"begins with {prefix[0]}" if (prefix := TOKEN.match(value)) else "is no token"
            findings.append(fail("settings", f"{name} {begins}. Put {hint}."))
    if TOKEN.match(secret_of(settings.slack_signing_secret)):
        message = "SLACK_SIGNING_SECRET is a token. Put the Signing Secret, 32 hexadecimal digits: Basic Information."
        findings.append(fail("settings", message))
    return findings


def _demo_settings(settings: Settings) -> list[Finding]:
    findings = []
    if settings.tocsin_speed != 1:
        message = (
            f"TOCSIN_SPEED is {settings.tocsin_speed:g}: reminders and pages come that many times too early. Unset it."
        )
        findings.append(warn("settings", message))
    if settings.tocsin_demo:
        message = (
            "TOCSIN_DEMO is set: everyone who reaches the port can read notices and deadlines at /debug. Unset it."
        )
        findings.append(warn("settings", message))
    return findings


def _environment_file() -> list[Finding]:
    """Warn if others on this machine can read the secrets in `.env`."""
    try:
        mode = os.stat(".env").st_mode
    except OSError:
        return []
    if mode & stat.S_IRWXO:
        return [warn("settings", ".env can be read by everybody on this machine. Close it: chmod 600 .env")]
    return []


def _folders(settings: Settings) -> list[Finding]:
    """Check that the folders that the bot writes to are folders, and can be written to."""
    folders = (
        ("TOCSIN_ARCHIVE", settings.tocsin_archive, "incidents are not purged"),
        ("TOCSIN_SHEET", settings.tocsin_sheet, "the emergency sheet is not written"),
        ("TOCSIN_STATUS_MIRROR", settings.tocsin_status_mirror, "the copy of the status page is not written"),
    )
    return [finding for name, folder, effect in folders if folder for finding in _folder(name, folder, effect)]


def _folder(name: str, folder: Path, effect: str) -> list[Finding]:
    if folder.exists() and not folder.is_dir():
        return [fail("settings", f"{name} is {folder}, which is a file. Name a folder.")]
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        message = f"{name} is {folder}, and nothing can be written to {existing}: {effect}."
        return [fail("settings", f"{message} Give it to the user that Tocsin runs as.")]
    return []


async def _port(settings: Settings) -> list[Finding]:
    """Check that the port is free or held by Tocsin, and that the public address leads to it."""
    problem = await asyncio.to_thread(_bind, settings.host, settings.port)
    if problem is None:
        return []
    async with slack_api.open_session() as session:
        if not await _is_tocsin(session, f"http://{_reachable(settings.host)}:{settings.port}"):
            return [fail("settings", problem)]
        address = (settings.tocsin_url or "").rstrip("/")
        if address and not await _is_tocsin(session, address):
            message = f"no Tocsin answers at TOCSIN_URL, {address}: links in messages and feeds lead nowhere."
            return [warn("settings", f"{message} Correct it, or the proxy in front of port {settings.port}.")]
    return []


def _bind(host: str, port: int) -> str | None:
    """The reason why the bot could not listen there; None if it could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        return listen_problem(host, port, error)
    return None


def _reachable(host: str) -> str:
    """The address at which a server that listens on `host` is reached from this machine."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def _is_tocsin(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with (
            asyncio.timeout(ANSWERS_WITHIN_S),
            session.get(f"{address}/healthz", allow_redirects=False) as answer,
        ):
            return answer.status == 200 and await answer.json(content_type=None) == {"ok": True}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
