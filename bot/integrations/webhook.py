"""Sends pages (calls to a person to respond) as signed JSON to a URL of the operator's.

docs/integrations/webhooks.md describes the request.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.domain.errors import DeliveryError
from bot.integrations import http
from bot.integrations.protocol import Page, Receipt

VENDOR = "the webhook"
VERSION = 1


@dataclass(slots=True)
class Webhook:
    """Sends each page at least once. `Tocsin-Delivery` stays the same, so the receiver recognizes repeats."""

    session: aiohttp.ClientSession
    url: str = field(repr=False)  # the URL of many receivers contains a secret
    secret: str = field(repr=False)
    now_s: Callable[[], float] = time.time

    async def send(self, page: Page) -> Receipt:
        """Post one page. 2xx means accepted; a redirect is an error, because only the operator chooses the URL."""
        return await self.post(page.key, content(page))

    async def post(self, key: str, values: Mapping[str, Any]) -> Receipt:
        """Post JSON, signed; `key` is the same at each attempt. Errors as for `send`."""
        body = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
        stamp = str(int(self.now_s()))
        signed = http.headers(
            **{
                "Content-Type": "application/json",
                "Tocsin-Delivery": key,
                "Tocsin-Timestamp": stamp,
                "Tocsin-Signature": f"v1={signature(self.secret, stamp, body)}",
            }
        )
        secrets = (self.secret, self.url, *http.secret_parts(self.url))
        answer = await http.ask(self.session, "POST", self.url, VENDOR, secrets, data=body, headers=signed)
        if 200 <= answer.status < 300:
            return Receipt(VENDOR, answer.text("id"), str(answer.status))
        if error := http.temporary_error(answer, VENDOR):
            raise error
        more = " (redirects are not followed: set WEBHOOK_URL to where it leads)" if answer.status < 400 else ""
        raise DeliveryError(f"{VENDOR} answered {answer.status}{more}", permanent=True)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the raw body, in hexadecimal."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def content(page: Page) -> dict[str, Any]:
    """The body. New fields may be added; existing ones keep their meaning."""
    person = page.person
    return {
        "version": VERSION,
        "action": str(page.action),
        "key": page.key,
        "dedup_key": page.dedup_key,
        "incident": {
            "id": page.incident,
            "private": page.private,
            "title": page.title,
            "severity": page.severity,
            "status": page.status,
            "link": page.link,
            "bridge": page.bridge,
            "declared_at": page.declared_at.isoformat(timespec="milliseconds"),
        },
        "page": {
            "person": {
                "key": person.key, "name": person.name, "slack": person.slack,
                "email": person.email, "phone": person.phone,
            },
            "why": page.why,
            "rung": page.rung,
            "times": page.times,
            "paged_at": page.paged_at.isoformat(timespec="milliseconds"),
        }
        if page.action == "trigger"
        else None,
    }  # fmt: skip
