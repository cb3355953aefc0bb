"""Sends events of incidents to the policy's webhooks, each at least once, and those of one incident in order.

A test event is sent once, and its failure is final: the person who asked for it waits for the answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.policy.webhook_rules import WebhookRule
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import WebhookPayload, WebhookTestPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, Retry, SendResult, Sent, result_of
from bot.domain.routing.webhooks import order_key
from bot.integrations import http, standard_webhooks
from bot.json_shapes.incidents import entry_json, incident_json, instant
from bot.usecases.context import Context
from storage import incidents
from storage.outbox import earlier
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.timeline import entries

GIVEN_UP_AFTER = timedelta(days=2)
TEST_WORDS = "Somebody asked Tocsin to test this webhook. Nothing has happened."
NO_SUCH_WEBHOOK = "the policy has no such webhook any more"
WAIT = timedelta(seconds=1)  # for an earlier event of the same incident


class WebhookSender:
    """Sends notices of the kinds `WEBHOOK_KINDS`."""

    def __init__(self, context: Context, session: aiohttp.ClientSession) -> None:
        self._context = context
        self._session = session

    async def send(self, row: ClaimedNotice) -> SendResult:
        """1. Wait for earlier events. 2. Read the entry. 3. Post it."""
        if row.kind == NoticeKind.WEBHOOK_TEST:
            return await self._send_test(row)
        payload = read_payload(row, WebhookPayload)
        rule = self._rule(payload.rule)
        if rule is None:
            return NotNeeded(NO_SUCH_WEBHOOK)
        number = row.incident or 0
        async with self._context.database.reading() as conn:
            if await earlier.waits(conn, order_key(number, rule.id), row.id):
                return Retry("an earlier event of the incident is not delivered yet", WAIT)
            incident = await incidents.get(conn, number)
            records = await entries.by_seqs(conn, number, [payload.seq])
        if incident is None or not records:
            return NotNeeded("there is no such entry")
        if not row.lease_covers(2 * http.TIMEOUT_S):
            return LEASE_TOO_SHORT
        event = {
            "type": f"incident.{records[0].entry.kind}",
            "timestamp": instant(records[0].entry.at),
            "data": {"incident": incident_json(incident), "entry": entry_json(records[0])},
        }
        try:
            receipt = await standard_webhooks.post(
                self._session, rule.url, rule.secret, f"evt_{number}_{payload.seq}_{rule.id}", event
            )
        except DeliveryError as error:
            problem = f"Could not tell a webhook of {incident.id}: {error}."
            if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                return Failed(problem)
            return result_of(error, problem)
        return Sent(receipt)

    async def _send_test(self, row: ClaimedNotice) -> SendResult:
        payload = read_payload(row, WebhookTestPayload)
        rule = self._rule(payload.rule)
        if rule is None:
            return NotNeeded(NO_SUCH_WEBHOOK)
        now = self._context.clock.now()
        event = {"type": "test", "timestamp": instant(now), "data": {"by": payload.by, "words": TEST_WORDS}}
        try:
            receipt = await standard_webhooks.post(self._session, rule.url, rule.secret, f"evt_{row.dedup_key}", event)
        except DeliveryError as error:
            return Failed(str(error))
        return Sent(receipt)

    def _rule(self, rule_id: str) -> WebhookRule | None:
        return next((webhook for webhook in self._context.policy.webhooks if webhook.id == rule_id), None)
