"""Hostile programs, arguments and environments: the process runner refuses them all."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from bot import policy
from bot.domain.playbook.job import Invocation
from bot.domain.policy.automation_rules import Executable, Host, HttpRules, ProcessRules
from playbooks.runners.http import Http
from playbooks.runners.process import Process
from tests.playbooks.hostile import TEN, Bench, refusal_of
from tests.programs import USER


@pytest.mark.parametrize(
    "program",
    ["sh", "/bin/sh", "/usr/bin/env", "./tool", "../tool", "tool/../tool", "TOOL", "tооl", "tool ", " tool", "-tool",
     "",
     "/tmp/tool", "//tool", "tool\u200b", "tool\x00", "tool\n"],
)  # fmt: skip
async def test_only_the_program_itself_is_run(bench: Bench, program: str) -> None:
    words = await refusal_of(bench.runner(), program, "get")
    assert "not a program that the policy allows" in words or "invisible character" in words
    assert not bench.ran


async def test_path_and_directory_cannot_select_another_program(bench: Bench) -> None:
    """`tool` is what the policy says, whatever lies about under that name."""
    elsewhere = bench.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tool").write_text("#!/bin/sh\necho evil\n")
    (elsewhere / "tool").chmod(0o755)
    runner = bench.runner(working_directory=str(elsewhere), search_path=f".:{elsewhere}", environment={"PATH": "."})
    ended = await runner.run(Invocation(("tool", "get")), TEN)
    assert (ended.value, ended.output) == (0, "get\n")


async def test_a_swapped_link_is_not_followed(bench: Bench) -> None:
    link, evil = bench.folder / "link", bench.folder / "evil"
    evil.write_text("#!/bin/sh\necho evil\n")
    evil.chmod(0o755)
    link.symlink_to(bench.tool)
    runner = Process(ProcessRules((Executable(str(link), (("get",),), user=USER),)), {})
    assert (await runner.run(Invocation(("link", "get")), TEN)).value == 0
    link.unlink()
    link.symlink_to(evil)
    words = await refusal_of(runner, "link", "get")
    assert words == f"{link} was {bench.tool} when the bot started, and is {evil} now. It was not run."


@pytest.mark.parametrize("what", ["tool", "folder"])
async def test_a_world_writable_program_is_not_run(bench: Bench, what: str) -> None:
    runner = bench.runner()
    (bench.tool if what == "tool" else bench.folder).chmod(0o777)
    assert "everyone may write to" in await refusal_of(runner, "tool", "get")
    bench.folder.chmod(0o700)


async def test_a_missing_or_not_executable_program_is_not_run(bench: Bench) -> None:
    runner = bench.runner()
    bench.tool.chmod(0o644)
    assert "it is not an executable file" in await refusal_of(runner, "tool", "get")
    bench.tool.unlink()
    assert "No such file" in await refusal_of(runner, "tool", "get")


@pytest.mark.parametrize(
    "arguments",
    [("delete", "pods"), ("get",), ("get", "pods", "--all"), ("get", "pods\n"), ("get\npods",), ("GET", "pods"),
     ("get", "podsx"), ("xget", "pods"), ("--get", "pods"), ("get", "--pods"), ("", ""), ("get", "p\u043eds"), ()],
)  # fmt: skip
async def test_arguments_without_a_matching_pattern_are_refused(bench: Bench, arguments: tuple[str, ...]) -> None:
    words = await refusal_of(bench.runner("get|describe", "pods"), "tool", *arguments)
    assert "not with these arguments" in words or "invisible character" in words
    assert not bench.ran


async def test_a_value_cannot_stall_the_operators_pattern(bench: Bench) -> None:
    """A person who fills in a value could otherwise block everybody else."""
    began = time.process_time()
    assert "must match (a+)+" in await refusal_of(bench.runner("(a+)+", "x"), "tool", "a" * 8000 + "!", "x")
    asked = Http(HttpRules((Host("api.example.com", paths=("/(a+)+",)),)), {})
    assert "is not allowed" in await refusal_of(asked, "GET", f"https://api.example.com/{'a' * 8000}!")
    assert time.process_time() - began < 5
    assert not bench.ran


async def test_oversized_commands_are_refused(bench: Bench) -> None:
    assert "longer than 8 KiB" in await refusal_of(bench.runner("[a-z]*"), "tool", "a" * 9000)
    many = Process(ProcessRules((Executable(str(bench.tool), ((("[a-z]*",) * 400),), user=USER),)), {})
    assert "arguments; the limit is 256" in await refusal_of(many, "tool", *["a"] * 400)
    long = Process(ProcessRules((Executable(str(bench.tool), ((("[a-z]*",) * 20),), user=USER),)), {})
    assert "longer than 64 KiB" in await refusal_of(long, "tool", *["a" * 8000] * 20)


@pytest.mark.parametrize("char", ["\x00", "\n", "\x1b", "\u200b", "\u202e", "\u2028", "\ufeff", "\u00a0", "\ud800"])
async def test_invisible_characters_are_refused_despite_the_pattern(bench: Bench, char: str) -> None:
    assert "invisible character" in await refusal_of(bench.runner("(?s).*"), "tool", f"get{char}")


async def test_the_bots_environment_is_not_passed_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("LD_PRELOAD_TEST", "evil")
    bench.does(
        "env | sort; echo; cat /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'; ls /proc/self/fd | wc -l; umask"
    )
    ended = await bench.runner(environment={"KUBECONFIG": "/etc/k"}).run(Invocation(("tool", "get")), TEN)
    said = [line for line in ended.output.splitlines() if line]
    assert said == [
        "HOME=/nonexistent", "KUBECONFIG=/etc/k", "LANG=C.UTF-8", "PATH=/usr/bin:/bin", f"PWD={bench.folder}",
        "4", "0077",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("environment: {LD_PRELOAD: /tmp/evil.so}", "LD_PRELOAD can make a program run other code"),
        ("environment: {BASH_ENV: /tmp/evil}", "BASH_ENV can make a program run other code"),
        ("environment_from: [SLACK_BOT_TOKEN]", "SLACK_BOT_TOKEN belongs to the bot"),
        ("environment_from: [DATABASE_URL]", "DATABASE_URL belongs to the bot"),
        ("environment: {'A=B': x}", "is not the name of an environment variable"),
    ],
)
def test_the_policy_cannot_pass_on_secrets_of_the_bot(entry: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    allow = f"{{executable: /bin/true, arguments: [[]], {entry}}}"
    path.write_text(f"automation: {{enabled: true, runners: {{process: {{allow: [{allow}]}}}}}}\n")
    with pytest.raises(policy.PolicyError, match=said):
        policy.load(path)


@pytest.mark.parametrize("path", ["kubectl", "./kubectl", "/usr/bin/../bin/sh", "/usr/./sh", "", "/", "/usr/bin/\x00"])
def test_a_program_is_named_by_its_absolute_path(path: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(
        f"automation: {{runners: {{process: {{allow: [{{executable: {json.dumps(path)}, arguments: [[]]}}]}}}}}}\n"
    )
    with pytest.raises(policy.PolicyError):
        policy.load(file)


async def test_standard_input_is_closed(bench: Bench) -> None:
    bench.does("cat; read line || echo nothing to read")
    ended = await bench.runner().run(Invocation(("tool", "get")), TEN)
    assert ended.output == "nothing to read\n"


async def test_a_program_gains_no_privileges(bench: Bench) -> None:
    """A set-uid program gives no more rights than the bot has."""
    bench.does("grep NoNewPrivs /proc/self/status")
    assert "NoNewPrivs:\t1" in (await bench.runner().run(Invocation(("tool", "get")), TEN)).output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_a_program_run_as_another_user_loses_our_privileges(bench: Bench) -> None:
    bench.folder.chmod(0o755)
    bench.tool.write_text("#!/bin/sh\nid -un; id -G; cat /etc/shadow\n")
    ended = await bench.runner(user="nobody", working_directory="/").run(Invocation(("tool", "get")), TEN)
    assert ended.output.splitlines()[0] == "nobody"
    assert "0" not in ended.output.splitlines()[1].split()
    assert "Permission denied" in ended.output
