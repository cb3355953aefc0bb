"""With a canary in every secret setting, no output contains any form of one.

Slack and every vendor quote back what they were sent, headers and all, in refusals, as real ones have been seen to do.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote, quote_plus

import pytest
from aiohttp import web
from pydantic import SecretStr

import sandbox
from bot.cli.main import main
from bot.settings import Settings
from tests.scenarios.running import MANIFEST
from tests.waiting import WITHIN_S

numbers = itertools.count(1)
CANARY = "c4n4ry"
INSIDE = "inc-1-payments-are-down"
# Not secrets as a whole; the passwords in them are, and have canaries.
PASSWORDS = {"database_url": "postgresql+asyncpg://me:{}@127.0.0.1:1/x", "prometheus_url": "http://me:{}@127.0.0.1:1/"}
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  maya: {slack: U0MAYA0000, email: maya@example.com, phone: "+4915112345678", pagerduty: c4n4ryRoutingKeyOfMaya00000000}
severities:
  sev1: {ladder: [{after: 0m, notify: ["contact:maya"], by: [slack, pagerduty, sms, email, webhook]}]}
"""


def canary() -> str:
    """One of its own for each setting, with letters that look different in JSON, addresses and base64."""
    return f"{CANARY}{next(numbers):02}Zx9Qq-_7kL0pWvB3nMsT"


def secret_fields() -> set[str]:
    fields = Settings.model_fields.items()
    return {name for name, field in fields if SecretStr in (field.annotation, *get_args(field.annotation))}


def settings_of(url: str, database: str) -> dict[str, str]:
    """The environment: every secret setting there is has a canary in it."""
    found = {name: canary() for name in secret_fields()}
    found |= {
        "slack_bot_token": f"xoxb-{canary()}", "slack_app_token": f"xapp-{canary()}",
        "smtp_url": f"smtp+plain://me:{canary()}@127.0.0.1:1", "webhook_url": f"{url}/hook/{canary()}",
        "heartbeat_url": f"{url}/ping/{canary()}", "prometheus_url": f"http://me:{canary()}@127.0.0.1:1/",
        "database_url": database,
    }  # fmt: skip
    more = {
        "mail_from": "tocsin@example.com", "twilio_account_sid": "AC00000000000000000000000000000000",
        "twilio_from": "+15005550006", "twilio_api_url": url, "pagerduty_events_url": f"{url}/v2/enqueue",
        "port": "0", "log_level": "DEBUG", "tocsin_demo": "true",
    }  # fmt: skip
    return {name.upper(): value for name, value in (found | more).items()}


def forms(environment: dict[str, str]) -> set[str]:
    """Every canary as vendors and libraries write it down; the word itself finds most."""
    values = [value for value in environment.values() if CANARY in value]
    whole = [f"AC00000000000000000000000000000000:{value}" for value in values] + values
    encoded = {base64.b64encode(value.encode()).decode().rstrip("=")[2:-2] for value in whole}
    return {CANARY, CANARY.upper(), *encoded, *(quote(value, safe="") for value in values), *map(quote_plus, values)}


