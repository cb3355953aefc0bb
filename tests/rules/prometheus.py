"""A real Prometheus and a tiny exporter whose figures a test sets."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

PROMETHEUS = shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    PROMETHEUS is None, reason="prometheus is not installed (Debian: apt-get install prometheus)"
)
CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: checkout
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass(slots=True)
class Exporter:
    """Serves `/metrics` with what `lines` says."""

    lines: list[str] = field(default_factory=list)
    port: int = 0

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(text="\n".join(self.lines) + "\n")


@dataclass(slots=True)
class Running:
    """A Prometheus that scrapes an exporter each second."""

    url: str
    exporter: Exporter
    process: asyncio.subprocess.Process

    async def value(self, query: str) -> float | None:
        """The newest value of a query that has one series."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/api/v1/query", params={"query": query}) as answer,
        ):
            result = (await answer.json())["data"]["result"]
            return float(result[0]["value"][1]) if result else None

    async def until(self, query: str, wanted: float) -> None:
        """Wait until it has scraped a value."""
        async with asyncio.timeout(30):
            while await self.value(query) != wanted:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def exporting(lines: Sequence[str]) -> AsyncIterator[Exporter]:
    exporter = Exporter(list(lines))
    app = web.Application()
    app.router.add_get("/metrics", exporter._metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    exporter.port = runner.addresses[0][1]
    try:
        yield exporter
    finally:
        await runner.cleanup()


@asynccontextmanager
async def prometheus(folder: Path, lines: Sequence[str]) -> AsyncIterator[Running]:
    """A Prometheus of the test's own, in `folder`."""
    assert PROMETHEUS is not None
    async with exporting(lines) as exporter:
        config = folder / "prometheus.yml"
        config.write_text(CONFIG.format(port=exporter.port))
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        running = Running(f"http://127.0.0.1:{port}", exporter, process)
        try:
            await _ready(running.url)
            yield running
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _ready(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
