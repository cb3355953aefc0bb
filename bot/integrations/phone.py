"""Pages by a telephone call: Twilio reads the page aloud, and pressing 1 acknowledges.

https://www.twilio.com/docs/voice/api/call-resource and https://www.twilio.com/docs/voice/twiml/gather
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from bot.domain.errors import DeliveryError
from bot.integrations.protocol import Page, Receipt
from bot.integrations.twilio import Account, number

VOICE_PATH = "/hooks/twilio/voice"
RING_S = 40  # then the person did not answer, and voice mail often takes the call
WAIT_S = 12  # for a key, after each reading
TITLE = 200
WHY = 120
READ_TWICE = 2
_ACK = "/ack/"


@dataclass(slots=True)
class Phone:
    """Calls at least once: Twilio has no idempotency key, so an uncertain call is repeated, never lost."""

    account: Account
    sender: str  # a number of the account that can call

    async def send(self, page: Page) -> Receipt:
        """Make one call, which rings for 40 seconds."""
        to = number(page.person.phone)
        if not self.sender.startswith("+"):
            problem = "TWILIO_FROM is no telephone number, so it cannot call; set TWILIO_CALL_FROM"
            raise DeliveryError(problem, permanent=True)
        fields = {"To": to, "From": self.sender, "Twiml": twiml(page), "Timeout": str(RING_S)}
        return await self.account.create("Calls", fields)


def twiml(page: Page) -> str:
    """Twilio's instructions once the person answers: read the page twice, and take a key if they can acknowledge."""
    text = spoken_text(page)
    base, separator, token = (page.acknowledge or "").partition(_ACK)
    if not separator:
        return response(say(f"{text} Open Slack to acknowledge.", READ_TWICE))
    return response(ask_for_key(f"{text} Press 1 to acknowledge.", f"{base}{VOICE_PATH}?{urlencode({'ack': token})}"))


def spoken_text(page: Page) -> str:
    """The page in words to be read aloud. Of a private incident only the ID is said."""
    start = f"This is Tocsin. You are paged{page.count} for {_aloud(page.incident)}"
    if page.private:
        return f"{start}, a private incident."
    why = f" Why: {page.why[:WHY].rstrip('.')}." if page.why else ""
    return f"{start}, {page.severity}: {(page.title or '')[:TITLE].rstrip('.')}.{why}"


def response(inside: str) -> str:
    """A TwiML document."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'


def say(text: str, times: int = 1) -> str:
    """The TwiML that reads a text aloud, `times` times."""
    return f'<Say loop="{times}">{escape(text)}</Say>'


def ask_for_key(text: str, action: str) -> str:
    """Read words aloud, and pass the key that is pressed to `action`."""
    gather = f'<Gather numDigits="1" timeout="{WAIT_S}" method="POST" action={quoteattr(action)}>'
    return f"{gather}{say(text, READ_TWICE)}</Gather>{say('No key was pressed. Goodbye.')}"


def _aloud(incident: str) -> str:
    """An ID as it is spoken: `INC 42`, letter by letter."""
    letters, _, digits = incident.partition("-")
    return re.sub(r"(?<=[A-Z])(?=[A-Z])", " ", letters) + (f" {digits}" if digits else "")
