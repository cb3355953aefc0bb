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
    message["Subject"] = one_line(subject)[:SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{key}@{sender.domain}>"
    root = f"<{thread}@{sender.domain}>"
    earlier = f"<{answers}@{sender.domain}>" if answers else None
    message["References"] = f"{root} {earlier}" if earlier else root
    message["In-Reply-To"] = earlier or root
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: do not answer with an absence note
    message["X-Auto-Response-Suppress"] = "All"
    return message


def one_line(words: str) -> str:
    """The words without breaks and other control characters."""
    return BREAKS.sub(" ", words).strip()


def parsed_address(name: str, address: str) -> Address:
    """An address with a name. Raises `ValueError` if it is invalid."""
    local, _, domain = address.rpartition("@")
    if not _PLAIN.fullmatch(local) or not _PLAIN.fullmatch(domain):
        raise ValueError("expected an address such as Tocsin <tocsin@example.org>")
    try:
        return Address("" if name == address else one_line(name), local, domain)
    except (ValueError, HeaderParseError, IndexError):
        raise ValueError("expected an address such as Tocsin <tocsin@example.org>") from None


def recipient_address(name: str, address: str) -> Address:
    """The address of somebody in the policy. Raises a permanent `DeliveryError` if it is unusable."""
    try:
        return parsed_address(name, address)
    except ValueError:
        raise DeliveryError("the e-mail address in the policy cannot be used", permanent=True) from None
