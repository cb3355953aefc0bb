"""Runners with real programs, real HTTP servers, and Prometheus: its documented API, or itself where installed."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot import playbook_runners
from bot.domain.errors import Refused
from bot.domain.playbook import job as jobs
from bot.domain.playbook.definition import Automation, Command, Step, Success
from bot.domain.playbook.job import Action, ExitKind, Invocation, InvocationResult, Plan
from bot.domain.policy.automation_rules import (
    AutomationRules,
    Executable,
    Host,
    HttpRules,
    ProcessRules,
    PromqlRules,
    WaitRules,
)
from bot.settings import Settings
from bot.usecases.playbooks.dry_run import make_plan
from playbooks.runners.http import Http
from playbooks.runners.process import Process
from playbooks.runners.promql import Promql, parse_answer
from playbooks.runners.wait import Wait
from tests.certificates import self_signed
from tests.programs import USER

TEN = timedelta(seconds=10)
PROMETHEUS = shutil.which("prometheus")


def program(folder: Path, script: str, **more: Any) -> Process:
    tool = folder / "tool"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    more = {"arguments": (("[a-z ]*",),), "working_directory": str(folder), "user": USER, **more}
    return Process(ProcessRules((Executable(str(tool), **more),)), {})


async def test_a_program_runs_where_and_as_the_policy_says(folder: Path) -> None:
    runner = program(folder, 'pwd; echo "$1"; echo trouble >&2; exit 3', environment={"KUBECONFIG": "/etc/k"})
    allowed = runner.check(Invocation(("tool", "a b")))
    assert (allowed.where, allowed.limits) == (f"{folder}/tool in {folder}", "1m, 256 KiB of output")
    ended = await runner.run(Invocation(("tool", "a b")), TEN)
    assert (ended.kind, ended.value, ended.summary) == (ExitKind.ENDED, 3, "exit code 3")
    assert ended.output == f"{folder}\na b\ntrouble\n"


async def test_a_program_ended_by_a_signal_says_so(folder: Path) -> None:
    ended = await program(folder, "kill -SEGV $$").run(Invocation(("tool", "x")), TEN)
    assert (ended.value, ended.summary) == (-11, "ended by signal 11")


async def test_a_program_that_cannot_start_says_why(folder: Path) -> None:
    runner = program(folder, "true", working_directory=str(folder / "gone"))
    ended = await runner.run(Invocation(("tool", "x")), TEN)
    assert (ended.kind, ended.summary) == (ExitKind.NOT_STARTED, "It could not be started: No such file or directory.")


async def test_concurrent_programs_do_not_interfere(folder: Path) -> None:
    runner = program(folder, 'sleep 0.2; echo "$1"')
    words = ["abc"[n % 3] * (n + 1) for n in range(12)]
    ended = await asyncio.gather(*(runner.run(Invocation(("tool", word)), TEN) for word in words))
    assert [one.output for one in ended] == [f"{word}\n" for word in words]


async def test_waiting_is_limited_by_the_policy() -> None:
    runner = Wait(WaitRules(timedelta(seconds=5)))
    ended = await runner.run(Invocation(("0.05",)), TEN)
    assert (ended.kind, ended.value) == (ExitKind.ENDED, 0.05)
    for odd in ("6", "-1", "nan", "inf", "soon", ""):
        with pytest.raises(Refused):
            runner.check(Invocation((odd,)))


# --- HTTP -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(answer: Any, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_request_carries_exactly_the_policys_headers() -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, sorted(request.headers)))
        return web.Response(text=f"hello {request.headers['Authorization']}", status=201)

    async with serving(answer) as port:
        host = Host(
            "localhost", ("GET", "POST"), ("/health",), {"Authorization": "OPS"}, ("127.0.0.0/8", "::1/128"), True,
            (port,),
        )  # fmt: skip
        runner = Http(HttpRules((host,)), {"OPS": "secret-of-ops"})
        for method in ("GET", "POST"):
            ended = await runner.run(Invocation((method, f"http://localhost:{port}/health")), TEN)
            assert (ended.kind, ended.value, ended.summary) == (ExitKind.ENDED, 201, "status 201")
        assert ended.output.endswith("hello secret-of-ops")
        assert runner.secrets == ("secret-of-ops",)
        assert [one[:2] for one in seen] == [("GET", "/health"), ("POST", "/health")]
        assert set(seen[0][2]) == {"Accept", "Accept-Encoding", "Authorization", "Connection", "Host", "User-Agent"}


async def test_an_unreachable_host_is_a_failure_that_can_be_retried() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        host = Host("localhost", paths=("/",), addresses=("127.0.0.0/8", "::1/128"), plain=True, ports=(port,))
        ended = await Http(HttpRules((host,)), {}).run(Invocation(("GET", f"http://localhost:{port}/")), TEN)
    assert (ended.kind, ended.value) == (ExitKind.ENDED, None)
    assert "Could not connect to localhost" in ended.summary


# --- Prometheus -------------------------------------------------------------------------------------------------------

# From https://prometheus.io/docs/prometheus/latest/querying/api/
VECTOR = b"""{"status": "success", "data": {"resultType": "vector", "result": [
  {"metric": {"__name__": "up", "job": "prometheus", "instance": "localhost:9090"}, "value": [1435781451.781, "1"]},
  {"metric": {"__name__": "up", "job": "node", "instance": "localhost:9100"}, "value": [1435781451.781, "0"]}]}}"""
SCALAR = b'{"status": "success", "data": {"resultType": "scalar", "result": [1435781451.781, "2.5"]}}'
ERROR = b'{"status": "error", "errorType": "bad_data", "error": "1:4: parse error: unexpected <by>"}'


@pytest.mark.parametrize(
    ("body", "figures", "words"),
    [
        (VECTOR, (1, 0), "2 series"),
        (SCALAR, (2.5,), "2.5"),
        (b'{"status":"success","data":{"resultType":"vector","result":[]}}', (), "no result"),
        (ERROR, (), "Prometheus refuses the query: 1:4: parse error: unexpected <by>"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[]}}', (), "Prometheus answered 200, but not in"),
        (b"<html>", (), "Prometheus answered 200, but not in the format of its API"),
        (b"[" * 100_000, (), "Prometheus answered 200, but not in the format of its API"),
        (b"x" * 2_000_000, (), "Prometheus answered with more than 1 MiB."),
    ],
    ids=["vector", "scalar", "empty", "error", "matrix", "html", "brackets", "huge"],
)
def test_answers_of_prometheus_are_parsed(body: bytes, figures: tuple[float, ...], words: str) -> None:
    ended = parse_answer(200, body)
    assert ended.values == figures
    assert ended.summary.startswith(words)


@pytest.mark.parametrize(
    ("success", "figures", "worked"),
    [
        (Success(promql="x", over=100), (120.0,), True), (Success(promql="x", over=100), (100.0,), False),
        (Success(promql="x", under=0.01), (0.001,), True), (Success(promql="x", under=0.01), (0.02,), False),
        (Success(promql="x", over=1, under=3), (2.0,), True), (Success(promql="x", over=1, under=3), (3.0,), False),
        (Success(promql="x", over=0), (1.0, 0.0), False), (Success(promql="x", over=0), (1.0, 2.0), True),
        (Success(promql="x", over=0), (float("nan"),), False), (Success(promql="x", over=0), (), False),
        (Success(promql="x", under=5), (float("inf"),), False),
    ],
)  # fmt: skip
def test_a_comparison_decides_success(success: Success, figures: tuple[float, ...], worked: bool) -> None:
    ended = InvocationResult(ExitKind.ENDED, "words", figures[0] if figures else None, "", figures)
    assert jobs.compare(success, ended).succeeded is worked


async def test_prometheus_is_queried_by_post_without_showing_its_password() -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, dict(await request.post()), request.headers.get("Authorization", "")[:6]))
        return web.Response(body=VECTOR, content_type="application/json")

    async with serving(answer) as port:
        runner = Promql(PromqlRules(), f"http://me:geheim12@127.0.0.1:{port}/prometheus/")
        ended = await runner.run(Invocation(("up",)), TEN)
        assert ended.values == (1, 0)
        assert ended.output.splitlines()[0] == 'up{job="prometheus", instance="localhost:9090"} 1'
        assert seen == [("/prometheus/api/v1/query", {"query": "up", "timeout": "10s"}, "Basic ")]
        assert runner.secrets == ("geheim12",)
        assert "geheim12" not in runner.describe() + runner.check(Invocation(("up",))).where


async def test_prometheus_is_queried_with_a_bearer_token_over_a_certificate_of_the_operators_own(
    tmp_path: Path,
) -> None:
    key, certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(body=VECTOR, content_type="application/json")

    async with serving(answer, context) as port:
        url = f"https://me:unused1@localhost:{port}"
        settings = Settings(_env_file=None, prometheus_url=url, prometheus_token="geheim34", prometheus_ca=certificate)
        runner = playbook_runners.build(AutomationRules(enabled=True, promql=PromqlRules()), settings, {})["promql"]
        assert (await runner.run(Invocation(("up",)), TEN)).values == (1, 0)
        assert seen == ["Bearer geheim34"]
        assert set(runner.secrets) == {"geheim34", "unused1"}
        ended = await Promql(PromqlRules(), url, "geheim34").run(Invocation(("up",)), TEN)
        assert ended.summary == "Prometheus cannot be asked (ClientConnectorCertificateError)."


async def test_without_prometheus_the_refusal_names_the_setting() -> None:
    ended = await Promql(PromqlRules(), None).run(Invocation(("up",)), TEN)
    assert ended.summary == "PROMETHEUS_URL is not set, so there is no Prometheus to ask."
    ended = await Promql(PromqlRules(), "http://127.0.0.1:9").run(Invocation(("up",)), TEN)
    assert ended.summary.startswith("Prometheus cannot be asked")


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (apt install prometheus)")
async def test_a_query_to_a_real_prometheus_decides(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    server = await asyncio.create_subprocess_exec(
        str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}", stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        runner = Promql(PromqlRules(), f"http://127.0.0.1:{port}")
        for _ in range(200):
            ended = await runner.run(Invocation(("up",)), TEN)
            if ended.values:
                break
            await asyncio.sleep(0.1)
        assert ended.values == (1,)
        assert 'job="prometheus"' in ended.output
        assert jobs.compare(Success(promql="up", over=0), ended).succeeded
        assert not jobs.compare(Success(promql="up", under=1), ended).succeeded
        assert (await runner.run(Invocation(("42",)), TEN)).values == (42,)
        assert "parse error" in (await runner.run(Invocation(("sum by(",)), TEN)).summary
        assert (await runner.run(Invocation(("no_such_metric",)), TEN)).summary == "no result"
    finally:
        server.terminate()
        await server.wait()


# --- what decides -----------------------------------------------------------------------------------------------------


def plan(runner: str = "process", pieces: int = 1, **success: Any) -> Plan:
    given = Success(**success) if success else None
    return Plan(runner, Action.RUN, tuple(Invocation((str(n),)) for n in range(pieces)), TEN, given)


@pytest.mark.parametrize(
    ("of", "position", "figure", "worked"),
    [
        (plan(), 0, 0, True), (plan(), 0, 1, False), (plan(exit_code=3), 0, 3, True), (plan(exit_code=3), 0, 0, False),
        (plan(pieces=2, exit_code=3), 0, 3, False), (plan(pieces=2, exit_code=3), 0, 0, True),
        (plan(pieces=2, exit_code=3), 1, 3, True), (plan("http"), 0, 200, True), (plan("http"), 0, 204, False),
        (plan("http", status=204), 0, 204, True), (plan("http"), 0, None, False), (plan("wait"), 0, 5, True),
        (plan("promql", promql="x", over=1), 0, 2, True), (plan("promql", promql="x", over=1), 0, 1, False),
    ],
)  # fmt: skip
def test_exit_code_status_and_value_decide(of: Plan, position: int, figure: float | None, worked: bool) -> None:
    assert jobs.judge(of, position, InvocationResult(ExitKind.ENDED, "words", figure)).succeeded is worked


@pytest.mark.parametrize("how", [ExitKind.TIMED_OUT, ExitKind.LIMIT_EXCEEDED, ExitKind.STOPPED, ExitKind.NOT_STARTED])
def test_an_invocation_that_did_not_end_has_failed(how: ExitKind) -> None:
    assert not jobs.judge(plan(), 0, InvocationResult(how, "words", 0)).succeeded


def test_a_plan_contains_everything_that_will_happen(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    allow = Executable(str(tool), (("restart", "[a-z ]+"),), timeout=timedelta(seconds=20), user=USER)
    rules = AutomationRules(enabled=True, process=ProcessRules((allow,)))
    step = Step(
        "2.1", "Restart", commands=(Command("tool look"), Command("tool restart '{name}'")),
        rollback=(Command("tool restart old"),), timeout=TEN,
        automation=Automation("process", commands=(2,), action="restart", retries=2),
    )  # fmt: skip
    made = make_plan(playbook_runners.build(rules, Settings(_env_file=None), {}), step, {"name": "a b"}, Action.RUN)
    assert made.preview == "tool restart 'a b'"
    assert [piece.args for piece in made.undo] == [("tool", "restart", "old")]
    assert (made.timeout, made.remedy, made.success_text) == (TEN, "restart", "exit code 0")
    assert Plan.from_json(made.as_json()) == made
    assert Plan.from_json(made.as_json()).digest == made.digest


def test_without_automation_there_is_no_runner() -> None:
    settings = Settings(_env_file=None)
    rules = AutomationRules(process=ProcessRules(), http=HttpRules(), promql=PromqlRules(), wait=WaitRules())
    assert playbook_runners.build(rules, settings, {}) == {}
    opened = AutomationRules(enabled=True, wait=WaitRules())
    assert list(playbook_runners.build(opened, settings, {})) == ["wait"]
