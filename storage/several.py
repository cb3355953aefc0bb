"""Incidents that several ask for at the same moment are read together: one question instead of dozens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from storage import incidents


class Several:
    """`get` reads what stands after it was called, never what was read before."""

    def __init__(self, reading: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        self._reading = reading
        self._asked: dict[int, asyncio.Future[Incident | None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def get(self, number: int) -> Incident | None:
        """Raises what the database raises."""
        if not self._asked:
            task = asyncio.create_task(self._read(), name="read incidents")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if number not in self._asked:
            self._asked[number] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._asked[number])

    async def _read(self) -> None:
        asked, self._asked = self._asked, {}  # whoever asks from now on is answered by the next reading
        try:
            async with self._reading() as conn:
                found = {incident.number: incident for incident in await incidents.several(conn, list(asked))}
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for waiting in asked.values():
                waiting.set_exception(error)
        else:
            for number, waiting in asked.items():
                waiting.set_result(found.get(number))
        finally:
            for waiting in asked.values():
                waiting.cancel()  # where this was cancelled itself
