"""Every secret can be replaced while the bot runs: a new one is in use after SIGHUP, and the old one no more."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

import sandbox
from bot.live_settings import LiveSettings
from bot.secret_settings import SettingsError, secret_fields
from bot.settings import Settings
from sandbox import Workspace
from tests.integrations.scene import HOOK_SECRET, Scene, scene
from tests.rules.prometheus import free_port
from tests.scenarios.assertions import type_command
from tests.scenarios.running import MANIFEST, ROOT, World, running_world
from tests.waiting import WITHIN_S

OUTSIDE = {"database_url"}  # a connection pool is not replaced under a running bot


async def rotated(world: World, **secrets: str) -> tuple[str, ...]:
    """What SIGHUP does, with these secrets in the settings."""
    world.settings = world.settings.model_copy(update={name: SecretStr(value) for name, value in secrets.items()})
    world.tocsin.secret_rotation.load = lambda: world.settings  # in place of the environment, which tests share
    rotation = await world.tocsin.secret_rotation.read()
    assert rotation is not None
    return rotation.secrets


async def test_a_new_bot_token_is_used_at_once_and_sends_what_waited(world: World) -> None:
    world.ws.revoke()
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    world.ws.accept_token(bot_token="xoxb-second")
    assert await rotated(world, slack_bot_token="xoxb-second") == ("slack_bot_token",)
    await world.incident_channel()


async def test_a_new_signing_secret_is_the_only_one_that_counts(world: World) -> None:
    world.ws.accept_token(signing_secret="second-secret")
    assert not (await world.maya.command("#general", "/incident list")).ok
    await rotated(world, slack_signing_secret="second-secret")
    assert (await world.maya.command("#general", "/incident list")).ok


async def test_a_new_app_token_opens_new_connections_before_the_old_ones_close(sqlite_url: str) -> None:
    async with running_world(sqlite_url, socket_mode=True) as world:
        before = set(world.ws.sockets.connections)
        world.ws.accept_token(app_token="xapp-second")
        await rotated(world, slack_app_token="xapp-second")
        await world.ws.until(lambda: len(set(world.ws.sockets.connections) - before) >= 2)
        assert (await world.maya.command("#general", "/incident list")).ok


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(sqlite_url, tmp_path) as running:
        yield running


async def test_pages_go_out_with_the_vendors_new_secrets(stage: Scene) -> None:
    world = stage.world
    await rotated(
        world, pagerduty_routing_key="R" + "1" * 31, twilio_auth_token="second-token", webhook_secret="second-secret"
    )
    await world.maya.command("#general", "/incident declare sev1 Payments are down")
    await world.ws.until(lambda: stage.pagerduty.asked and stage.twilio.asked and stage.hooked())
    assert stage.pagerduty.asked[0].json["routing_key"] == "R" + "1" * 31
    basic = base64.b64encode(b"AC0:second-token").decode()
    assert stage.twilio.asked[0].headers["Authorization"] == f"Basic {basic}"


async def test_a_vendors_webhook_is_checked_with_the_new_secret(stage: Scene) -> None:
    body = json.dumps({"event": {"id": "1", "event_type": "pagey.ping"}}).encode()

    async def answered(secret: str) -> int:
        signature = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        url = f"http://127.0.0.1:{stage.world.tocsin.port}/hooks/pagerduty"
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=body, headers={"X-PagerDuty-Signature": signature}) as answer,
        ):
            return answer.status

    assert await answered(HOOK_SECRET) == 202
    await rotated(stage.world, pagerduty_webhook_secret="second-secret")
    assert (await answered(HOOK_SECRET), await answered("second-secret")) == (401, 202)


async def test_what_monitoring_systems_and_programs_send_is_checked_with_the_new_secrets(sqlite_url: str) -> None:
    first: dict[str, Any] = {
        "tocsin_hook_token": "hook-1", "grafana_hmac_secret": "grafana-1", "sentry_client_secret": "sentry-1",
        "tocsin_api_token": "api-token-number-1",
    }  # fmt: skip
    async with running_world(sqlite_url, **first) as world, aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{world.tocsin.port}"

        async def answered(secret: str) -> int:
            kind, body = secret.partition("-")[0], b'{"alerts": [], "action": "created", "data": {}}'
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {
                "hook": {"Authorization": f"Bearer {secret}"},
                "grafana": {"X-Grafana-Alerting-Signature": signature},
                "sentry": {"Sentry-Hook-Signature": signature},
                "api": {"Authorization": f"Bearer {secret}"},
            }[kind]
            path = {"hook": "/hooks/alertmanager", "api": "/api/v1/incidents"}.get(kind, f"/hooks/{kind}")
            method, data = ("GET", None) if kind == "api" else ("POST", body)
            headers["Content-Type"] = "application/json"
            async with http.request(method, base + path, data=data, headers=headers) as answer:
                return answer.status

        second = {name: value.replace("1", "2") for name, value in first.items()}
        assert 401 not in [await answered(secret) for secret in first.values()]
        assert {await answered(secret) for secret in second.values()} == {401}
        await rotated(world, **second)
        assert {await answered(secret) for secret in first.values()} == {401}
        assert 401 not in [await answered(secret) for secret in second.values()]


def test_every_secret_is_replaced_without_a_restart_but_the_databases() -> None:
    values: dict[str, Any] = {name: f"first-{name}" for name in secret_fields(Settings)}
    values |= {name: "https://first.example/x" for name in values if name.endswith("_url")}
    values |= {"smtp_url": "smtp://me:first@mail.example:587", "database_url": "sqlite:///first.db"}
    live = LiveSettings(Settings(_env_file=None, **values))
    second = {name: value.replace("first", "second") for name, value in values.items()}
    rotation = live.replace(Settings(_env_file=None, **second))
    assert set(rotation.secrets) == set(secret_fields(Settings)) - OUTSIDE
    assert rotation.restart == ("database_url",)
    assert {"first-slack_bot_token", "second-slack_bot_token"} <= set(live.secrets())


def test_the_guide_says_how_to_rotate_each_secret() -> None:
    section = (ROOT / "docs" / "run" / "rotate-secrets.md").read_text()
    assert {name.upper() for name in secret_fields(Settings)} <= set(re.findall(r"`([A-Z_]+)`", section))


def test_a_secret_that_was_not_set_before_needs_a_restart() -> None:
    live = LiveSettings(Settings(_env_file=None, slack_bot_token=SecretStr("xoxb-1")))
    rotation = live.replace(
        Settings(_env_file=None, slack_bot_token=SecretStr("xoxb-1"), heartbeat_url=SecretStr("https://x.example/1"))
    )
    assert (rotation.secrets, rotation.restart) == ((), ("heartbeat_url",))
    assert live.current.heartbeat_url is None


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("xoxb-from-a-file\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(token))
    settings = Settings(_env_file=None)
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-from-a-file"
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-from-the-environment")
    assert Settings(_env_file=None).slack_bot_token == SecretStr("xoxb-from-the-environment")


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN_FILE: /nowhere/token cannot be read"):
        Settings(_env_file=None)


async def test_settings_that_cannot_be_read_change_nothing(world: World) -> None:
    def unreadable() -> Settings:
        raise SettingsError("PORT: no number")

    world.tocsin.secret_rotation.load = unreadable
    assert await world.tocsin.secret_rotation.read() is None
    await world.declare()


@asynccontextmanager
async def process_with(
    ws: Workspace, folder: Path, **files: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`tocsin serve` as a process of its own, whose secrets are in files; and the address of its HTTP."""
    for name, value in {"SLACK_BOT_TOKEN": ws.settings.bot_token, **files}.items():
        (folder / name).write_text(value)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "TOCSIN_"))},
        **{f"{name}_FILE": str(folder / name) for name in ("SLACK_BOT_TOKEN", *files)},
        "SLACK_APP_TOKEN": ws.settings.app_token, "PORT": str(port),
        "SLACK_API_URL": ws.api_url, "DATABASE_URL": f"sqlite:///{folder}/tocsin.db",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", env=environment, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 60)
        await ws.until(lambda: len(ws.sockets.connections) >= 1, timeout_s=WITHIN_S)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), WITHIN_S)


