"""PgBouncer between the bot and a PostgreSQL database, handing out sessions by transaction."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

PGBOUNCER = shutil.which("pgbouncer") or next((path for path in ["/usr/sbin/pgbouncer"] if Path(path).exists()), None)


@asynccontextmanager
async def transaction_pooler(folder: Path, url: str) -> AsyncIterator[str]:
    """The address of the database behind a pooler with `pool_mode = transaction`. Skips without PgBouncer."""
    if PGBOUNCER is None:
        pytest.skip("PgBouncer is not installed")
    parts = urlsplit(url)
    name, host = parts.path.lstrip("/"), parse_qs(parts.query)["host"][0]
    port = _free_port()
    config, users = folder / "pgbouncer.ini", folder / "users.txt"
    users.write_text('"postgres" ""\n')
    config.write_text(
        f"[databases]\n{name} = host={host} dbname={name} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\nauth_file = {users}\npool_mode = transaction\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    arguments = [PGBOUNCER, "-q", str(config)]
    if os.geteuid() == 0:  # it refuses to run as root
        owner = pwd.getpwuid(os.stat(host).st_uid).pw_name
        for path in (config, users):
            path.chmod(0o644)
        arguments = [PGBOUNCER, "-q", "-u", owner, str(config)]
    process = await asyncio.create_subprocess_exec(*arguments, stderr=asyncio.subprocess.PIPE)
    try:
        await _listens(port, process)
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(30):
        while True:
            assert process.returncode is None, (await process.stderr.read()).decode() if process.stderr else ""
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
