"""Each publication is copied to Statuspage exactly once, and changes made by hand there stay."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.domain.routing.send_result import Failed, NotNeeded, Retry, SendResult, Sent
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import Correction, NewPublication, PublicChange, PublicStatus
from bot.domain.timeline.entry import BOT
from bot.integrations.statuspage import Statuspage
from bot.senders.statuspage import StatuspageSender
from bot.usecases.context import Context
from bot.usecases.status_page.publish import correct, post, publish
from storage.outbox import queue
from tests.integrations.statuspage import KEY, PAGE, Double, statuspage
from tests.usecases.conftest import MakeContext

POLICY = "preset: sev1-5\nstatus_page: {name: Example, preset: llm-platform}\n"
NEW = NewPublication("Requests fail", "We look into it.", {"api": S.PARTIAL_OUTAGE})


@dataclass
class Copying:
    """The bot's sender, which a new process makes anew."""

    context: Context
    there: Double
    session: aiohttp.ClientSession

    async def run(self) -> SendResult:
        """Send what is due until it is settled."""
        client = Statuspage(self.session, self.there.url, PAGE, KEY, between_s=0.0)
        sender = StatuspageSender(self.context, lambda: client)
        result: SendResult = NotNeeded("nothing is due")
        for _ in range(30):
            async with self.context.database.transaction() as conn:
                rows = await queue.claim(conn, 10, timedelta(0), only_kinds={"statuspage_copy"})
            for row in rows:
                result = await sender.send(replace(row, lease_ends_monotonic=math.inf))
                if not isinstance(result, Retry):
                    async with self.context.database.transaction() as conn:
                        if isinstance(result, Sent):
                            await queue.mark_sent(conn, row, result.receipt)
                        elif isinstance(result, Failed):
                            await queue.mark_failed(conn, row, result.reason)
            if not rows or not isinstance(result, Retry):
                return result
        raise AssertionError("it does not come to an end")


@pytest.fixture
async def copying(make_context: MakeContext) -> AsyncIterator[Copying]:
    async with statuspage("API", "Dashboard") as there, aiohttp.ClientSession() as session:
        yield Copying(make_context(POLICY), there, session)


async def test_a_publication_is_created_updated_corrected_and_resolved_there(copying: Copying) -> None:
    made = await publish(copying.context, None, NEW, BOT)
    assert isinstance(await copying.run(), Sent)
    assert copying.there.components["c0"]["status"] == "partial_outage"
    await post(copying.context, made.id, PublicChange("We know why.", PublicStatus.IDENTIFIED), BOT)
    await correct(copying.context, made.id, Correction("Only EU fails.", 1, title="EU requests fail"), BOT)
    await post(copying.context, made.id, PublicChange("All is well.", PublicStatus.RESOLVED), BOT)
    assert isinstance(await copying.run(), Sent)
    assert copying.there.bodies() == [
        ("investigating", "Only EU fails."), ("identified", "We know why."), ("resolved", "All is well."),
    ]  # fmt: skip
    assert copying.there.incidents[0]["name"] == "EU requests fail"
    assert copying.there.components["c0"]["status"] == "operational"


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_a_lost_answer_doubles_nothing(copying: Copying, lost: int) -> None:
    copying.there.lose = lost
    made = await publish(copying.context, None, NEW, BOT)
    await post(copying.context, made.id, PublicChange("We know why.", PublicStatus.IDENTIFIED), BOT)
    assert isinstance(await copying.run(), Sent)
    assert len(copying.there.incidents) == 1
    assert copying.there.bodies() == [("investigating", "We look into it."), ("identified", "We know why.")]


async def test_what_was_changed_by_hand_there_is_said_and_not_overwritten(copying: Copying) -> None:
    made = await publish(copying.context, None, NEW, BOT)
    await copying.run()
    copying.there.incidents[0]["status"] = "resolved"
    await post(copying.context, made.id, PublicChange("We know why.", PublicStatus.IDENTIFIED), BOT)
    result = await copying.run()
    assert isinstance(result, Failed)
    assert "changed by hand at Statuspage" in result.reason
    assert len(copying.there.bodies()) == 1


async def test_a_component_stays_as_bad_as_the_worst_that_is_left(copying: Copying) -> None:
    first = await publish(copying.context, None, NEW, BOT)
    await publish(copying.context, None, NewPublication("Slow", "Slow.", {"api": S.DEGRADED_PERFORMANCE}), BOT)
    await copying.run()
    await post(copying.context, first.id, PublicChange("Well.", PublicStatus.RESOLVED), BOT)
    await copying.run()
    assert copying.there.components["c0"]["status"] == "degraded_performance"


async def test_what_was_over_is_filled_in_and_a_busy_server_is_asked_again(copying: Copying) -> None:
    copying.there.busy = 2
    begun, ended = datetime(2025, 1, 1, 10, tzinfo=UTC), datetime(2025, 1, 1, 11, tzinfo=UTC)
    past = NewPublication(
        "It failed", "It failed for an hour.", {"api": S.MAJOR_OUTAGE}, started_at=begun, ended_at=ended
    )
    await publish(copying.context, None, past, BOT)
    assert isinstance(await copying.run(), Sent)
    (there,) = copying.there.incidents
    assert (there["status"], there["backfilled"], len(there["incident_updates"])) == ("resolved", True, 1)
    assert copying.there.components["c0"]["status"] == "operational"
