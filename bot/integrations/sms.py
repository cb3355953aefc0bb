"""Sends pages (calls to a person to respond) as SMS by Twilio's REST API.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import DeliveryError
from bot.integrations.protocol import Page, Receipt
from bot.integrations.twilio import Account, number, receipt_of

LONGEST = 320
TITLE = 120
SHORTEST_TITLE = 40  # where the address of the call is to fit too
WHY = 80
LOOK_BACK = 50  # messages: the newest come first


@dataclass(slots=True)
class Sms:
    """Sends each page at least once. Twilio has no idempotency key, so `send` first looks for an uncertain attempt."""

    account: Account
    sender: str  # a number in E.164 form, a sender ID, or the SID of a messaging service (MG…)
    replies: bool = False  # whether Twilio passes replies on to the bot

    async def send(self, page: Page) -> Receipt:
        """Send one message. After an uncertain attempt Twilio is asked first whether it has arrived."""
        to = number(page.person.phone)
        if page.uncertain and (receipt := await self._find(page, to)):
            return receipt
        sender = {"MessagingServiceSid" if self.sender.startswith("MG") else "From": self.sender}
        return await self.account.create("Messages", {"To": to, **sender, "Body": text(page, replies=self.replies)})

    async def _find(self, page: Page, to: str) -> Receipt | None:
        """The receipt of an earlier attempt. None also if Twilio does not answer: a page is repeated, never lost."""
        try:
            answer = await self.account.ask("GET", "Messages", params={"To": to, "PageSize": str(LOOK_BACK)})
        except DeliveryError:
            return None
        messages = answer.data.get("messages")
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, dict) and reference(page) in str(message.get("body", "")):
                return receipt_of(message)
        return None


def reference(page: Page) -> str:
    """An opaque text in the message, the same at each attempt, by which `_find` recognizes the message."""
    return f"ref {page.key[:8]}"


def text(page: Page, *, replies: bool = False) -> str:
    """The message, at most 320 characters. The title is shortened; links are not, but the call's may be left out."""
    end = f"\n{reference(page)}"
    if page.private:
        go = f"Acknowledge: {page.acknowledge}" if page.acknowledge else "Open Slack."
        go += _reply(page) if replies else ""
        return f"{page.headline}: you are paged{page.count}. {go}{end}"
    press = _press(page) + (_reply(page) if replies else "")
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
    """The line that says how to acknowledge: by the link, while Slack is down by the command line, or in Slack."""
    if page.acknowledge:
        return f"\nAcknowledge: {page.acknowledge}"
    if page.slack_down:
        return f"\nSlack is down: tocsin ack {page.incident}"
    return f"\nPress I'm on it in Slack: {page.link}" if page.link else "\nPress I'm on it in Slack."


def _reply(page: Page) -> str:
    """The line that says how to acknowledge by a reply; empty if the number does not identify the person."""
    return "\nOr reply 1." if page.person.slack or page.person.email else ""


def _cut(body: str, room: int) -> str:
    return body if len(body) <= room else body[: max(0, room - 1)].rstrip() + "…"
