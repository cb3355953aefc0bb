"""`tocsin serve` with a ticker on its event loop. At SIGUSR1 it writes the longest stall since the last time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from bot import cli, logs
from bot import settings as settings_reader

EVERY_S = 0.005


async def _tick(path: Path) -> None:
    worst = 0.0

    def tell() -> None:
        nonlocal worst
        path.with_suffix(".new").write_text(str(worst))
        path.with_suffix(".new").rename(path)
        worst = 0.0

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    while True:
        before = time.perf_counter()
        await asyncio.sleep(EVERY_S)
        worst = max(worst, time.perf_counter() - before - EVERY_S)


async def _serve() -> None:
    ticker = asyncio.create_task(_tick(Path(os.environ["STALLS"])))
    await cli._serve(settings_reader.load())
    ticker.cancel()


if __name__ == "__main__":
    found = settings_reader.load()
    logs.configure(found.log_format, found.log_level, found.secrets())
    asyncio.run(_serve())
