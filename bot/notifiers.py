"""Builds the notifiers (clients of paging vendors) that the settings configure, and says which settings are missing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import aiohttp

from bot.domain.paging import calls
from bot.integrations import push
from bot.integrations.email import Email, Server, sender_of
from bot.integrations.pagerduty import PagerDuty
from bot.integrations.phone import Phone
from bot.integrations.protocol import Notifier
from bot.integrations.push import Push
from bot.integrations.sms import Sms
from bot.integrations.twilio import Account
from bot.integrations.webhook import Webhook
from bot.settings import Settings

# The settings that each method needs. The attribute of `Settings` has the same name in lower case.
NEEDS: dict[str, tuple[str, ...]] = {
    "pagerduty": ("PAGERDUTY_ROUTING_KEY",),
    "email": ("SMTP_URL", "MAIL_FROM"),
    "sms": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"),
    "phone": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"),
    "push": (),
    "webhook": ("WEBHOOK_URL", "WEBHOOK_SECRET"),
}
LIBRARY = "tocsin[push]"  # what the method `push` needs in place of settings


def _pagerduty(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return PagerDuty(session, settings.pagerduty_events_url, value(settings, "PAGERDUTY_ROUTING_KEY"))


def _email(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return Email(Server.of(value(settings, "SMTP_URL")), sender_of(value(settings, "MAIL_FROM")))


def _sms(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return Sms(_account(settings, session), value(settings, "TWILIO_FROM"), settings.twilio_replies)


def _phone(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    sender = value(settings, "TWILIO_CALL_FROM") or value(settings, "TWILIO_FROM")
    return Phone(_account(settings, session), sender)


def _account(settings: Settings, session: aiohttp.ClientSession) -> Account:
    sid, token = value(settings, "TWILIO_ACCOUNT_SID"), value(settings, "TWILIO_AUTH_TOKEN")
    return Account(session, settings.twilio_api_url, sid, token)


def _push(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return Push(os.environ)


def _webhook(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return Webhook(session, value(settings, "WEBHOOK_URL"), value(settings, "WEBHOOK_SECRET"))


BUILDERS: dict[str, Callable[[Settings, aiohttp.ClientSession], Notifier]] = {
    "pagerduty": _pagerduty,
    "email": _email,
    "sms": _sms,
    "phone": _phone,
    "push": _push,
    "webhook": _webhook,
}


def value(settings: Settings, name: str) -> str:
    """A setting as plain text, secrets too; empty where it is not set."""
    setting = getattr(settings, name.lower())
    return str(setting.get_secret_value() if hasattr(setting, "get_secret_value") else setting or "")


def missing(settings: Settings, method: str) -> list[str]:
    """The variables that this method needs and that are not set."""
    if method == "push":
        return [] if push.is_installed() else [LIBRARY]
    return [name for name in NEEDS[method] if not value(settings, name)]


def methods(settings: Settings) -> frozenset[str]:
    """The methods that are completely configured, besides Slack."""
    return frozenset(method for method in BUILDERS if not missing(settings, method))


def half_set_up(settings: Settings) -> list[str]:
    """A sentence for each method of which only some variables are set, which names the others."""
    lacking = {method: missing(settings, method) for method in NEEDS}
    return [
        f"{calls.label(method)} is half set up: set {' and '.join(names)} too"
        for method, names in lacking.items()
        if 0 < len(names) < len(NEEDS[method]) and method != "phone"  # its settings are those of SMS
    ]


def build(settings: Settings, session: aiohttp.ClientSession) -> dict[str, Notifier]:
    """The notifiers of the methods that are configured, by method."""
    return {method: BUILDERS[method](settings, session) for method in methods(settings)}


async def close(by_method: Mapping[str, Notifier]) -> None:
    """End the connections that notifiers keep."""
    email = by_method.get("email")
    if isinstance(email, Email):
        await email.close()
