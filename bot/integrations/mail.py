"""Builds e-mails that tell people outside of an incident: text and HTML, in one thread for each incident."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

from bot.domain.errors import DeliveryError

SUBJECT = 200
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_PLAIN = re.compile(r"[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. `key` and `thread` are parts of message IDs: letters, digits, `.` and `-`."""

    to: str
    subject: str
    text: str
    html: str  # the content of the body
    key: str  # the same at each attempt of this mail, and of no other
    thread: str  # the same for all mails about one matter
    name: str = ""
    answers: str | None = None  # the key of an earlier mail that this one follows
    reply_to: str | None = None
    unsubscribe_url: str | None = None  # takes a POST without a question (RFC 8058)
    calendar: str | None = None  # a meeting that it invites to, as iCalendar (RFC 6047)


def build(mail: Mail, sender: Address, now: datetime) -> EmailMessage:
    """The mail as multipart text and HTML. No value can inject a header. Raises `DeliveryError` for a bad address."""
    message = EmailMessage(policy=WIRE)
    message["From"] = sender
    message["To"] = _address(mail.name, mail.to)
    message["Subject"] = _line(mail.subject)[:SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.key}@{sender.domain}>"
    root = f"<{mail.thread}@{sender.domain}>"  # a message that is never sent: every mail is an answer to it
    earlier = f"<{mail.answers}@{sender.domain}>" if mail.answers else None
    message["References"] = f"{root} {earlier}" if earlier else root
    message["In-Reply-To"] = earlier or root
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: do not answer with an absence note
    message["X-Auto-Response-Suppress"] = "All"
    if mail.reply_to:
        message["Reply-To"] = _address("", mail.reply_to)
    if mail.unsubscribe_url and not _BREAKS.search(mail.unsubscribe_url):
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text.rstrip() + "\n")
    message.add_alternative(_page(mail), subtype="html")
    if mail.calendar:
        message.add_attachment(mail.calendar, subtype="calendar", filename="review.ics", params={"method": "REQUEST"})
    return message


def _page(mail: Mail) -> str:
    title = html.escape(_line(mail.subject))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        '<body style="font-family:sans-serif;line-height:1.5;max-width:40em">'
        f"{mail.html}</body></html>\n"
    )


def _line(words: str) -> str:
    return _BREAKS.sub(" ", words).strip()


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not _PLAIN.fullmatch(local) or not _PLAIN.fullmatch(domain):
        raise DeliveryError("the e-mail address in the policy cannot be used", permanent=True)
    try:
        return Address("" if name == address else _line(name), local, domain)
    except (ValueError, IndexError):
        raise DeliveryError("the e-mail address in the policy cannot be used", permanent=True) from None
