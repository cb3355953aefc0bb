"""Files: a policy or playbook cannot grow without end, and only the owner can read written files."""

from __future__ import annotations

import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import export
from bot.policy import PolicyError, read
from bot.policy.yaml_source import MAX_CHARACTERS, MAX_DEPTH, parse_yaml
from playbooks import loader
from playbooks.loader import PlaybookError
from storage import backup
from tests.scenarios.running import World

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(b)}: &{chr(b)} [{', '.join([f'*{chr(b - 1)}'] * 10)}]\n" for b in range(ord("b"), ord("l"))
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{chr(b)}: &{chr(b)} {{<<: [{', '.join([f'*{chr(b - 1)}'] * 10)}]}}\n" for b in range(ord("b"), ord("l"))
)
ENDLESS = {
    "aliases": LAUGHS, "merges": MERGED, "brackets": "a: " + "[" * 20_000, "closed": f"a: {'[' * 5000}{']' * 5000}",
    "deep": "\n".join(f"{' ' * depth}a:" for depth in range(MAX_DEPTH + 5)), "long": "a: x\n#" + "x" * MAX_CHARACTERS,
}  # fmt: skip


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_a_hostile_yaml_file_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    assert len(parse_yaml(text, "x").problems) == 1
    (tmp_path / "one.yml").write_text(text)
    with pytest.raises(PolicyError):
        read(tmp_path / "one.yml")
    with pytest.raises(PlaybookError):
        loader.load([tmp_path])
    assert time.perf_counter() - began < 20.0


async def test_nothing_is_written_through_a_link_or_into_a_file_of_somebody_else(world: World, tmp_path: Path) -> None:
    """In a folder that others may write to: a file that they can read, or a link."""
    await world.declare("sev2 Payroll leaked")
    database = Path(world.settings.database_url.get_secret_value().partition("///")[2])
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    for name, link in (("a", True), ("b", False)):
        for ending in ("jsonl", "db"):
            unfinished = tmp_path / f"{name}.{ending}.unfinished"
            if link:
                unfinished.symlink_to(victim)
            else:
                unfinished.touch(mode=0o666)
                unfinished.chmod(0o666)
        await export.write(tmp_path / f"{name}.jsonl", _said())
        backup._copy(database, tmp_path / f"{name}.db")
        for ending in ("jsonl", "db"):
            written = tmp_path / f"{name}.{ending}"
            assert not written.is_symlink()
            assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert victim.read_text() == "as it was"


async def _said() -> AsyncIterator[str]:
    yield "{}"
