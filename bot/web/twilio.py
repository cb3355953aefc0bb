"""Receives answers by telephone: a key pressed during a call, and replies to text messages.

Twilio signs its requests, so these routes exist only with `TWILIO_AUTH_TOKEN` and `TOCSIN_URL`.
https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

import structlog
from aiohttp import web

from bot.domain.errors import Refused
from bot.integrations import twilio
from bot.integrations.phone import VOICE_PATH, ask_for_key, response, say
from bot.metrics import Metrics
from bot.usecases import sms_replies
from bot.usecases.acknowledge_links import LinkState, act_on, open_link
from bot.usecases.context import Context
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.form import form_of
from bot.web.refusals import Refusals
from storage.engine.errors import StorageError

log = structlog.get_logger()

SMS_PATH = "/hooks/twilio/sms"
LARGEST_BODY = 64 * 1024
LONGEST_TOKEN = 600
ACKNOWLEDGES = "1"
AGAIN = "Press 1 to acknowledge."
NOT_RECORDED = "It could not be recorded. Please try again."


def routes(context: Context, auth_token: Callable[[], str], metrics: Metrics) -> list[web.RouteDef]:
    """The routes for calls and for text messages."""
    refusals = Refusals(metrics)

    async def signed_form(request: web.Request) -> Mapping[str, str]:
        """The fields of a form that Twilio signed. Raises an HTTP error for any other."""
        if (request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
        fields = {name: str(value) for name, value in (await form_of(request)).items()}
        url = (context.url or "").rstrip("/") + request.path_qs
        if not twilio.is_signed(auth_token(), url, fields, request.headers.get(twilio.SIGNATURE_HEADER, "")):
            refusals.note("bad signature", hook="twilio", peer=request.remote)
            raise web.HTTPForbidden(text="The signature is not Twilio's for this address.")
        return fields

    async def voice(request: web.Request) -> web.Response:
        fields = await signed_form(request)
        return _twiml(await _answer_call(context, request.query.get("ack", ""), fields.get("Digits", ""), request))

    async def sms(request: web.Request) -> web.Response:
        fields = await signed_form(request)
        reply = sms_replies.Reply(fields.get("From", ""), fields.get("Body", ""), fields.get("MessageSid", ""))
        try:
            reply_text = await sms_replies.answer(context, reply)
        except StorageError as error:
            metrics.not_recorded.labels("webhook").inc()
            log.warning("hook.not_recorded", hook="twilio", error=str(error))
            return web.Response(status=503, text=NOT_RECORDED)
        return _twiml(f"<Message>{escape(reply_text)}</Message>" if reply_text else "")

    return [web.post(VOICE_PATH, voice), web.post(SMS_PATH, sms)]


async def _answer_call(context: Context, token: str, key: str, request: web.Request) -> str:
    """Act on the pressed key. Returns the TwiML of what the person hears."""
    link = await open_link(context, token) if len(token) <= LONGEST_TOKEN else None
    if link is None:
        return say("This call is not valid any more. Please open Slack.")
    incident = link.incident
    if link.state is LinkState.USED:
        return say("You have acknowledged it already. Goodbye.")
    if link.state is LinkState.EXPIRED or not incident.open:
        return say(f"Nothing to do: the incident is {incident.status}. Goodbye.")
    if key != ACKNOWLEDGES:
        return ask_for_key(AGAIN, (context.url or "").rstrip("/") + request.path_qs)
    try:
        outcome = await act_on(context, link)
    except DuplicateDelivery:
        return say("You have acknowledged it already. Goodbye.")
    except Refused:
        return say("It could not be acknowledged. Please open Slack.")
    except StorageError:
        return ask_for_key(f"{NOT_RECORDED} {AGAIN}", (context.url or "").rstrip("/") + request.path_qs)
    first = "Somebody else was first. " if outcome.first_by else ""
    return say(f"{first}You have acknowledged it, and you are responding. Goodbye.")


def _twiml(content: str) -> web.Response:
    return web.Response(text=response(content), content_type="text/xml")
