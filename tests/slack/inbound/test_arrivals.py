"""Arrivals from Slack are written even if the database failed the first time."""

from __future__ import annotations

import pytest

from bot.clock import Clock
from bot.slack.inbound.arrivals import Arrivals
from storage import key_value
from storage.database import Database
from storage.engine.errors import StorageError


async def test_an_arrival_that_could_not_be_written_is_written_the_next_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = Arrivals(database, Clock())
    arrivals.note({"command": "/incident"})

    def gone() -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(database, "transaction", gone)
        with pytest.raises(StorageError, match="full"):
            await arrivals.write()
    await arrivals.write()
    async with database.reading() as conn:
        assert "command" in (await key_value.SLACK_ARRIVALS.get(conn) or {})
