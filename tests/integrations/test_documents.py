"""docs/integrations/webhooks.md is true: its example is the sent body, its receiver accepts signed requests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import notifiers
from bot.integrations.webhook import Webhook, content
from tests.integrations.doubles import Double, serving
from tests.integrations.pages import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "integrations" / "webhooks.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_the_body() -> None:
    assert json.loads(block("json")) == content(page())


@pytest.mark.parametrize("late_s", [0, 299, 301])
@pytest.mark.parametrize("secret", ["right", "wrong"])
async def test_the_example_receiver_accepts_only_fresh_signed_requests(
    session: aiohttp.ClientSession, secret: str, late_s: int
) -> None:
    there: dict[str, Any] = {}
    exec(block("python"), there)
    genuine: Callable[[str, dict[str, str], bytes], bool] = there["genuine"]
    double = Double()
    async with serving(double):
        await Webhook(session, double.url, "right", lambda: time.time() - late_s).send(page())
    (asked,) = double.asked
    assert genuine(secret, asked.headers, asked.body) is (secret == "right" and late_s < 300)
    assert not genuine("right", asked.headers, asked.body + b" ")


def test_every_setting_is_named() -> None:
    for names in notifiers.NEEDS.values():
        for name in names:
            assert f"`{name}`" in (DOCS / "notifiers.md").read_text()
