"""Runs a temporary Prometheus with given series, to test rules on them.

It needs Debian's package `prometheus`. Series are written by the remote write protocol
(https://prometheus.io/docs/concepts/remote_write_spec/), whose protobuf and snappy are simple enough to write here.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.domain.errors import TocsinError
from bot.integrations.prometheus import Address, Prometheus

PROGRAM = "prometheus"
STARTED_WITHIN_S = 30.0
STALE = struct.pack("<Q", 0x7FF0000000000002)  # the NaN that says a series has ended
MISSING = f"{PROGRAM} is not installed, and rules are tried on a real one. On Debian: apt-get install prometheus"


@dataclass(frozen=True, slots=True)
class SeriesToWrite:
    """One series to write: its labels with `__name__`, and a value, or None for its end, by instant in seconds."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float | None]]  # ascending


@asynccontextmanager
async def temporary(series: Iterable[SeriesToWrite]) -> AsyncIterator[Prometheus]:
    """A client of a Prometheus that has these series only. Raises `TocsinError` where it cannot be run."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise TocsinError(MISSING)
    with tempfile.TemporaryDirectory(prefix="tocsin-rules-") as folder:
        config = _configuration(folder)
        url = f"http://127.0.0.1:{_free_port()}"
        process = await asyncio.create_subprocess_exec(
            program, f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--log.level=error",
            "--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver",
            f"--web.listen-address={url.removeprefix('http://')}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        client = Prometheus(lambda: Address(url))
        try:
            await _ready(url, process)
            await write(url, series)
            yield client
        finally:
            await client.close()
            if process.returncode is None:
                process.kill()
            await process.wait()


async def write(url: str, series: Iterable[SeriesToWrite]) -> None:
    """Write series into a Prometheus that was started with `--web.enable-remote-write-receiver`."""
    body = _snappy(b"".join(_field(1, _time_series(row)) for row in series if row.samples))
    headers = {
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }  # fmt: skip
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/api/v1/write", data=body, headers=headers, allow_redirects=False) as answer,
    ):
        if answer.status >= 300:
            raise TocsinError(f"{PROGRAM} did not take the series: {(await answer.text())[:300]}")


def _configuration(folder: str) -> Path:
    """A configuration that scrapes nothing."""
    path = Path(folder, "prometheus.yml")
    path.write_text("{}\n", encoding="utf-8")
    return path


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(STARTED_WITHIN_S), aiohttp.ClientSession() as session:
            while process.returncode is None:
                try:
                    async with session.get(f"{url}/-/ready", allow_redirects=False) as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    raise TocsinError(f"{PROGRAM} did not start within {STARTED_WITHIN_S:g} s")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _time_series(series: SeriesToWrite) -> bytes:
    labels = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode()))
        for name, value in sorted(series.labels.items())
        if value
    )
    return labels + b"".join(_field(2, _sample(instant, value)) for instant, value in series.samples)


def _sample(instant: float, value: float | None) -> bytes:
    number = STALE if value is None else struct.pack("<d", value if not math.isnan(value) else math.nan)
    return b"\x09" + number + b"\x10" + _varint(round(instant * 1000))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    value &= 2**64 - 1
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _snappy(content: bytes) -> bytes:
    """The content in snappy's block format, as one literal: not compressed."""
    return _varint(len(content)) + (b"\xfc" + struct.pack("<I", len(content) - 1) + content if content else b"")
