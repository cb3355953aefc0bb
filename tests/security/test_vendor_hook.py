"""`/hooks/pagerduty`: fifty bodies that PagerDuty would never send, and how secrets are compared."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import bot
from tests.scenarios.hostile_requests import still_works
from tests.scenarios.running import World, running_world

SECRET = "hook-secret-Zx9Qq7kL0p"


@pytest.fixture
async def hooked(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, pagerduty_webhook_secret=SECRET) as world:
        await world.declare()
        yield world


def event(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "01", "event_type": "incident.acknowledged", "agent": {"type": "user_reference", "summary": "Anna"},
        "data": {"incident_key": "tocsin-INC-1", "title": "[INC-1] Checkout is down"},
    }  # fmt: skip
    return made | changes


def bodies() -> list[bytes]:
    odd: list[Any] = [None, 7, -1, 1.5, 10**400, True, "", "x" * 100_000, [], {}, [[]], {"a": {}}, "\x00", "\ud800"]
    found = [b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"event": null}', b'{"event": []}', b"\xff\xfe\x00"]
    found += [b"[" * 100_000, b'{"event":' * 20_000, b"NaN", b'{"event": {"id": NaN, "event_type": Infinity}}']
    for name in ("id", "event_type", "agent", "data"):
        found += [json.dumps({"event": event(**{name: value})}).encode() for value in odd]
    for name in ("incident_key", "title"):
        found += [json.dumps({"event": event(data={name: value})}).encode() for value in odd]
    for title in ("[INC-99999999999999999999] x", "[INC-0] x", "[INC-1] <!channel>", "[INC-٣] x"):
        found.append(json.dumps({"event": event(id=title, data={"title": title})}).encode())
    return found


async def test_fifty_hostile_bodies_are_refused_or_ignored(hooked: World) -> None:
    url = f"http://127.0.0.1:{hooked.tocsin.port}/hooks/pagerduty"
    before = (await hooked.show())["timeline"]
    assert len(bodies()) > 50
    for body in bodies():
        right = "v1=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        for signature, wanted in (
            (right, {202, 400}),
            (right[:-1], {401}),
            ("v1=é", {401}),
            ("", {401}),
            (None, {401}),
        ):
            headers = {} if signature is None else {"X-PagerDuty-Signature": signature}
            async with hooked.ws.http.session().post(url, data=body, headers=headers) as answer:
                said = await answer.text()
                assert answer.status in wanted, (body[:80], answer.status, said)
                assert "Traceback" not in said
                assert SECRET not in said
    assert (await hooked.show())["timeline"] == before, "nobody was paged there, so nothing there is about us"
    await still_works(hooked)


def test_no_secret_is_compared_with_an_equals_sign() -> None:
    """Signatures and tokens go through `hmac.compare_digest`, or through Slack's verifier, which does the same."""
    compared = re.compile(
        r"(signature|digest|token|secret|password)\w*\s*[!=]=|[!=]=\s*(\w+\.)*(signature|token|secret)"
    )
    for path in (Path(bot.__file__).parent / "web").rglob("*.py"):
        assert not compared.search(path.read_text()), path
