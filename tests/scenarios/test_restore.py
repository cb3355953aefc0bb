"""After a restore from an older backup: no number is given twice, and no button of a lost incident acts on another."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from storage import incidents
from tests.scenarios.assertions import told
from tests.scenarios.running import ROOT, World, start, world, written

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


async def _restored(here: World, url: str, folder: Path) -> str:
    """What `tocsin restored` prints."""
    settings = here.settings
    assert settings.slack_bot_token is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "bot", "restored", cwd=folder, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "SLACK_API_URL": settings.slack_api_url,
             "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value()},
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


async def _counted(here: World) -> int:
    async with here.tocsin.database.reading() as conn:
        return await incidents.last_number(conn)


async def _forget(here: World) -> None:
    """Set the counter back, as if the channels of later incidents were no longer in Slack."""
    async with here.tocsin.database.transaction() as conn:
        await conn.exec_driver_sql("UPDATE counters SET value = 0 WHERE name = 'incident'")


async def test_no_number_is_given_twice_after_a_restore(sqlite_url: str, tmp_path: Path) -> None:
    async with world(sqlite_url) as here:
        await here.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        here.tocsin = await start(here.ws, here.settings)
        await here.declared()
        private = await here.declared("--private sev2 Payroll leaked")
        await here.maya.archive(private.id)
        await here.delivered()
        await here.tocsin.stop()
        _restore(sqlite_url, copy)
        assert "The next incident is INC-3." in await _restored(here, sqlite_url, tmp_path)
        assert "so the numbers go on from the backup" in await _restored(here, sqlite_url, tmp_path), "safe to repeat"
        here.tocsin = await start(here.ws, here.settings)
        await here.maya.command("#general", "/incident declare sev2 The next one")
        await here.opened(3)
        assert (await here.show(3))["title"] == "The next one"


async def test_a_start_alone_moves_the_numbers_on(sqlite_url: str) -> None:
    async with world(sqlite_url) as here:
        channel = await here.declared()
        await here.delivered()
        await _forget(here)
        await here.maya.rename(channel.id, "checkout-war-room")
        away = here.ws.faults.add("users.conversations", status=500, count=1)
        await here.restarted()
        await here.ws.until(lambda: away not in here.ws.faults.rules)
        assert await _counted(here) == 0
        await here.tocsin.timer._periodic["used incident numbers"].work()  # as it does each minute until it succeeds
        assert await _counted(here) == 1


async def test_a_button_of_an_earlier_incident_of_the_same_number_acts_on_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with world(sqlite_url) as here:
        await here.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        here.tocsin = await start(here.ws, here.settings)
        channel = await here.declared()
        await here.delivered()
        old = here.card(channel)
        await here.maya.press(old, "Update status")
        form = here.maya.view
        await here.tocsin.stop()
        _restore(sqlite_url, copy)
        here.tocsin = await start(here.ws, here.settings)
        await here.tocsin.timer._periodic["used incident numbers"].work()
        await _forget(here)
        await here.tom.command("#general", "/incident declare sev2 Another thing")
        another = await here.ws.until(lambda: here.ws.find_channel("inc-1-another-thing"))
        await here.delivered()
        before = await here.kinds()
        await here.maya.press(old, "Acknowledge")
        assert EARLIER in (await told(here, "maya"))[-1]
        await here.maya.fill(form, {"What changed?": "We rolled back"})
        await here.maya.submit(form)
        assert EARLIER in str(here.maya.view.body)
        assert "We rolled back" in str(here.maya.view.body), "what was typed is given back"
        assert await here.kinds() == before
        assert (await here.show())["acknowledged_at"] is None
        (card,) = here.ws.pinned(another.id)
        await here.tom.press(card, "Acknowledge")
        assert (await here.show())["acknowledged_at"] is not None


async def test_what_became_due_after_the_backup_is_not_sent_once_more(sqlite_url: str, tmp_path: Path) -> None:
    async with world(sqlite_url, policy=written(tmp_path, POLICY)) as here:
        channel = await here.declared("sev1 Checkout is down")
        await here.delivered()
        await here.tocsin.stop()
        copy = _copy(sqlite_url, tmp_path)
        here.tocsin = await start(here.ws, here.settings)
        await here.pass_time(minutes=20)
        sent = _sent(here)
        assert [where for where, _ in sent].count("priya") == 1, "the rung paged"
        assert any("Snooze 15m" in words for where, words in sent if where == channel.id), "the reminder was posted"
        await here.tocsin.stop()
        _restore(sqlite_url, copy)
        assert "Reminders and pages that are due by now are looked for too" in await _restored(
            here, sqlite_url, tmp_path
        )
        here.tocsin = await start(here.ws, here.settings)
        restored_at = here.tocsin.context.restored_at
        assert restored_at is not None
        here.tocsin.context.restored_at = restored_at + timedelta(minutes=20)  # the test's clock goes on after it
        await here.pass_time(minutes=20)
        assert Counter(where for where, _ in _sent(here)) == Counter(where for where, _ in sent)
        assert await _reminded(here) == 1
        await here.pass_time(minutes=16)
        assert await _reminded(here) == 2, "later reminders are sent as ever"


async def _reminded(here: World) -> int:
    return sum(r["kind"] == "update" and r["state"] == "sent" for r in (await here.show())["reminders"])


def _sent(here: World) -> list[tuple[str, str]]:
    """What the bot posted, as pairs of where and the text with its blocks."""
    return [
        ("priya" if channel.is_im and here.priya.id in channel.members else channel.id, f"{m.text} {m.blocks}")
        for channel in here.ws.state.channels.values()
        for m in here.ws.bot_messages(channel.id)
    ]
