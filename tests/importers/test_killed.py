"""An import that was killed is run again: nothing is doubled, and no object is requested twice."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import SQLiteFiles
from tests.importers.accounts import odd_opsgenie
from tests.importers.doubles import KEY, OpsgenieDouble, serving

_PROGRAM = """
import contextlib, os, signal, sys
from bot.importers.reader import Reader
from storage.database import Database

what, number = sys.argv[1], int(sys.argv[2])
seen = 0

def reach(kind):
    global seen
    seen += kind == what
    if kind == what and seen == number:
        os.kill(os.getpid(), signal.SIGKILL)

asked, replace = Reader._ask, os.replace

async def counted(self, *arguments):
    answer = await asked(self, *arguments)
    reach("answer")
    return answer

def replaced(*arguments):
    reach("before the policy")
    replace(*arguments)
    reach("after the policy")

def around(transaction):
    @contextlib.asynccontextmanager
    async def begun(self):
        async with transaction(self) as conn:
            yield conn
            reach("before commit")
        reach("after commit")
    return begun

Reader._ask, os.replace = counted, replaced
Database.transaction, Database.serialized = around(Database.transaction), around(Database.serialized)
from bot.cli.main import main
main(["import", "opsgenie", "--output", "policy.yml", "--save", "answers", *sys.argv[3:]])
"""
DEATHS = [("answer", 30), ("before commit", 3)]
EVERY = [*DEATHS, ("before the policy", 1), ("after the policy", 1), *(("answer", n) for n in range(1, 40, 4)),
         *((f"{when} commit", n) for n in range(1, 6) for when in ("before", "after"))]  # fmt: skip


def account() -> OpsgenieDouble:
    """So much past that it is recorded in several transactions."""
    double = odd_opsgenie()
    (incident,) = double.incidents
    double.incidents = [{**incident, "id": f"in-{n}", "message": f"Incident {n}"} for n in range(130)]
    double.alerts += [{**double.alerts[0], "id": f"a-more-{n}", "message": f"Alert {n}"} for n in range(250)]
    return double


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with a policy and a database."""

    folder: Path
    database_url: str

    async def run(self, url: str, what: str, number: int, *options: str) -> int:
        """Run the import until it ends or dies. Returns the exit code."""
        self.folder.mkdir(exist_ok=True)
        environment = {
            **os.environ, "OPSGENIE_API_KEY": KEY, "OPSGENIE_API_URL": url, "DATABASE_URL": self.database_url,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, what, str(number), *options, cwd=self.folder, env=environment,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return await process.wait()

    def state(self) -> dict[str, object]:
        """The policy, and what was recorded."""
        queries = {
            "covers": "SELECT schedule, member, starts_at, ends_at, layer, ended_at FROM overrides ORDER BY 1, 2, 3, 5",
            "incidents": "SELECT external FROM imports ORDER BY 1",
            "numbers": "SELECT number FROM incidents ORDER BY 1",
            "entries": "SELECT incident, count(*) FROM timeline GROUP BY 1 ORDER BY 1",
            "alerts": "SELECT external FROM past_alerts ORDER BY 1",
            "names": "SELECT value FROM meta WHERE name = 'imported:opsgenie' AND value LIKE '%contact:anna%'",
        }
        path = self.database_url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as conn:
            found: dict[str, object] = {name: conn.execute(query).fetchall() for name, query in queries.items()}
        return {**found, "policy": (self.folder / "policy.yml").read_text()}


@pytest.mark.timeout(600)
async def test_an_import_that_is_killed_and_run_again_is_as_one_that_was_not(
    tmp_path: Path, sqlite_files: SQLiteFiles
) -> None:
    double = account()
    async with serving(double) as url:
        whole = Home(tmp_path / "whole", sqlite_files.create())
        assert await whole.run(url, "never", 0) == 0
        expected = whole.state()
        assert await whole.run(url, "never", 0) == 0
        assert whole.state() == expected, "once more changes nothing"
        assert expected["names"], "webhooks name people by their IDs there"
        assert (len(list(expected["numbers"])), len(list(expected["alerts"]))) == (130, 251)  # type: ignore[call-overload]
        for number, (what, at) in enumerate(EVERY if os.environ.get("TOCSIN_TORTURE") else DEATHS):
            home = Home(tmp_path / f"{number}", sqlite_files.create())
            assert await home.run(url, what, at) == -9, f"{what} {at}"
            double.asked.clear()
            assert await home.run(url, "never", 0) == 0
            assert home.state() == expected, f"{what} {at}"
            if what != "answer":
                assert double.asked.total() == 0, "everything had been read before"


@pytest.mark.timeout(300)
async def test_a_plan_that_is_killed_leaves_the_policy_whole_or_as_it_was(
    tmp_path: Path, sqlite_files: SQLiteFiles
) -> None:
    async with serving(account()) as url:
        home = Home(tmp_path / "plan", sqlite_files.create())
        for what in ("before the policy", "after the policy"):
            assert await home.run(url, what, 1, "--plan") == -9
            assert (home.folder / "policy.yml").exists() is (what == "after the policy")
        planned = home.state()
        assert planned["numbers"] == planned["covers"] == planned["alerts"] == []
        assert await home.run(url, "never", 0, "--plan") == 0
        assert home.state() == planned
