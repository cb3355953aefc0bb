"""Serves the pages by which people subscribe to the status page by e-mail or webhook, confirm the address, and leave.

Programs open the links in mails, too, so a link shows a page whose button acts. Mail programs that unsubscribe with
one click send the request of RFC 8058 instead.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.domain.errors import Refused
from bot.domain.statuspage.subscriber import Purpose, SubscriberKind
from bot.usecases.context import Context
from bot.usecases.status_page import subscribe
from bot.usecases.status_page.address import PREFIX, can_mail, can_post
from bot.web.client_limit import ClientLimit
from bot.web.form import form_of
from bot.web.statuspage import documents, pages
from bot.web.statuspage.gate import Gate

LONGEST_TOKEN = 120
BURST, PER_MINUTE = 60.0, 2.0  # addresses that one client may ask for
TOO_MANY = "Too many addresses were asked for from here. Try again in some minutes."
ON_ITS_WAY = (
    "If this address can be subscribed, a mail is on its way to it. Open the link in it within a week; until then you "
    "are told nothing. An address gets at most one such mail in an hour."
)
POST_ON_ITS_WAY = (
    "If this address can be subscribed, a POST is on its way to it, with the secret of the signatures and a link that "
    "confirms it. Open the link within a week; until then nothing else is posted. An address gets at most one in an "
    "hour."
)
NOT_GENUINE = "This link is not one of ours, or incomplete. Copy the whole link."


def routes(context: Context, gate: Gate, proxies: str = "") -> list[web.RouteDef]:
    """The form, and the pages behind the links in mails. `proxies`: the setting `TOCSIN_PROXIES`."""
    handlers = Subscriptions(context, gate, ClientLimit(BURST, PER_MINUTE, proxies))
    return [
        web.get(f"{PREFIX}/subscribe", handlers.form),
        web.post(f"{PREFIX}/subscribe", handlers.ask),
        web.get(f"{PREFIX}/confirm/{{token}}", handlers.confirm_page),
        web.post(f"{PREFIX}/confirm/{{token}}", handlers.confirm),
        web.get(f"{PREFIX}/unsubscribe/{{token}}", handlers.unsubscribe_page),
        web.post(f"{PREFIX}/unsubscribe/{{token}}", handlers.unsubscribe),
    ]


class Subscriptions:
    """The handlers. None of them sets a cookie or shows an address."""

    def __init__(self, context: Context, gate: Gate, limit: ClientLimit) -> None:
        self._context = context
        self._gate = gate
        self._limit = limit

    async def form(self, request: web.Request) -> web.Response:
        """The form, and the feeds for those who want to leave no address."""
        await self._gate.admit(request)
        components = self._context.policy.status_page.components
        offered = {"mail": can_mail(self._context), "webhook": can_post(self._context)}
        rules = self._context.policy.status_page
        missing = "email" in rules.subscribe and not offered["mail"]
        return self._page(
            request, "Subscribe", "", template="subscribe.html", components=components, missing=missing, **offered
        )

    async def ask(self, request: web.Request) -> web.Response:
        """Send the mail that asks to confirm. The answer is the same whether the address is known or not."""
        await self._gate.admit(request)
        values = await form_of(request)
        kind = SubscriberKind.WEBHOOK if "webhook" in values else SubscriberKind.EMAIL
        if not (can_post if kind is SubscriberKind.WEBHOOK else can_mail)(self._context):
            raise web.HTTPNotFound
        if wait_s := self._limit.take(request):
            answer = self._page(request, "Try again later", TOO_MANY, status=429)
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        keys = [str(key) for key in values.getall("component", [])]
        all_keys = {component.key for component in self._context.policy.status_page.components}
        try:
            await subscribe.ask(self._context, kind, str(values.get(kind, "")), [] if all_keys <= set(keys) else keys)
        except subscribe.TooManyRequests as refused:
            return self._page(request, "Try again later", refused.message, status=429)
        except Refused as refused:
            return self._page(request, "That did not work", refused.message, status=400)
        if kind is SubscriberKind.WEBHOOK:
            return self._page(request, "Look at what arrives there", POST_ON_ITS_WAY)
        return self._page(request, "Look into your mailbox", ON_ITS_WAY)

    async def confirm_page(self, request: web.Request) -> web.Response:
        """Ask to press the button: programs that follow links must not confirm."""
        if not await self._is_genuine(request, Purpose.CONFIRM):
            return self._page(request, "Not confirmed", NOT_GENUINE, status=404)
        return self._page(
            request, "Confirm your address", "Press the button to be told of what is published here.", button="Confirm"
        )

    async def confirm(self, request: web.Request) -> web.Response:
        """Confirm the address."""
        if await subscribe.confirm(self._context, request.match_info["token"][:LONGEST_TOKEN]) is None:
            return self._page(request, "Not confirmed", NOT_GENUINE, status=404)
        return self._page(
            request,
            "You are subscribed",
            "You are told of what is published here. Each message has a link that ends it.",
        )

    async def unsubscribe_page(self, request: web.Request) -> web.Response:
        """Ask to press the button."""
        if not await self._is_genuine(request, Purpose.UNSUBSCRIBE):
            return self._page(request, "Not unsubscribed", NOT_GENUINE, status=404)
        return self._page(
            request, "Unsubscribe", "Press the button, and you are told nothing more.", button="Unsubscribe"
        )

    async def unsubscribe(self, request: web.Request) -> web.Response:
        """Forget the address. Twice is fine."""
        if not await subscribe.unsubscribe(self._context, request.match_info["token"][:LONGEST_TOKEN]):
            return self._page(request, "Not unsubscribed", NOT_GENUINE, status=404)
        return self._page(request, "You are unsubscribed", "Your address is forgotten.")

    async def _is_genuine(self, request: web.Request, purpose: Purpose) -> bool:
        return await subscribe.is_ours(self._context, purpose, request.match_info["token"][:LONGEST_TOKEN])

    def _page(
        self,
        request: web.Request,
        title: str,
        text: str,
        *,
        status: int = 200,
        template: str = "message.html",
        **values: Any,
    ) -> web.Response:
        view = self._gate.cache.view
        if view is None:
            raise web.HTTPServiceUnavailable
        values = {"button": None, **values}
        view = self._gate.cache.view_for(view, keyed=self._gate.has_key(request))
        markup = pages.message_page(view, documents.links(view), title, text, template, **values)
        rendered = documents.html(markup, view, "'self'")
        headers = {**rendered.headers, "Cache-Control": "no-store"}
        return web.Response(body=rendered.body, status=status, headers=headers)
