"""Shared by calls and text messages: requests to Twilio's REST API, and the signature of its webhooks.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.timeline.vendor_names import vendor_text
from bot.integrations import http
from bot.integrations.protocol import Receipt

VENDOR = "Twilio"
SIGNATURE_HEADER = "X-Twilio-Signature"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NOT_DIGITS = re.compile(r"[\s().\-/]")
# https://www.twilio.com/docs/api/errors: what to do about errors that settings or a policy can cause. Twilio advises
# against deciding by codes, which it keeps splitting up: every 4xx but 429 is permanent, and a code only adds a hint.
HINTS = {
    "20003": "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    "21210": "TWILIO_CALL_FROM, or else TWILIO_FROM, is not a number of this account, nor verified",
    "21211": "that is not a telephone number; correct it in the policy's contacts",
    "21212": "TWILIO_CALL_FROM, or else TWILIO_FROM, is not a number that can call",
    "21215": "the account may not call that country; allow it under Voice geographic permissions",
    "21219": "a trial account calls verified numbers only",
    "21408": "the account may not send to that country; allow it under Geo permissions",
    "21606": "TWILIO_FROM is not a number of this account that can send SMS",
    "21608": "a trial account sends to verified numbers only",
    "21610": "they opted out by answering STOP; answering START opts in again",
    "21614": "that number cannot receive SMS; give a mobile number in the policy's contacts",
}


@dataclass(slots=True)
class Account:
    """A client of one Twilio account."""

    session: aiohttp.ClientSession
    url: str
    account_sid: str
    auth_token: str = field(repr=False)

    async def ask(self, method: str, resource: str, **how: Any) -> http.Answer:
        """One request for `Messages` or `Calls`. Raises `DeliveryError` if there is no answer."""
        url = f"{self.url.rstrip('/')}/2010-04-01/Accounts/{quote(self.account_sid, safe='')}/{resource}.json"
        credentials = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        signed = http.headers(Authorization=f"Basic {credentials}")
        return await http.ask(self.session, method, url, VENDOR, (self.auth_token, credentials), headers=signed, **how)

    async def create(self, resource: str, fields: Mapping[str, str]) -> Receipt:
        """Create a message or a call. Raises `DeliveryError`."""
        answer = await self.ask("POST", resource, data=dict(fields))
        if answer.status in (200, 201):
            return receipt_of(answer.data)
        raise http.temporary_error(answer, VENDOR) or DeliveryError(_refusal(answer), permanent=True)


def receipt_of(resource: Mapping[str, Any]) -> Receipt:
    """The receipt of a message or call."""
    return Receipt(VENDOR, str(resource.get("sid") or "")[:64], str(resource.get("status") or "")[:32])


def number(phone: str | None) -> str:
    """A telephone number in E.164 form. Raises a permanent `DeliveryError` if it is invalid."""
    digits = _NOT_DIGITS.sub("", phone or "")
    if not _E164.fullmatch(digits):
        raise DeliveryError("the telephone number is not in the form +4915112345678", permanent=True)
    return digits


def signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """The `X-Twilio-Signature` of a request: an HMAC over its address and the form's fields in order."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_signed(auth_token: str, url: str, fields: Mapping[str, str], header: str) -> bool:
    """Whether a webhook comes from Twilio, by a constant-time comparison of signatures."""
    expected = signature(auth_token, url, fields)
    return bool(auth_token) and hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace"))


def _refusal(answer: http.Answer) -> str:
    code, message = answer.text("code"), answer.text("message")
    name = f"{VENDOR} refuses it ({' '.join(filter(None, (str(answer.status), code)))})"
    return f"{name}: {HINTS.get(code) or vendor_text(message) or 'no reason given'}"