@asynccontextmanager
async def parrot() -> AsyncIterator[tuple[str, Counter[str]]]:
    """Refuses everything and quotes back all it was sent; counts requests by the first part of their path."""
    asked: Counter[str] = Counter()

    async def refuse(request: web.Request) -> web.Response:
        asked[request.path.split("/")[1]] += 1
        body = await request.text()
        said = json.dumps({"headers": dict(request.headers), "body": body, "url": str(request.url)})
        status = next(statuses)
        return web.json_response(
            {"ok": False, "error": said, "message": said, "errors": [said], "status": said, "code": 20003},
            status=status, headers={"Retry-After": "0.1"},
        )  # fmt: skip

    statuses = itertools.cycle([400, 401, 403, 500, 503, 200])
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", refuse)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def tocsin(*words: str, env: dict[str, str], within_s: float = 30.0) -> str:
    """All that a command says, on both streams."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=env["WHERE"],
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(), within_s)
    except TimeoutError:
        process.terminate()
        out, _ = await process.communicate()
    return out.decode("utf-8", "replace")


def test_every_secret_setting_is_known_to_the_logs() -> None:
    for name in secret_fields():
        value = canary()
        given = PASSWORDS[name].format(value) if name in PASSWORDS else value
        if name == "smtp_url":
            given = f"smtp://me:{value}@mail.example"
        if name in ("webhook_url", "heartbeat_url"):
            given = f"https://hooks.example/{value}"
        setting: dict[str, Any] = {name: SecretStr(given)}
        made = Settings(_env_file=None, **setting)
        assert any(value in secret for secret in made.secrets()), name
        assert CANARY not in repr(made)
        assert CANARY not in str(made)
        assert CANARY not in str(made.model_dump())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("form", ["json", "console"])
async def test_no_secret_appears_in_logs_answers_or_output_of_commands(
    form: str, sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.yml").write_text(POLICY)
    said: list[str] = []
    async with parrot() as (url, asked):
        given = settings_of(url, sqlite_url)
        env = {
            "PATH": os.environ["PATH"],
            "WHERE": str(tmp_path),
            "PYTHONPATH": os.getcwd(),
            "LOG_FORMAT": form,
            **given,
        }
        async with sandbox.running(
            manifest=MANIFEST, bot_token=given["SLACK_BOT_TOKEN"], app_token=given["SLACK_APP_TOKEN"],
            signing_secret=given["SLACK_SIGNING_SECRET"], retry_delays_s=(0.0, 0.1, 0.1),
        ) as ws:  # fmt: skip
            env["SLACK_API_URL"] = ws.api_url
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", env=env, cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            listening = asyncio.create_task(process.stderr.read())
            try:
                ready = json.loads(await asyncio.wait_for(process.stdout.readline(), WITHIN_S))
                await ws.until(lambda: len(ws.sockets.connections) >= 1, timeout_s=20)
                await ws.person("maya").command("#general", "/incident declare sev1 Payments are down")
                await ws.until(lambda: bool(ws.find_channel("inc-1-") and ws.pinned(INSIDE)), timeout_s=40)
                ws.faults.add("chat.*", error="invalid_auth", count=6)
                ws.faults.add("views.*", status=500, count=3)
                for line in ("escalate", "page @maya", "update", "update words", "timeline all", "why", "resolve"):
                    await ws.person("maya").command(INSIDE, f"/incident {line}")
                base = f"http://127.0.0.1:{ready['port']}"
                for path in ("/metrics", "/readyz", "/healthz", "/debug", "/slack/events", "/hooks/pagerduty", "/x"):
                    for how in ("get", "post"):
                        async with ws.http.session().request(how, base + path, data=b"{}") as answer:
                            said += [await answer.text(), str(answer.headers)]
                vendors = ("v2", "2010-04-01", "hook")  # PagerDuty, Twilio, the webhook
                await ws.until(
                    lambda: all(asked[vendor] for vendor in vendors) and any(asked[vendor] > 1 for vendor in vendors),
                    timeout_s=40,
                )  # they have refused, and been asked again
                said += [str([call.args for call in ws.journal.calls])]
            finally:
                process.terminate()
                await asyncio.wait_for(process.wait(), WITHIN_S)
                said.append((await listening).decode("utf-8", "replace"))
        logged = said[-1]
        assert "started" in logged
        assert "PagerDuty" in logged or "pagerduty" in logged
        parroted = {**env, "SLACK_API_URL": f"{url}/api/"}
        elsewhere = {**env, "DATABASE_URL": f"postgresql+asyncpg://me:{canary()}@127.0.0.1:1/x"}
        nonsense = {**env, "SMTP_URL": f"nonsense{canary()}"}
        said += await asyncio.gather(
            tocsin("serve", env=parroted, within_s=8), tocsin("check", env=parroted),
            tocsin("check", env=elsewhere), tocsin("list", env=nonsense),
        )  # fmt: skip
        if form == "json":
            kept = await everything_at_the_terminal(env)
            assert "INC-1" in kept
            said.append(kept)
    everything = "\n".join(said)
    for found in forms(given):
        at = everything.find(found)
        assert at < 0, everything[max(0, at - 300) : at + 60]
    database = Path(sqlite_url.partition(":///")[2])
    kept_there = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    for value in given.values():  # the policy is in there too, with a contact's own key: docs/security.md
        assert CANARY not in value or value.encode() not in kept_there


async def everything_at_the_terminal(env: dict[str, str]) -> str:
    """Every command there is, as text and as JSON; a new one is run here without anybody thinking of it."""
    words = {
        "show": ["INC-1"],
        "search": ["payments"],
        "backup": ["copy.db"],
        "copy": ["copy.db"],
        "export": ["--all"],
        "verify": ["--all"],
    }
    said: list[str] = []
    for name in sorted(main.list_commands(None)):  # type: ignore[arg-type]  # it looks at no context
        if name not in ("serve", "demo", "restored"):
            given = words.get(name, [])
            said += await asyncio.gather(tocsin(name, *given, env=env), tocsin(name, *given, "--json", env=env))
    return "\n".join(said)