async def test_sighup_reads_the_secret_files_of_a_running_process(tmp_path: Path) -> None:
    async with sandbox.running(manifest=MANIFEST) as ws, process_with(ws, tmp_path) as (process, _):
        ws.revoke()
        await ws.person("maya").command("#general", "/incident declare sev2 Checkout is down")
        ws.accept_token(bot_token="xoxb-second")
        (tmp_path / "SLACK_BOT_TOKEN").write_text("xoxb-second")
        process.send_signal(signal.SIGHUP)
        await ws.until(lambda: ws.find_channel("inc-1-"), timeout_s=WITHIN_S)


async def test_the_secret_of_a_webhook_is_rotated_as_the_guide_says_and_no_delivery_is_refused(tmp_path: Path) -> None:
    """Both secrets count while the sender changes; then the old one is refused, without a restart."""
    sent = itertools.count(1)

    async def answered(http: aiohttp.ClientSession, address: str, secret: str) -> int:
        alert = {"status": "firing", "labels": {"alertname": f"Disk {next(sent)}"}, "startsAt": "2026-12-01T02:47:00Z"}
        body = json.dumps({"alerts": [alert], "status": "firing"}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Grafana-Alerting-Signature": signature, "Content-Type": "application/json"}
        async with http.post(f"{address}/hooks/grafana", data=body, headers=headers) as answer:
            return answer.status

    async with (
        sandbox.running(manifest=MANIFEST) as ws,
        process_with(ws, tmp_path, GRAFANA_HMAC_SECRET="first") as (process, address),
        aiohttp.ClientSession() as http,
    ):

        async def read_again(secrets: str, until: tuple[str, int]) -> None:
            (tmp_path / "GRAFANA_HMAC_SECRET").write_text(secrets)
            process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(WITHIN_S):
                while await answered(http, address, until[0]) != until[1]:
                    await asyncio.sleep(0.05)

        assert [await answered(http, address, secret) for secret in ("first", "second")] == [202, 401]
        await read_again("second,first", until=("second", 202))
        assert await answered(http, address, "first") == 202, "the sender has not changed yet"
        await read_again("second", until=("first", 401))
        assert await answered(http, address, "second") == 202
