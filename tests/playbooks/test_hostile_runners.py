"""Attempts to make a runner do what it may not. None succeeds, each is refused in plain words; those that pass through
an incident stand on its timeline too (`tests/scenarios/test_hostile_running.py`).
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot import policy
from bot.domain.errors import Refused
from bot.domain.playbook.definition import Command, Parameter
from bot.domain.playbook.job import ExitKind, Invocation
from bot.domain.policy.automation_rules import Executable, Host, HttpRules, ProcessRules
from bot.domain.values.redaction import Redactor
from playbooks import loader
from playbooks.runners import http, promql
from playbooks.runners.http import Http
from playbooks.runners.process import Process

TEN = timedelta(seconds=10)


class Bench:
    """One allowed program, `tool`, in a folder of its own, and what it did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tool = folder / "tool"
        self.done = folder / "done"
        self.does('echo "$@"')

    def does(self, script: str) -> None:
        self.tool.write_text(f"#!/bin/sh\necho ran >> {self.done}\n{script}\n")
        self.tool.chmod(0o755)

    def runner(self, *form: str, environ: dict[str, str] | None = None, **more: Any) -> Process:
        more = {"working_directory": str(self.folder), "timeout": timedelta(seconds=2), **more}
        return Process(ProcessRules((Executable(str(self.tool), (form or ("[a-z]+",),), **more),)), environ or {})

    @property
    def ran(self) -> bool:
        return self.done.exists()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def refused(runner: Any, *words: str) -> str:
    """It is refused when it is asked for, and again where somebody runs it all the same."""
    with pytest.raises(Refused) as why:
        runner.check(Invocation(words))
    ended = await runner.run(Invocation(words), TEN)
    assert ended.kind is ExitKind.NOT_STARTED
    assert ended.summary == why.value.message
    assert ended.output == ""
    return why.value.message


# --- what a parameter may be ------------------------------------------------------------------------------------------

VALUES = [
    "api; touch /tmp/owned", "api && reboot", "api | sh", "$(reboot)", "`reboot`", "${HOME}", "api\nreboot", "api\r",
    "api\x00", "api reboot", "'api", '"api', "-rf", "--kubeconfig=/tmp/evil", "..", "../../etc/passwd", "a/../../b",
    "~root", "*", "[a-z]", "{a,b}", "!!", "#", "\\x41", "аpi", "ａｐｉ", "api\u200b", "api\u202e", "api\u00a0", "", " ",
    "a" * 10_000, "api>out", "api<in", "api&", "(api)", "%s%n", "api\t", "\x1b[2J", "api\u2028",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[ascii(value)[:24] for value in VALUES])
def test_a_value_that_means_more_than_itself_is_refused(value: str) -> None:
    for kind in ("name", "resource", "number", "quantity", "host", "duration", "revision"):
        assert Parameter("service", type=kind).problem_with(value) is not None


def test_a_value_is_never_more_than_one_argument_and_never_its_beginning() -> None:
    command = Command("tool get {service} -n {namespace}")
    argv = command.argv({"service": "a b; -c", "namespace": "{service}"})
    assert argv == ("tool", "get", "a b; -c", "-n", "{service}")


@pytest.mark.parametrize(
    "run",
    ["tool a; reboot", "tool a | sh", "tool $(reboot)", "tool `reboot`", "tool a > /etc/passwd", "tool $HOME", "tool *",
     "tool a && reboot", "tool a &", "tool <(x)", 'tool "$HOME"', 'tool "`x`"', "tool a\nreboot", "(tool a)", "tool ~"],
)  # fmt: skip
def test_a_command_that_needs_a_shell_is_given_to_no_runner(run: str) -> None:
    with pytest.raises(Refused, match="needs a shell"):
        Command(run).argv({})
    text = f"""
id: evil
name: Evil
category: availability
phases: [{{title: P, steps: [{{title: S, commands: [{json.dumps(run)}], automation: {{runner: process}}}}]}}]
"""
    with pytest.raises(loader.PlaybookError):
        loader.from_text(text)


