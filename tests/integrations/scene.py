"""The real bot in the sandbox, with every vendor on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sandbox import Message
from storage.schema import outbox
from tests.integrations.doubles import Asked, Double, PagerDutyDouble, TwilioDouble, serving
from tests.integrations.mail import Post, post_office
from tests.scenarios.assertions import direct_messages
from tests.scenarios.running import World, running_world

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
ROUTING_KEY, HOOK_SECRET = "R0123456789abcdef0123456789abcde", "whsec-0123456789"
TOMS_PHONE, PRIYAS_PHONE = "+4915112345678", "+4915112345679"
EVERY_WAY = "slack, pagerduty, sms, email, webhook"

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts:
  tom: {{name: Tom Baker, slack: U0TOM00000, email: tom@example.com, phone: "+4915112345678"}}
  priya: {{name: Priya Shah, slack: U0PRIYA000, email: priya@example.com, phone: "+4915112345679"}}
severities:
  sev1:
    respond_within: null
    update_every: null
    escalate_after: null
    roles: []
    ladder:
      - {{after: 0m, notify: ["contact:tom"], by: [{first}]}}
      - {{after: 15m, notify: ["contact:priya"], by: [{second}]}}
  sev2:
    respond_within: null
    update_every: null
    escalate_after: null
    roles: []
    ladder:
      - {{after: 0m, notify: ["contact:tom"], by: [pagerduty]}}
"""


@dataclass(slots=True)
class Scene:
    """The world and its vendors."""

    world: World
    pagerduty: PagerDutyDouble
    twilio: TwilioDouble
    hook: Double
    post: Post

    def pages(self, person: str) -> list[Message]:
        """Direct messages from the bot that call somebody."""
        return direct_messages(self.world, person, "INC-")

    def hooked(self, action: str = "trigger") -> list[Asked]:
        return [asked for asked in self.hook.asked if asked.json["action"] == action]

    def mailed(self) -> list[str]:
        return [to for envelope in self.post.envelopes for to in envelope.rcpt_tos]

    async def receipts(self) -> dict[str, dict[str, Any]]:
        async with self.world.tocsin.database.reading() as conn:
            sent = sa.select(outbox.c.dedup_key, outbox.c.receipt).where(
                outbox.c.incident == 1, outbox.c.receipt.is_not(None)
            )
            return {row.dedup_key: row.receipt for row in await conn.execute(sent)}

    async def entries(self, *kinds: str) -> list[str]:
        return [e["text"] for e in (await self.world.show())["timeline"] if e["kind"] in kinds]


def settings(pagerduty: Double, twilio: Double, hook: Double, post: Post) -> dict[str, Any]:
    return {
        "pagerduty_routing_key": ROUTING_KEY,
        "pagerduty_events_url": f"{pagerduty.url}/v2/enqueue",
        "pagerduty_webhook_secret": HOOK_SECRET,
        "twilio_account_sid": "AC0",
        "twilio_auth_token": "the-twilio-token",
        "twilio_from": "+14155552345",
        "twilio_api_url": twilio.url,
        "webhook_url": f"{hook.url}/pages",
        "webhook_secret": "the-webhook-secret",
        "smtp_url": f"smtp://127.0.0.1:{post.port}",
        "mail_from": "Tocsin <tocsin@example.org>",
    }


@asynccontextmanager
async def vendors() -> AsyncIterator[tuple[PagerDutyDouble, TwilioDouble, Double, Post]]:
    async with AsyncExitStack() as stack:
        pagerduty, twilio, hook = PagerDutyDouble(), TwilioDouble(), Double()
        for double in (pagerduty, twilio, hook):
            await stack.enter_async_context(serving(double))
        yield pagerduty, twilio, hook, await stack.enter_async_context(post_office())


def policy_file(folder: Path, first: str = EVERY_WAY, second: str = EVERY_WAY, beside: str = "") -> Path:
    path = folder / "policy.yml"
    path.write_text(POLICY.format(first=first, second=second) + beside)
    return path


@asynccontextmanager
async def scene(
    url: str,
    folder: Path,
    first: str = EVERY_WAY,
    second: str = EVERY_WAY,
    without: tuple[str, ...] = (),
    beside: str = "",
    **more: Any,
) -> AsyncIterator[Scene]:
    """`without`: settings to leave out; `beside`: what else the policy has."""
    async with vendors() as there:
        given = {name: value for name, value in settings(*there).items() if name not in without} | more
        async with running_world(url, policy=policy_file(folder, first, second, beside), **given) as world:
            yield Scene(world, *there)
