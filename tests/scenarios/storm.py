"""A storm: many incidents at once while Slack enforces its rate limits, with the times of each result."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import sandbox
from bot.slack.client import rate_limiter
from sandbox import Message, Workspace
from sandbox.rates import PER_MINUTE, POSTS_BURST
from storage.outbox import census
from tests.scenarios.running import MANIFEST, World, running_world

LATENCY_S = (0.05, 0.2)
ON_CALL = ("tom", "priya")
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  tom: {name: Tom, slack: U0TOM}
  priya: {name: Priya, slack: U0PRIYA}
severities:
  sev1:
    ladder:
      - {after: 0m, notify: ["contact:tom", "contact:priya"], by: [slack]}
"""


@dataclass(slots=True)
class Storm:
    """Seconds from the first declaration, by incident. `minute_s` is how long Slack's minute is here."""

    incidents: int
    minute_s: float
    cards: dict[int, float] = field(default_factory=dict)
    pages: dict[tuple[int, str], float] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    acknowledged_s: list[float] = field(default_factory=list)

    @property
    def second_s(self) -> float:
        return self.minute_s / 60

    def card_floor(self) -> list[float]:
        """Each card needs a channel, and Slack makes twenty a minute."""
        return [number // PER_MINUTE["t2"] * self.minute_s for number in range(self.incidents)]

    def page_floor(self) -> list[float]:
        """All are for the same telephone, in whose conversation one message a second is allowed.

        In a short minute the calls themselves weigh more: one is over before the next but one sets out.
        """
        pace_s = self.second_s + (sum(LATENCY_S) / 4 if self.minute_s < 60 else 0.0)
        return [max(0, number - POSTS_BURST + 1) * pace_s for number in range(self.incidents)]

    def last_pages(self) -> list[float]:
        """When the last page of each incident arrived."""
        return sorted(max(at for (n, _), at in self.pages.items() if n == number) for number in sorted(self.cards))

    def report(self) -> str:
        lines = []
        pages = self.last_pages()
        for what, found, floor in (
            ("card", sorted(self.cards.values()), self.card_floor()),
            ("pages", sorted(pages), self.page_floor()),
        ):
            p50, p99, f50, f99 = (at(v, share) for v in (found, floor) for share in (0.5, 0.99))
            lines.append(f"{what}: p50 {p50:.1f} s, p99 {p99:.1f} s; the rates alone: {f50:.1f} s, {f99:.1f} s; "
                         f"ratio {p50 / max(f50, 1e-9):.2f}, {p99 / max(f99, 1e-9):.2f}")  # fmt: skip
        lines.append(f"429: {dict(self.refused)}")
        return "\n".join(lines)


def at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@contextmanager
def minutes_of(seconds: float) -> Iterator[None]:
    """The limiter's minutes are shorter, as the workspace's are: all in proportion."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_limiter, "MINUTE_S", seconds)
        yield


@asynccontextmanager
async def strict_world(url: str, tmp_path: Path, minute_s: float) -> AsyncIterator[World]:
    """Real latencies, and tiers that are kept to."""
    policy = tmp_path / "policy.yml"
    with minutes_of(minute_s):
        async with sandbox.running(manifest=MANIFEST) as ws:
            ids = {name: ws.person(name).id for name in ON_CALL}
        text = POLICY.replace("U0TOM", ids["tom"]).replace("U0PRIYA", ids["priya"])
        policy.write_text(text)
        async with running_world(url, policy=policy) as world:
            assert {name: world.ws.person(name).id for name in ON_CALL} == ids
            world.ws.faults.latency_s, world.ws.faults.slowest_s = LATENCY_S
            world.ws.rates.minute_s = minute_s
            world.ws.rates.on = True
            yield world


async def blow(world: World, storm: Storm, within_s: float = 2.0) -> None:
    """All declare within two seconds; ends when everything was sent."""
    began = time.time()

    async def declare(number: int) -> None:
        await asyncio.sleep(within_s * number / storm.incidents)
        asked_at = time.perf_counter()
        reply = await world.maya.command("#general", f"/incident declare sev1 Storm {number:02}")
        storm.acknowledged_s.append(time.perf_counter() - asked_at)
        assert reply.ok, reply

    await asyncio.gather(*(declare(number) for number in range(storm.incidents)))
    await wait_until_sent(world, 8 * storm.minute_s + 20)
    read(world.ws, storm, began)


async def wait_until_sent(world: World, within_s: float) -> None:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        async with world.tocsin.database.reading() as conn:
            depth = await census.count_by_state(conn)
        if not any(depth[state] for state in ("held", "queued", "leased", "unknown")):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError(f"the outbox still holds {depth}")


def read(ws: Workspace, storm: Storm, began: float) -> None:
    """From what stands in the workspace, not from what the bot says of itself."""
    people = {ws.person(name).id: name for name in ON_CALL}
    for channel in ws.state.channels.values():
        messages = [m for m in ws.bot_messages(channel.id) if m.thread_ts in (None, m.ts)]
        if channel.is_im and (who := next((people[u] for u in channel.members if u in people), None)):
            for message in messages:
                if number := number_in(message):
                    assert (number, who) not in storm.pages, "paged twice"
                    storm.pages[number, who] = float(message.ts) - began
        elif channel.name.startswith("inc-"):
            number = int(channel.name.split("-")[1])
            card = ws.pinned(channel.id)
            assert len(card) == 1, f"{channel.name} has {len(card)} cards"
            storm.cards[number] = float(card[0].ts) - began
    storm.refused = Counter(call.method for call in ws.calls() if call.status == 429)


def number_in(message: Message) -> int | None:
    found = re.search(r"INC-(\d+)", json.dumps([message.text, message.blocks]))
    return int(found[1]) if found else None