def test_a_playbook_cannot_name_its_program_by_a_parameter() -> None:
    with pytest.raises(loader.PlaybookError, match="the program itself must be written out"):
        loader.from_text(
            "id: evil\nname: Evil\ncategory: availability\nparameters: {p: {default: sh}}\n"
            "phases: [{title: P, steps: [{title: S, commands: ['{p} -c x'], automation: {runner: process}}]}]\n"
        )


# --- which program ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    ["sh", "/bin/sh", "/usr/bin/env", "./tool", "../tool", "tool/../tool", "TOOL", "tооl", "tool ", " tool", "-tool",
     "",
     "/tmp/tool", "//tool", "tool\u200b", "tool\x00", "tool\n"],
)  # fmt: skip
async def test_only_the_program_itself_is_run(bench: Bench, program: str) -> None:
    words = await refused(bench.runner(), program, "get")
    assert "not a program that the policy allows" in words or "invisible character" in words
    assert not bench.ran


async def test_path_and_working_directory_lead_to_no_other_program(bench: Bench) -> None:
    """`tool` is what the policy says, whatever lies about under that name."""
    elsewhere = bench.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tool").write_text("#!/bin/sh\necho evil\n")
    (elsewhere / "tool").chmod(0o755)
    runner = bench.runner(working_directory=str(elsewhere), search_path=f".:{elsewhere}", environment={"PATH": "."})
    ended = await runner.run(Invocation(("tool", "get")), TEN)
    assert (ended.value, ended.output) == (0, "get\n")


async def test_a_link_that_was_swapped_is_not_followed(bench: Bench) -> None:
    link, evil = bench.folder / "link", bench.folder / "evil"
    evil.write_text("#!/bin/sh\necho evil\n")
    evil.chmod(0o755)
    link.symlink_to(bench.tool)
    runner = Process(ProcessRules((Executable(str(link), (("get",),)),)), {})
    assert (await runner.run(Invocation(("link", "get")), TEN)).value == 0
    link.unlink()
    link.symlink_to(evil)
    words = await refused(runner, "link", "get")
    assert words == f"{link} was {bench.tool} when the bot started, and is {evil} now. It was not run."


@pytest.mark.parametrize("what", ["tool", "folder"])
async def test_a_program_that_everybody_may_change_is_not_run(bench: Bench, what: str) -> None:
    runner = bench.runner()
    (bench.tool if what == "tool" else bench.folder).chmod(0o777)
    assert "everyone may write to" in await refused(runner, "tool", "get")
    bench.folder.chmod(0o700)


async def test_a_program_that_is_gone_or_none_is_not_run(bench: Bench) -> None:
    runner = bench.runner()
    bench.tool.chmod(0o644)
    assert "it is not an executable file" in await refused(runner, "tool", "get")
    bench.tool.unlink()
    assert "No such file" in await refused(runner, "tool", "get")


# --- with which arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("delete", "pods"), ("get",), ("get", "pods", "--all"), ("get", "pods\n"), ("get\npods",), ("GET", "pods"),
     ("get", "podsx"), ("xget", "pods"), ("--get", "pods"), ("get", "--pods"), ("", ""), ("get", "p\u043eds"), ()],
)  # fmt: skip
async def test_arguments_that_no_pattern_has_are_refused(bench: Bench, arguments: tuple[str, ...]) -> None:
    words = await refused(bench.runner("get|describe", "pods"), "tool", *arguments)
    assert "not with these arguments" in words or "invisible character" in words
    assert not bench.ran


async def test_a_value_that_stalls_what_the_operator_wrote_stalls_nothing(bench: Bench) -> None:
    """Whoever may fill in a value would hold up everybody else by it."""
    began = time.process_time()
    assert "must match (a+)+" in await refused(bench.runner("(a+)+", "x"), "tool", "a" * 8000 + "!", "x")
    asked = Http(HttpRules((Host("api.example.com", paths=("/(a+)+",)),)), {})
    assert "is not allowed" in await refused(asked, "GET", f"https://api.example.com/{'a' * 8000}!")
    assert time.process_time() - began < 5
    assert not bench.ran


