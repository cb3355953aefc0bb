"""Fetches the texts of calendars from files, folders and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aiohttp

from bot.importers.errors import ImportFailed
from bot.importers.reader import read_text
from bot.integrations import http

_LARGEST = 16 * 1024 * 1024  # bytes of one calendar
_MOST = 1000  # calendars


async def calendar_texts(places: Sequence[str]) -> list[tuple[str, str]]:
    """The name and text of each calendar. A URL may be a secret, so it is never the name."""
    texts: list[tuple[str, str]] = []
    for address in places:
        if "://" in address:
            texts.append((f"calendar {len(texts) + 1}", await _fetch(address)))
            continue
        texts += [(file.stem, _read(file)) for file in _files(Path(address))]
    if len(texts) > _MOST:
        raise ImportFailed(f"Those are more than {_MOST} calendars.")
    return texts


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.ics")) if path.is_dir() else [path]
    if not files:
        raise ImportFailed(f"{path} has no .ics files in it.")
    return files


async def _fetch(url: str) -> str:
    if not url.startswith(("https://", "http://")) or http.is_unencrypted(url):
        raise ImportFailed("The address of a calendar must begin with https://.")
    async with aiohttp.ClientSession() as session:
        return await read_text(session, url, "The calendar")


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise ImportFailed(f"{file} is larger than {_LARGEST // 2**20} MB.")
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ImportFailed(f"{file} cannot be read ({type(error).__name__}).") from error
