"""Calls by Twilio, as its documentation publishes it, and the signature of its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from xml.etree import ElementTree

import aiohttp
import pytest

from bot.domain.errors import DeliveryError
from bot.integrations import phone, twilio
from bot.integrations.phone import Phone
from bot.integrations.push import Push
from bot.integrations.push import text as push_text
from bot.integrations.twilio import Account
from tests.integrations.doubles import Double, Reply, TwilioDouble, serving
from tests.integrations.pages import ANNA, page, private

LINK = "https://tocsin.example.com/in/here/ack/7.VTBN.1790000000.0123.abc"


class CallsDouble(TwilioDouble):
    """Takes calls, as in the documentation's example of creating one."""

    def resource(self, form: dict[str, str], number: int) -> dict[str, object]:
        return {"sid": f"CA{number:032d}", "status": "queued", "to": form["To"], "from": form["From"]}


@pytest.fixture
async def vendor() -> AsyncIterator[CallsDouble]:
    double = CallsDouble()
    async with serving(double):
        yield double


def caller(vendor: Double, session: aiohttp.ClientSession, sender: str = "+14155552345") -> Phone:
    return Phone(Account(session, vendor.url, "AC0", "the-token"), sender)


async def test_a_call_reads_the_page_twice_and_asks_for_a_key(
    vendor: CallsDouble, session: aiohttp.ClientSession
) -> None:
    receipt = await caller(vendor, session).send(page(acknowledge=LINK, times=2))
    assert (receipt.vendor, receipt.id, receipt.status) == ("Twilio", f"CA{1:032d}", "queued")
    (asked,) = vendor.asked
    assert asked.path == "/2010-04-01/Accounts/AC0/Calls.json"
    assert {name: asked.form[name] for name in ("To", "From")} == {"To": "+4915112345678", "From": "+14155552345"}
    gather = ElementTree.fromstring(asked.form["Twiml"]).find("Gather")
    assert gather is not None
    token = LINK.rpartition("/")[2]
    assert gather.get("action") == f"https://tocsin.example.com/in/here/hooks/twilio/voice?ack={token}"
    (say,) = gather.findall("Say")
    assert (say.get("loop"), say.text) == (
        "2",
        "This is Tocsin. You are paged (2nd time) for I N C 42, sev1: Checkout is down. Why: 5m without being "
        "acknowledged. Press 1 to acknowledge.",
    )


def test_of_a_private_incident_only_the_id_is_said() -> None:
    assert phone.spoken_text(private()) == "This is Tocsin. You are paged for I N C 42, a private incident."


def test_a_title_cannot_give_twilio_orders() -> None:
    document = ElementTree.fromstring(phone.twiml(page(title="</Say><Dial>+1900</Dial>", acknowledge=LINK)))
    assert document.findall(".//Dial") == []


async def test_a_sender_that_cannot_call_is_told_what_to_set(
    vendor: CallsDouble, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(DeliveryError, match="set TWILIO_CALL_FROM"):
        await caller(vendor, session, "MG0123").send(page())
    assert vendor.asked == []


def test_the_signature_is_as_twilio_publishes_it() -> None:
    # The example of https://www.twilio.com/docs/usage/security#test-the-validity-of-your-webhook-signature
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://example.com/myapp.php?foo=1&bar=2"
    signature = twilio.signature("12345", url, fields)
    assert signature == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert twilio.is_signed("12345", url, fields, signature)
    assert not twilio.is_signed("12345", url + "&more=1", fields, signature)
    assert not twilio.is_signed("12345", url, {**fields, "Digits": "2"}, signature)
    assert not twilio.is_signed("", url, fields, twilio.signature("", url, fields))


async def test_a_push_goes_to_the_address_of_the_contact_with_the_link(vendor: CallsDouble) -> None:
    vendor.always = Reply(200, {"ok": True})
    port = vendor.url.rpartition(":")[2]
    push = Push({"ANNA_PUSH": f"json://127.0.0.1:{port}/topic"})
    await push.send(page(person=replace(ANNA, push="env:ANNA_PUSH"), acknowledge=LINK))
    (asked,) = vendor.asked
    assert asked.json["title"] == "INC-42: Checkout is down"
    assert asked.json["message"] == push_text(page(acknowledge=LINK))
    assert f"Acknowledge: {LINK}" in asked.json["message"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("env:NOWHERE", "the variable NOWHERE that `push` names is not set"),
        ("env:LOCAL", "syslog:// acts on this machine, and is not used"),
        ("nonsense://there", "apprise does not know this address; correct `push` in the policy"),
    ],
)
async def test_a_push_that_cannot_be_sent_says_why(address: str, words: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        await Push({"LOCAL": "syslog://"}).send(page(person=replace(ANNA, push=address)))
    assert (str(refused.value), refused.value.permanent) == (words, True)


async def test_a_push_that_is_refused_is_tried_again_and_names_no_secret(vendor: CallsDouble) -> None:
    vendor.always = Reply(500)
    address = vendor.url.replace("http://", "json://user:s3cret@")
    with pytest.raises(DeliveryError) as refused:
        await Push({}).send(page(person=replace(ANNA, push=address)))
    assert (str(refused.value), refused.value.permanent) == ("the push service (json) did not take it", False)