async def test_oversized_commands_are_refused(bench: Bench) -> None:
    assert "longer than 8 KiB" in await refused(bench.runner("[a-z]*"), "tool", "a" * 9000)
    many = Process(ProcessRules((Executable(str(bench.tool), ((("[a-z]*",) * 400),)),)), {})
    assert "arguments; the limit is 256" in await refused(many, "tool", *["a"] * 400)
    long = Process(ProcessRules((Executable(str(bench.tool), ((("[a-z]*",) * 20),)),)), {})
    assert "longer than 64 KiB" in await refused(long, "tool", *["a" * 8000] * 20)


@pytest.mark.parametrize("char", ["\x00", "\n", "\x1b", "\u200b", "\u202e", "\u2028", "\ufeff", "\u00a0", "\ud800"])
async def test_what_is_not_seen_is_refused_whatever_a_pattern_says(bench: Bench, char: str) -> None:
    assert "invisible character" in await refused(bench.runner("(?s).*"), "tool", f"get{char}")


# --- in which surroundings --------------------------------------------------------------------------------------------


async def test_nothing_of_the_bots_environment_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("LD_PRELOAD_TEST", "evil")
    bench.does("env | sort; echo; cat /proc/$PPID/environ | tr '\\0' '\\n'; ls /proc/self/fd | wc -l; umask")
    ended = await bench.runner(environment={"KUBECONFIG": "/etc/k"}).run(Invocation(("tool", "get")), TEN)
    said = [line for line in ended.output.splitlines() if line]
    assert said == [
        "HOME=/nonexistent", "KUBECONFIG=/etc/k", "LANG=C.UTF-8", "PATH=/usr/bin:/bin", f"PWD={bench.folder}",
        "4", "0077",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("environment: {LD_PRELOAD: /tmp/evil.so}", "LD_PRELOAD makes a program run something else"),
        ("environment: {BASH_ENV: /tmp/evil}", "BASH_ENV makes a program run something else"),
        ("environment_from: [SLACK_BOT_TOKEN]", "SLACK_BOT_TOKEN is the bot's own"),
        ("environment_from: [DATABASE_URL]", "DATABASE_URL is the bot's own"),
        ("environment: {'A=B': x}", "is not the name of an environment variable"),
    ],
)
def test_the_policy_does_not_give_such_things_away(entry: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    allow = f"{{executable: /bin/true, arguments: [[]], {entry}}}"
    path.write_text(f"automation: {{enabled: true, runners: {{process: {{allow: [{allow}]}}}}}}\n")
    with pytest.raises(policy.PolicyError, match=said):
        policy.load(path)


@pytest.mark.parametrize("path", ["kubectl", "./kubectl", "/usr/bin/../bin/sh", "/usr/./sh", "", "/", "/usr/bin/\x00"])
def test_a_program_is_named_by_its_whole_path(path: str, tmp_path: Path) -> None:
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


async def test_no_rights_are_gained(bench: Bench) -> None:
    """A set-uid program gives no more rights than the bot has."""
    bench.does("grep NoNewPrivs /proc/self/status")
    assert "NoNewPrivs:\t1" in (await bench.runner().run(Invocation(("tool", "get")), TEN)).output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_as_somebody_else_it_has_none_of_our_rights(bench: Bench) -> None:
    for folder in [bench.folder, *bench.folder.parents]:
        folder.chmod(0o755) if str(folder).startswith("/tmp/") else None
    bench.tool.write_text("#!/bin/sh\nid -un; id -G; cat /etc/shadow\n")
    ended = await bench.runner(user="nobody", working_directory="/").run(Invocation(("tool", "get")), TEN)
    assert ended.output.splitlines()[0] == "nobody"
    assert "0" not in ended.output.splitlines()[1].split()
    assert "Permission denied" in ended.output


# --- how much, and for how long ---------------------------------------------------------------------------------------


async def gone(marker: str, within_s: float = 3.0) -> bool:
    """Whether no process has this in its command line any more."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not alive(marker):
            return True
        await asyncio.sleep(0.05)
    return False


def alive(marker: str) -> list[str]:
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("yes", "printed more than 64 KiB"),
        ("head -c 10000000 /dev/zero", "printed more than 64 KiB"),
        ("yes >&2", "printed more than 64 KiB"),
        ("sleep 61.5", "killed after 1 seconds"),
        ("exec >/dev/null 2>&1; sleep 61.5", "killed after 1 seconds"),
        ("trap '' TERM INT HUP; while :; do sleep 61.5; done", "killed after 1 seconds"),
        ("kill -STOP $$; sleep 61.5", "killed after 1 seconds"),
        ("while :; do :; done", "killed after 1 seconds"),
        ("bomb() { bomb | bomb & }; bomb; sleep 61.5", "started more than 40 processes"),
        ("i=0; while [ $i -lt 200 ]; do sleep 61.5 & i=$((i+1)); done; wait", "started more than 40 processes"),
    ],
)
async def test_what_does_not_end_is_ended(bench: Bench, script: str, said: str) -> None:
    bench.does(script)
    runner = bench.runner(timeout=timedelta(seconds=1), output_limit=64 * 1024, processes=40)
    began = time.monotonic()
    ended = await runner.run(Invocation(("tool", "get")), TEN)
    assert said in ended.summary
    assert ended.kind in (ExitKind.TIMED_OUT, ExitKind.LIMIT_EXCEEDED)
    assert time.monotonic() - began < 8
    assert len(ended.output) <= 64 * 1024
    assert await gone(str(bench.tool))
    assert await gone("sleep 61.5")


@pytest.mark.parametrize(
    "leave",
    ["setsid sleep 62.5 >/dev/null 2>&1 &", "nohup sleep 62.5 >/dev/null 2>&1 &",
     "(setsid sh -c '(setsid sleep 62.5 &) ' >/dev/null 2>&1 &)",
     "(trap '' TERM HUP; exec 3>&- ; cd /; setsid sleep 62.5 </dev/null >/dev/null 2>&1) & disown 2>/dev/null"],
)  # fmt: skip
async def test_nothing_outlives_its_step(bench: Bench, leave: str) -> None:
    bench.does(f"{leave}\nsleep 0.2\necho done")
    ended = await bench.runner().run(Invocation(("tool", "get")), TEN)
    assert ended.output == "done\n"
    assert "left behind were killed" in ended.summary
    assert await gone("sleep 62.5")


async def test_being_cancelled_ends_everything(bench: Bench) -> None:
    bench.does("setsid sleep 63.5 & sleep 63.5")
    task = asyncio.create_task(bench.runner(timeout=timedelta(minutes=1)).run(Invocation(("tool", "get")), TEN))
    while not alive("sleep 63.5"):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone("sleep 63.5", 0.5)


async def test_memory_and_files_are_bounded(bench: Bench) -> None:
    bench.does("ulimit -v; ulimit -c; ulimit -f; head -c 300M /dev/zero > big; echo $?; rm -f big")
    ended = await bench.runner(memory=64 * 1024**2).run(Invocation(("tool", "get")), TEN)
    assert ended.output.split()[:3] == ["65536", "0", "524288"]
    assert "153" in ended.output or "File size limit" in ended.output or "too large" in ended.output


# --- what it says -----------------------------------------------------------------------------------------------------

SECRET = "hunter2-is-my+pass/word"


@pytest.mark.parametrize(
    "printed",
    [
        SECRET, f"x{SECRET}y", base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"a{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}!".encode()).decode(), SECRET.encode().hex(), "hunter2-is-my%2Bpass%2Fword",
        f"\x1b[31m{SECRET[:6]}\x1b[0m{SECRET[6:]}", f"{SECRET[:9]}\u200b{SECRET[9:]}", "password=correct-horse",
        'api_key: "abcdef123"', "Authorization: Bearer abc.def.ghi", "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "postgres://app:geheim12@db/x",
        "xoxb-1234567890-abcdefghij", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "--token s3cr3t-abc",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "PGPASSWORD=geheim12",
    ],
)  # fmt: skip
def test_secrets_in_the_output_are_masked(printed: str) -> None:
    shown = Redactor([SECRET]).redact(f"before {printed} after")
    assert "•••" in shown
    for secret in (
        SECRET, "correct-horse", "abcdef123", "abc.def.ghi", "AKIAIOSF", "wJalr", "geheim12", "abcdefghij",
        "s3cr3t-abc",
        "MIIabc", "eyJhbGci", SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode()[:-4],
    ):  # fmt: skip
        assert secret not in shown
    assert shown.startswith("before ")


def test_ordinary_output_stays_as_it_is() -> None:
    text = "NAME   READY\napi-1  1/1\n\ttoken bucket is full: 12 of 12, see https://example.com/tokens?page=2"
    assert Redactor([SECRET, "abc"]).redact(text) == text


def test_output_that_would_take_over_a_terminal_is_plain() -> None:
    assert Redactor().redact("\x1b]0;title\x07a\x1b[2J\x1b[1;1Hb\x00\u202ec\r\nd\re") == "abc\nd\ne"


# --- over the network -------------------------------------------------------------------------------------------------

ALLOWED = Host("api.example.com", paths=("/health", "/v1/[a-z]+"))


def asks(*hosts: Host, **environ: str) -> Http:
    return Http(HttpRules(hosts or (ALLOWED,), timeout=timedelta(seconds=1), output_limit=64 * 1024), environ)


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/health", "https://127.0.0.1/health",
     "https://localhost/health", "https://[::1]/health", "https://[::ffff:127.0.0.1]/health", "https://2130706433/health",
     "https://0x7f000001/health", "https://0177.0.0.1/health", "https://127.1/health", "https://0.0.0.0/health",
     "https://metadata.google.internal/health", "https://evil.com/health", "https://api.example.com.evil.com/health",
     "https://evil.com#api.example.com/health", "https://evil.com?api.example.com/health",
     "https://evil.com\\@api.example.com/health", "https://api.example.com@evil.com/health",
     "https://user:password@api.example.com/health", "https://@api.example.com/health",
     "https://api.example.com:22/health", "https://api.example.com:8443/health", "http://api.example.com/health",
     "ftp://api.example.com/health", "file:///etc/passwd", "gopher://api.example.com/health",
     "//api.example.com/health",
     "javascript:alert(1)", "api.example.com/health", "https:///health", "https://api.example.com./health",
     "https://API.example.com/health", "https://аpi.example.com/health", "https://xn--pi-6kc.example.com/health",
     "https://api.example.com/health/../admin", "https://api.example.com/%2e%2e/admin",
     "https://api.example.com/v1/%2fx",
     "https://api.example.com//health", "https://api.example.com/admin", "https://api.example.com/healthy",
     "https://api.example.com/health?x=1", "https://api.example.com/health#x", "https://api.example.com/health\r\nX: y",
     "https://api.example.com/health HTTP/1.1", "https://api.example.com/\x00health",
     "https://api.example.com/h\u200bealth",
     "https://api.example.com%00.evil.com/health", "https://api.example.com\t.evil.com/health", "", "https://"],
)  # fmt: skip
async def test_only_what_the_policy_names_is_asked(url: str) -> None:
    """Whatever else it reads like: it is refused before anything is resolved or connected."""
    assert await refused(asks(), "GET", url)


@pytest.mark.parametrize("method", ["POST", "DELETE", "get", "TRACE", "CONNECT", "GET /x HTTP/1.1\r\nHost: y", ""])
async def test_only_the_methods_that_the_policy_names_are_used(method: str) -> None:
    assert await refused(asks(), method, "https://api.example.com/health")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
     "2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "2001:db8::1", "ff02::1"],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_followed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the name may let it lead anywhere, and to several places at once."""
    resolves(monkeypatch, ["93.184.216.34", address])
    ended = await asks().run(Invocation(("GET", "https://api.example.com/health")), TEN)
    assert ended.kind is ExitKind.NOT_STARTED
    assert f"resolves to {address}, which is not in the public internet" in ended.summary


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The name leads to these, one answer after the other; the last one stays."""
    asked: list[str] = []
    real = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: Any, host: Any, port: Any, **how: Any) -> Any:
        if not str(host).endswith("example.com"):
            return await real(loop, host, port, **how)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[int, list[str]]]:
    """A real server on this machine, and what it was asked."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(f"{request.method} {request.host} {request.path_qs}")
        return await answer(request)

    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], seen
    finally:
        await runner.cleanup()


