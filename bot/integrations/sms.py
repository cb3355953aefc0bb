"""Sends pages (calls to a person to respond) as SMS by Twilio's REST API.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.domain.errors import DeliveryError
from bot.domain.timeline.vendor_names import vendor_words
from bot.integrations import http
from bot.integrations.protocol import Page, Receipt

VENDOR = "Twilio"
LONGEST = 320
TITLE = 120
SHORTEST_TITLE = 40  # where the address of the call is to fit too
WHY = 80
LOOK_BACK = 50  # messages: the newest come first
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NOT_DIGITS = re.compile(r"[\s().\-/]")
# https://www.twilio.com/docs/api/errors: what to do about errors that settings or a policy can cause. Twilio advises
# against deciding by codes, which it keeps splitting up: every 4xx but 429 is permanent, and a code only adds a hint.
HINTS = {
    "20003": "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    "21211": "that is not a telephone number; correct it in the policy's contacts",
    "21408": "the account may not send to that country; allow it under Geo permissions",
    "21606": "TWILIO_FROM is not a number of this account that can send SMS",
    "21608": "a trial account sends to verified numbers only",
    "21610": "they opted out by answering STOP; answering START opts in again",
    "21614": "that number cannot receive SMS; give a mobile number in the policy's contacts",
}


@dataclass(slots=True)
class Sms:
    """Sends each page at least once. Twilio has no idempotency key, so `send` first looks for an uncertain attempt."""

    session: aiohttp.ClientSession
    url: str
    account_sid: str
    auth_token: str = field(repr=False)
    sender: str = ""  # a number in E.164 form, a sender ID, or the SID of a messaging service (MG…)

    async def send(self, page: Page) -> Receipt:
        """Send one message. After an uncertain attempt Twilio is asked first whether it has arrived."""
        to = number(page.person.phone)
        if page.uncertain and (found := await self._find(page, to)):
            return found
        sender = {"MessagingServiceSid" if self.sender.startswith("MG") else "From": self.sender}
        answer = await self._ask("POST", data={"To": to, **sender, "Body": text(page)})
        if answer.status in (200, 201):
            return _receipt(answer.data)
        raise http.passing(answer, VENDOR) or DeliveryError(_refusal(answer), permanent=True)

    async def _find(self, page: Page, to: str) -> Receipt | None:
        """The receipt of an earlier attempt. None also if Twilio does not answer: a page is repeated, never lost."""
        try:
            answer = await self._ask("GET", params={"To": to, "PageSize": str(LOOK_BACK)})
        except DeliveryError:
            return None
        messages = answer.data.get("messages")
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, dict) and reference(page) in str(message.get("body", "")):
                return _receipt(message)
        return None

    async def _ask(self, method: str, **how: Any) -> http.Answer:
        url = f"{self.url.rstrip('/')}/2010-04-01/Accounts/{quote(self.account_sid, safe='')}/Messages.json"
        credentials = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        signed = http.headers(Authorization=f"Basic {credentials}")
        return await http.ask(self.session, method, url, VENDOR, (self.auth_token, credentials), headers=signed, **how)


def _receipt(message: dict[str, Any]) -> Receipt:
    return Receipt(VENDOR, str(message.get("sid") or "")[:64], str(message.get("status") or "")[:32])


def number(phone: str | None) -> str:
    """A telephone number in E.164 form. Raises a permanent `DeliveryError` if it is invalid."""
    digits = _NOT_DIGITS.sub("", phone or "")
    if not _E164.fullmatch(digits):
        raise DeliveryError("the telephone number is not in the form +4915112345678", permanent=True)
    return digits


def reference(page: Page) -> str:
    """An opaque text in the message, the same at each attempt, by which `_find` recognizes the message."""
    return f"ref {page.key[:8]}"


def text(page: Page) -> str:
    """The message, at most 320 characters. The title is shortened; links are not, but the call's may be left out."""
    end = f"\n{reference(page)}"
    if page.private:
        go = f"Acknowledge: {page.acknowledge}" if page.acknowledge else "Open Slack."
        return f"{page.headline}: you are paged{page.count}. {go}{end}"
    press = _press(page)
    go = "\nAct on its card in Slack." if page.alert else press
    why = f": {_cut(page.why, WHY)}" if page.why else ""
    start = f"{page.incident} {page.severity}: "
    middle = f"\nYou are paged{page.count}{why}."
    room = LONGEST - len(start) - len(middle) - len(go) - len(end)
    call = f"\nJoin the call: {page.bridge}" if page.bridge else ""
    if room - len(call) >= SHORTEST_TITLE:
        room, go = room - len(call), go + call
    return (start + _cut(page.title or "", max(0, min(TITLE, room))) + middle + go + end)[:LONGEST]


def _press(page: Page) -> str:
    """How the person answers: by the link that needs no Slack, where there is one."""
    if page.acknowledge:
        return f"\nAcknowledge: {page.acknowledge}"
    return f"\nPress I'm on it in Slack: {page.link}" if page.link else "\nPress I'm on it in Slack."


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else words[: max(0, room - 1)].rstrip() + "…"


def _refusal(answer: http.Answer) -> str:
    code, said = answer.text("code"), answer.text("message")
    name = f"{VENDOR} refuses it ({' '.join(filter(None, (str(answer.status), code)))})"
    return f"{name}: {HINTS.get(code) or vendor_words(said) or 'no reason given'}"
