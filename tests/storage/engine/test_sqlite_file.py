"""The SQLite file is its owner's alone, only the server creates it, and it can be read where nothing can be written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import backup, incidents
from storage.engine.errors import NoDatabaseFile, StorageError
from storage.instance_lock import acquire
from storage.open import open_database
from storage.timeline import entries as timeline
from tests.storage.helpers import incident, message_entry, store_incidents

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """New files are readable by everybody, as on most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_a_lock_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"The folder {tmp_path}/none does not exist. Create it"):
        await acquire(f"sqlite:///{tmp_path}/none/tocsin.db")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be opened \(Not a directory\). Give the user"):
        await acquire(f"sqlite:///{tmp_path}/file/tocsin.db")


async def test_whatever_stands_beside_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db"
    lock = await acquire(url)
    database = await open_database(url)
    await store_incidents(database)
    await backup.copy_sqlite(url, tmp_path / "copy.db")
    names = ("tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.db.lock", "copy.db")
    assert modes(tmp_path) == dict.fromkeys(names, 0o600)
    await database.close()
    assert lock is not None
    lock.release()


async def test_an_earlier_file_is_closed_to_everybody_but_its_owner_and_group(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.db"
    for name in (file, Path(f"{file}.lock")):
        name.touch(mode=0o644)
    database = await open_database(f"sqlite:///{file}")
    assert modes(tmp_path) == dict.fromkeys(("tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.db.lock"), 0o640)
    await database.close()


async def test_only_the_server_creates_a_file(tmp_path: Path) -> None:
    with pytest.raises(NoDatabaseFile, match=r"There is no database at .*tocsin\.db\. `tocsin serve` creates it"):
        await open_database(f"sqlite:///{tmp_path}/tocsin.db", migrate=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a folder")
@pytest.mark.parametrize("command", [["list"], ["show", "INC-1"], ["verify"], ["export", "INC-1"], ["check"]])
async def test_commands_that_read_work_on_a_medium_that_cannot_be_written(
    sqlite_url: str, tmp_path: Path, command: list[str]
) -> None:
    database = await open_database(sqlite_url)
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(await incidents.next_number(conn)))
        await timeline.append(conn, 1, [message_entry()])
    await database.close()
    folder = tmp_path / "medium"
    folder.mkdir()
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), folder / "tocsin.db")
    mounted = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && exec "
    line = mounted + " ".join([sys.executable, "-m", "bot", *command])
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/tocsin.db", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if "unshare failed" in done.stderr or "permission denied" in done.stderr:
        pytest.skip("nothing can be mounted here")
    if command == ["check"]:
        assert "database: the file cannot be written" in done.stdout
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert "INC-1" in done.stdout or "1 incident" in done.stdout
    assert [path.name for path in folder.iterdir()] == ["tocsin.db"]


async def test_a_log_left_by_a_killed_process_is_not_overlooked(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its log, such a file lacks the last changes."""
    file = tmp_path / "tocsin.db"
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), file)
    Path(f"{file}-wal").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match="can only be read together with"):
        await open_database(f"sqlite:///{file}", migrate=False)
