"""Builds e-mails that tell people outside of an incident: text and HTML, in one thread for each incident."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage

from bot.integrations.mail_message import BREAKS, new_message, one_line, recipient_address


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file that goes with a mail, in UTF-8."""

    name: str
    subtype: str  # of `text`
    content: bytes


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
    attachment: Attachment | None = None


def build(mail: Mail, sender: Address, now: datetime) -> EmailMessage:
    """The mail as multipart text and HTML. No value can inject a header. Raises `DeliveryError` for a bad address."""
    to = recipient_address(mail.name, mail.to)
    message = new_message(sender, to, mail.subject, now, mail.key, mail.thread, mail.answers)
    if mail.reply_to:
        message["Reply-To"] = recipient_address("", mail.reply_to)
    if mail.unsubscribe_url and not BREAKS.search(mail.unsubscribe_url):
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text.rstrip() + "\n")
    message.add_alternative(_page(mail), subtype="html")
    if mail.calendar:
        message.add_attachment(mail.calendar, subtype="calendar", filename="review.ics", params={"method": "REQUEST"})
    if mail.attachment is not None:
        text = mail.attachment.content.decode()
        message.add_attachment(text, subtype=mail.attachment.subtype, filename=mail.attachment.name)
    return message


def _page(mail: Mail) -> str:
    title = html.escape(one_line(mail.subject))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        '<body dir="auto" style="font-family:sans-serif;line-height:1.5;max-width:40em">'
        f"{mail.html}</body></html>\n"
    )