def here(port: int, **more: Any) -> Host:
    """This machine, which somebody allowed by name and network."""
    more = {"plain": True, "ports": (port,), "addresses": ("127.0.0.0/8",), "paths": ("/health",), **more}
    return Host("api.example.com", **more)


async def test_dns_that_changes_its_mind_is_asked_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked is what is connected to: the second answer, the inside of our network, is never asked for."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="inside")

    async with server(answer) as (port, seen):
        asked = resolves(monkeypatch, ["192.0.2.1"], ["127.0.0.1"])
        host = here(port, addresses=("192.0.2.0/24",))
        ended = await asks(host).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.value is None
        assert (len(asked), seen) == (1, [])


@pytest.mark.parametrize(
    "to",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/secret", "file:///etc/passwd", "/secret",
     "//evil.example.com/"],
)  # fmt: skip
async def test_no_redirect_is_followed(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": to.format(port=port)})

    async with server(answer) as (port, seen):
        resolves(monkeypatch, ["127.0.0.1"])
        ended = await asks(here(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.summary == "status 302, a redirect, which is not followed"
        assert seen == [f"GET api.example.com:{port} /health"]


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65536)


async def slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.05)


async def bomb(request: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(b"0" * 20_000_000), headers={"Content-Encoding": "gzip"})


async def giant_header(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={"X-Giant": "x" * 20_000})


async def many_headers(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={f"X-{number}": "x" * 1000 for number in range(60)})


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (endless, "more than 64 KiB"), (slow, "No complete answer within 1 seconds"),
        (never, "No complete answer within 1"),
        (giant_header, "the answer was invalid"), (many_headers, "headers are larger"), (bomb, "status 200"),
    ],
)  # fmt: skip
async def test_an_answer_is_bounded_in_every_direction(
    answer: Answer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(answer) as (port, _):
        resolves(monkeypatch, ["127.0.0.1"])
        began = time.monotonic()
        ended = await asks(here(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert said in ended.summary
        assert len(ended.output) <= 65 * 1024
        assert time.monotonic() - began < 3
        if answer is bomb:
            assert "compressed: not shown" in ended.output


async def test_no_proxy_cookie_or_netrc_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers), headers={"Set-Cookie": "a=b"})

    (tmp_path / ".netrc").write_text("machine api.example.com login me password geheim12\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with server(answer) as (port, seen):
        resolves(monkeypatch, ["127.0.0.1"])
        ended = await asks(here(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.value == 200
        assert len(seen) == 1
        assert "Authorization" not in ended.output
        assert "Cookie" not in ended.output


@pytest.mark.parametrize("value", ["token\r\nX-Evil: 1", "token\x00", ""])
async def test_a_header_that_would_be_two_is_not_sent(value: str) -> None:
    host = Host("api.example.com", paths=("/health",), headers={"Authorization": "OPS_TOKEN"})
    ended = await asks(host, OPS_TOKEN=value).run(Invocation(("GET", "https://api.example.com/health")), TEN)
    assert (ended.kind, ended.output) == (ExitKind.NOT_STARTED, "")
    assert "is not set properly" in ended.summary


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "https://x", "a b", "*", "*.example.com", "x/..", "-x", ""]
)
def test_a_host_in_the_policy_is_one_name(host: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(f"automation: {{runners: {{http: {{allow: [{{host: {host!r}}}]}}}}}}\n")
    with pytest.raises(policy.PolicyError, match="must be the name of one host"):
        policy.load(path)


def test_public_is_what_anybody_can_reach() -> None:
    assert http.is_public(http.ip_address("93.184.216.34"))
    assert http.is_public(http.ip_address("2606:2800:220:1::1"))
    assert not http.is_public(http.ip_address("::ffff:10.0.0.1"))


@pytest.mark.parametrize(
    "result",
    ['[{"metric": [1], "value": [1, "1"]}]', '[{"metric": {}, "value": 7}]',
     f'[{{"metric": {{}}, "value": [1, {"9" * 4000}]}}]', "[" * 100_000, '{"0": 1}', "[null]"],
)  # fmt: skip
def test_a_prometheus_that_is_none_is_an_end_like_another(result: str) -> None:
    answer = f'{{"status": "success", "data": {{"resultType": "vector", "result": {result}}}}}'
    ended = promql.parse_answer(200, answer.encode())
    assert ended.kind is ExitKind.ENDED
    assert "not in the format of its API" in ended.summary
