"""No notifier leaks its secret into logs, errors, receipts or reprs, even if the vendor quotes it back."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot import notifiers
from bot.domain.errors import DeliveryError
from bot.integrations.protocol import Notifier
from bot.settings import Settings
from tests.integrations.doubles import Double, Reply, serving
from tests.integrations.mail import post_office
from tests.integrations.pages import ANNA, page

CANARY = "c4n4ry-Zx9/Qq+secret=="

Settle = Callable[[str], dict[str, Any]]
# What sets each method up, with the canary wherever a secret goes; `url` is where the vendor is.
SETTINGS: dict[str, Settle] = {
    "pagerduty": lambda url: {"pagerduty_routing_key": CANARY, "pagerduty_events_url": f"{url}/v2/enqueue"},
    "sms": lambda url: {
        "twilio_account_sid": "AC0", "twilio_auth_token": CANARY, "twilio_from": "+14155552345", "twilio_api_url": url,
    },
    "phone": lambda url: {
        "twilio_account_sid": "AC0", "twilio_auth_token": CANARY, "twilio_from": "+14155552345", "twilio_api_url": url,
    },
    "push": lambda url: {},  # its secret is the address of the contact
    "webhook": lambda url: {"webhook_url": f"{url}/{CANARY}?token={quote(CANARY)}", "webhook_secret": f"{CANARY}!"},
    "email": lambda url: {
        "smtp_url": f"smtp://bot:{quote(CANARY, safe='')}@{url.partition('://')[2]}", "mail_from": "t@example.org",
    },
}  # fmt: skip
TROUBLES = ("ok", "refused", "echoes", "breaks", "hangs up", "nobody")


def test_the_test_of_secrets_covers_every_notifier() -> None:
    assert SETTINGS.keys() == notifiers.BUILDERS.keys() == notifiers.NEEDS.keys()


def settings(method: str, url: str) -> Settings:
    return Settings(_env_file=None, **SETTINGS[method](url))


def forms() -> list[str]:
    """The canary, and what it looks like where vendors put it."""
    whole = base64.b64encode(f"AC0:{CANARY}".encode()).decode()
    return [
        CANARY,
        "c4n4ry",
        whole,
        base64.b64encode(CANARY.encode()).decode()[:20],
        base64.b64encode(b"c4n4ry").decode()[:7],
    ]


@asynccontextmanager
async def vendor(method: str, trouble: str) -> AsyncIterator[str]:
    """The address of a vendor in this trouble."""
    if trouble == "nobody":
        yield "http://127.0.0.1:1"
        return
    if method == "email":
        async with post_office(password=CANARY if trouble != "refused" else "another") as post:
            if trouble == "echoes":
                post.refuse["DATA"] = f"554 5.7.1 your password is {CANARY}"
            elif trouble == "breaks":
                post.refuse["RCPT"] = f"451 4.0.0 {CANARY}"
            post.hang_up = trouble == "hangs up"
            yield f"http://127.0.0.1:{post.port}"
        return
    double = Double()
    double.always = {
        "ok": Reply(202, echo=True),
        "refused": Reply(401, {"message": f"bad token {CANARY}", "code": 20003, "errors": [CANARY]}),
        "echoes": Reply(400, echo=True),
        "breaks": Reply(503, echo=True),
        "hangs up": Reply(drop=True),
    }[trouble]
    if trouble == "ok" and method in ("sms", "phone"):
        double.always = Reply(201, echo=True)
    async with serving(double):
        yield double.url


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("method", sorted(SETTINGS))
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_no_notifier_shows_its_secret_in_an_error(
    method: str, trouble: str, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    async with vendor(method, trouble) as url:
        made = settings(method, url)
        notifier: Notifier = notifiers.build(made, session)[method]
        push = f"json://bot:{quote(CANARY, safe='')}@{url.partition('://')[2]}/{quote(CANARY, safe='')}"
        asked = page(person=replace(ANNA, pagerduty=CANARY, push=push), uncertain=True)
        said += [repr(notifier), str(notifier), repr(made), repr(asked), repr(asked.person)]
        try:
            receipt = await notifier.send(asked)
            said += [repr(receipt), str(receipt.as_json())]
            assert trouble == "ok"
        except DeliveryError as error:
            said += [str(error), repr(error), *traceback.format_exception(error)]
            assert trouble != "ok"
    assert method == "push" or any(CANARY in secret for secret in made.secrets())
    out, err = capfd.readouterr()
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the vendor's own
    everything = "\n".join([*said, *logged, out, err])
    for form in forms():
        assert form not in everything
