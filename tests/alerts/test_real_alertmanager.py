"""A real Alertmanager groups, repeats and resolves; its webhooks lead to one incident that follows them."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.alerts.sending import TOKEN
from tests.scenarios.assertions import announcements, of_kind, settle, until, words
from tests.scenarios.running import World
from tests.waiting import WITHIN_S

BINARY = shutil.which("prometheus-alertmanager")
pytestmark = pytest.mark.skipif(BINARY is None, reason="Debian's package prometheus-alertmanager is not installed")
ROOT = Path(__file__).resolve().parents[2]


def configuration(port: int) -> str:
    """The configuration that docs/integrations/alertmanager.md gives, with this bot's address and token, in a hurry."""
    text = (ROOT / "docs" / "integrations" / "alertmanager.md").read_text()
    block = text.split("```yaml\n# alertmanager.yml\n", 1)[1].split("```", 1)[0]
    for theirs, ours in (
        ("http://tocsin.internal:3000", f"http://127.0.0.1:{port}"),
        ("the-token", TOKEN),
        ("group_wait: 10s", "group_wait: 0s"),
        ("group_interval: 1m", "group_interval: 1s"),
        ("repeat_interval: 4h", "repeat_interval: 2s"),
    ):
        assert theirs in block
        block = block.replace(theirs, ours)
    return block


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def running(folder: Path, world: World) -> AsyncIterator[str]:
    """The address of a real Alertmanager that sends to this bot."""
    (folder / "alertmanager.yml").write_text(configuration(world.tocsin.port))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(BINARY), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as session:
            while not await ready(session, url):
                assert process.returncode is None, "it did not start"
                await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/-/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def fire(url: str, *alerts: dict[str, str], ends_at: datetime | None = None) -> None:
    starts_at = datetime.now(UTC) - timedelta(minutes=3)
    body: list[dict[str, Any]] = [
        {
            "labels": labels,
            "annotations": {"summary": f"{labels['alertname']} on {labels.get('instance', 'all')}"},
            "startsAt": starts_at.isoformat(),
            **({"endsAt": ends_at.isoformat()} if ends_at else {}),
        }
        for labels in alerts
    ]
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/v2/alerts", json=body) as answer:
        assert answer.status == 200, await answer.text()


async def events(world: World) -> list[str]:
    return [entry["data"]["event"] for entry in of_kind(await world.show(), "alert")]


async def test_its_alerts_declare_one_incident_that_hears_of_the_second_alert_and_of_the_end(
    world: World, tmp_path: Path
) -> None:
    first = {"alertname": "HighErrors", "severity": "critical", "service": "checkout", "instance": "a"}
    second = {**first, "instance": "b"}
    async with running(tmp_path, world) as url:
        await fire(url, first)
        channel = await world.incident_channel()
        await settle(world)
        await fire(url, second)
        async with asyncio.timeout(WITHIN_S):
            while "joined" not in await events(world):
                await asyncio.sleep(0.05)
        await fire(url, first, second, ends_at=datetime.now(UTC) - timedelta(seconds=1))
        async with asyncio.timeout(WITHIN_S):
            while "resolved" not in await events(world):
                await asyncio.sleep(0.05)
    await settle(world)
    assert (await events(world))[0] == "fired"
    assert world.ws.find_channel("inc-2") is None, "repetitions declare nothing"
    (listed,) = [message for message in world.ws.bot_messages(channel.id) if message.text.startswith("Alerts")]
    assert "0 firing, 2 resolved" in words(world, listed)


async def test_its_alerts_are_asked_about_on_a_card(world: World, tmp_path: Path) -> None:
    async with running(tmp_path, world) as url:
        await fire(url, {"alertname": "Slow", "team": "payments"})
        await until(lambda: announcements(world))
    assert "Slow on all" in words(world, announcements(world)[0])
