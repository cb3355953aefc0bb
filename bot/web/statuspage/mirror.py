"""Writes the status page as static files, for a web server or bucket that outlives the bot.

The files are written beside the last ones and put in their place one by one: a reader never sees half a file. Pages of
incidents come before the pages that link to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.domain.statuspage.view import PageView
from bot.web.statuspage import api_v2, documents, feeds, pages
from bot.web.statuspage.rendered import Rendered

log = structlog.get_logger()

INDEX = "index.html"


def static_files(view: PageView) -> dict[str, bytes]:
    """Every file by its path in the folder. Links are relative, so that the folder can be served at any address."""
    files = {
        f"incidents/{publication.id}/{INDEX}": pages.incident_page(publication, view, _links("../..")).encode()
        for publication in view.everything
    }
    files |= {name: body for name, (_, body) in documents.data_documents(view).items()}
    files[documents.CALENDAR] = feeds.calendar(view)
    files |= {
        f"api/v2/{name}.json": documents.json_bytes(document) for name, document in api_v2.documents(view).items()
    }
    files[f"history/{INDEX}"] = pages.history_page(documents.newest(view), view, _links(".."), None).encode()
    files[INDEX] = pages.status_page(view, _links(".")).encode()
    return files


def _links(root: str) -> dict[str, str]:
    """The addresses in a page that is so far below the folder. Nobody can subscribe at a copy."""
    return {
        "base": root, "home": f"{root}/{INDEX}", "history": f"{root}/history/{INDEX}", "subscribe": "",
        "suffix": f"/{INDEX}", "query": "",
    }  # fmt: skip


def write(view: PageView, folder: Path) -> int:
    """Write every file that changed. Returns how many there are. Raises `OSError`."""
    files = static_files(view)
    for path, body in files.items():
        _replace(folder / path, body)
    return len(files)


def _replace(path: Path, body: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == body:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # for the web server that reads it
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass(slots=True)
class Mirror:
    """Keeps the static files in a folder up to date. What cannot be written is logged and tried again."""

    folder: Path

    async def update(self, view: PageView, made: dict[str, Rendered]) -> None:
        """Write the files in a thread."""
        try:
            await asyncio.to_thread(write, view, self.folder)
        except OSError as error:
            hint = "check TOCSIN_STATUS_MIRROR; the next change, at the latest in a minute, tries again"
            log.warning("status_page.mirror_not_written", folder=str(self.folder), error=str(error), hint=hint)
