"""Builds the headers that all e-mails of Tocsin share. No value can inject a header."""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

from bot.domain.errors import DeliveryError

SUBJECT = 200
BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
# Begins an encoded word (RFC 2047). The library decodes one that a value contains, and the breaks in it would end the
# header: `=?utf-8?q?x=0d=0aBcc:_evil=40example.com?=`.
ENCODED = "=?"
_FOLDED = re.compile(r"[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n")
_PLAIN = re.compile(r"[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]+")


def new_message(
    sender: Address, to: Address, subject: str, now: datetime, key: str, thread: str, answers: str | None = None
) -> EmailMessage:
    """A message without a body. `key`, `thread` and `answers` are parts of message IDs: letters, digits, `.` and `-`.

    `key` is the same at each attempt of a mail; all mails of one `thread` answer a message that is never sent, or the
    earlier mail `answers`.
    """
    message = EmailMessage(policy=WIRE)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = header_text(subject)[:SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{key}@{sender.domain}>"
    root = f"<{thread}@{sender.domain}>"
    earlier = f"<{answers}@{sender.domain}>" if answers else None
    message["References"] = f"{root} {earlier}" if earlier else root
    message["In-Reply-To"] = earlier or root
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: do not answer with an absence note
    message["X-Auto-Response-Suppress"] = "All"
    return message


def one_line(text: str) -> str:
    """The words without breaks and other control characters."""
    return BREAKS.sub(" ", text).strip()


def header_text(words: str) -> str:
    """The words as a header can carry them: on one line, with nothing in them that a mail program decodes."""
    encodable = one_line(words).encode("utf-8", "replace").decode()
    return encodable.replace(ENCODED, "= ?")


def check_headers(message: EmailMessage) -> None:
    """Raise a permanent `DeliveryError` if a header would end before its value does."""
    for name, value in message.items():
        if not _FOLDED.fullmatch(message.policy.fold(name, value)):
            raise DeliveryError(f"its header {name} cannot be written", permanent=True)


def parsed_address(name: str, address: str) -> Address:
    """An address with a name. Raises `ValueError` if it is invalid."""
    local, _, domain = address.rpartition("@")
    if not _PLAIN.fullmatch(local) or not _PLAIN.fullmatch(domain) or ENCODED in address:
        raise ValueError("expected an address such as Tocsin <tocsin@example.org>")
    try:
        return Address("" if name == address else header_text(name), local, domain)
    except (ValueError, HeaderParseError, IndexError):
        raise ValueError("expected an address such as Tocsin <tocsin@example.org>") from None


def recipient_address(name: str, address: str) -> Address:
    """The address of somebody in the policy. Raises a permanent `DeliveryError` if it is unusable."""
    try:
        return parsed_address(name, address)
    except ValueError:
        raise DeliveryError("the e-mail address in the policy cannot be used", permanent=True) from None
