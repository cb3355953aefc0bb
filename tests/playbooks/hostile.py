"""A runner and programs for hostile attempts, and the expected refusal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import Refused
from bot.domain.playbook.job import ExitKind, Invocation
from bot.domain.policy.automation_rules import Executable, ProcessRules
from playbooks.runners.process import Process
from tests.programs import USER

TEN = timedelta(seconds=10)


class Bench:
    """One allowed program, `tool`, in a folder of its own, and what it did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tool = folder / "tool"
        self.done = folder / "done"
        self.sleep = folder / "sleep"  # by this name its processes are known as this bench's
        self.sleep.symlink_to("/bin/sleep")
        self.does('echo "$@"')

    def does(self, script: str) -> None:
        self.tool.write_text(f"#!/bin/sh\necho ran >> {self.done}\n{script}\n")
        self.tool.chmod(0o755)

    def runner(self, *form: str, environ: dict[str, str] | None = None, concurrency: int = 1, **more: Any) -> Process:
        more = {"working_directory": str(self.folder), "timeout": timedelta(seconds=2), "user": USER, **more}
        rule = Executable(str(self.tool), (form or ("[a-z]+",),), **more)
        return Process(ProcessRules((rule,), concurrency), environ or {})

    @property
    def ran(self) -> bool:
        return self.done.exists()


async def refusal_of(runner: Any, *words: str) -> str:
    """It is refused when it is asked for, and again where somebody runs it all the same."""
    with pytest.raises(Refused) as why:
        runner.check(Invocation(words))
    ended = await runner.run(Invocation(words), TEN)
    assert ended.kind is ExitKind.NOT_STARTED
    assert ended.summary == why.value.message
    assert ended.output == ""
    return why.value.message
