"""After a restore from an older backup: no number is given twice, and no button of a lost incident acts on another."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from storage import incidents
from tests.scenarios.assertions import ephemeral_texts
from tests.scenarios.running import ROOT, World, policy_file, running_world, start

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {priya: {name: Priya, slack: priya@example.com}}
severities:
  sev1:
    respond_within: null
    update_every: 15m
    escalate_after: null
    roles: []
    ladder:
      - {after: 0m, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 18m, notify: ["contact:priya"], by: [slack]}
"""
EARLIER = "belongs to an earlier INC-1, from before the database was restored"


def _copy(url: str, to: Path) -> Path:
    """A copy of the SQLite file of a bot that has stopped."""
    file = Path(url.removeprefix("sqlite:///"))
    return Path(shutil.copy(file, to / "copy.db"))


def _restore(url: str, copy: Path) -> None:
    file = url.removeprefix("sqlite:///")
    for name in ("", "-wal", "-shm"):
        Path(f"{file}{name}").unlink(missing_ok=True)
    shutil.copy(copy, file)


async def _restored(world: World, url: str, folder: Path) -> str:
    """What `tocsin restored` prints."""
    settings = world.settings
    assert settings.slack_bot_token is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "bot", "restored", cwd=folder, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "SLACK_API_URL": settings.slack_api_url,
             "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value()},
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


async def _incident_count(world: World) -> int:
    async with world.tocsin.database.reading() as conn:
        return await incidents.last_number(conn)


async def _forget(world: World) -> None:
    """Set the counter back, as if the channels of later incidents were no longer in Slack."""
    async with world.tocsin.database.transaction() as conn:
        await conn.exec_driver_sql("UPDATE counters SET value = 0 WHERE name = 'incident'")


async def test_no_number_is_given_twice_after_a_restore(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url) as world:
        await world.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        world.tocsin = await start(world.ws, world.settings)
        await world.declare()
        private = await world.declare("--private sev2 Payroll leaked")
        await world.maya.archive(private.id)
        await world.delivered()
        await world.tocsin.stop()
        _restore(sqlite_url, copy)
        assert "The next incident is INC-3." in await _restored(world, sqlite_url, tmp_path)
        assert "so the numbers go on from the backup" in await _restored(world, sqlite_url, tmp_path), "safe to repeat"
        world.tocsin = await start(world.ws, world.settings)
        await world.maya.command("#general", "/incident declare sev2 The next one")
        await world.incident_channel(3)
        assert (await world.show(3))["title"] == "The next one"


async def test_a_start_alone_moves_the_numbers_on(sqlite_url: str) -> None:
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        await world.delivered()
        await _forget(world)
        await world.maya.rename(channel.id, "checkout-war-room")
        away = world.ws.faults.add("users.conversations", status=500, count=1)
        await world.restart()
        await world.ws.until(lambda: away not in world.ws.faults.rules)
        assert await _incident_count(world) == 0
        await world.tocsin.timer._periodic["used incident numbers"].work()  # as it does each minute until it succeeds
        assert await _incident_count(world) == 1


async def test_a_button_of_an_earlier_incident_of_the_same_number_acts_on_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url) as world:
        await world.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        world.tocsin = await start(world.ws, world.settings)
        channel = await world.declare()
        await world.delivered()
        old = world.card(channel)
        await world.maya.press(old, "Update status")
        form = world.maya.view
        await world.tocsin.stop()
        _restore(sqlite_url, copy)
        world.tocsin = await start(world.ws, world.settings)
        await world.tocsin.timer._periodic["used incident numbers"].work()
        await _forget(world)
        await world.tom.command("#general", "/incident declare sev2 Another thing")
        another = await world.ws.until(lambda: world.ws.find_channel("inc-1-another-thing"))
        await world.delivered()
        before = await world.kinds()
        await world.maya.press(old, "Acknowledge")
        refusal = (await ephemeral_texts(world, "maya"))[-1]
        assert EARLIER in refusal
        assert re.search(r"is another incident now, declared \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", refusal)
        await world.maya.fill(form, {"What changed?": "We rolled back"})
        await world.maya.submit(form)
        assert EARLIER in str(world.maya.view.body)
        assert "We rolled back" in str(world.maya.view.body), "what was typed is given back"
        assert await world.kinds() == before
        assert (await world.show())["acknowledged_at"] is None
        (card,) = world.ws.pinned(another.id)
        await world.tom.press(card, "Acknowledge")
        assert (await world.show())["acknowledged_at"] is not None


async def test_what_became_due_after_the_backup_is_not_sent_once_more(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        channel = await world.declare("sev1 Checkout is down")
        await world.delivered()
        await world.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        world.tocsin = await start(world.ws, world.settings)
        await world.pass_time(minutes=20)
        sent = _bot_posts(world)
        assert [where for where, _ in sent].count("priya") == 1, "the rung paged"
        assert any("Snooze 15m" in words for where, words in sent if where == channel.id), "the reminder was posted"
        await world.tocsin.stop()
        _restore(sqlite_url, copy)
        assert "Reminders and pages that are due by now are looked for too" in await _restored(
            world, sqlite_url, tmp_path
        )
        world.tocsin = await start(world.ws, world.settings)
        restored_at = world.tocsin.context.restored_at
        assert restored_at is not None
        world.tocsin.context.restored_at = restored_at + timedelta(minutes=20)  # the test's clock goes on after it
        await world.pass_time(minutes=20)
        assert Counter(where for where, _ in _bot_posts(world)) == Counter(where for where, _ in sent)
        assert await _reminded(world) == 1
        await world.pass_time(minutes=16)
        assert await _reminded(world) == 2, "later reminders are sent as ever"


async def _reminded(world: World) -> int:
    return sum(r["kind"] == "update" and r["state"] == "sent" for r in (await world.show())["reminders"])


def _bot_posts(world: World) -> list[tuple[str, str]]:
    """What the bot posted, as pairs of where and the text with its blocks."""
    return [
        ("priya" if channel.is_im and world.priya.id in channel.members else channel.id, f"{m.text} {m.blocks}")
        for channel in world.ws.state.channels.values()
        for m in world.ws.bot_messages(channel.id)
    ]
