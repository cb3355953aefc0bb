"""SMS by Twilio, as its documentation publishes it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.domain.errors import DeliveryError
from bot.integrations.sms import LONGEST, Sms, text
from bot.integrations.twilio import Account, number
from tests.integrations.doubles import Reply, TwilioDouble, serving
from tests.integrations.pages import ANNA, page, private

SID = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"


@pytest.fixture
async def vendor() -> AsyncIterator[TwilioDouble]:
    double = TwilioDouble()
    async with serving(double):
        yield double


@pytest.fixture
def sms(vendor: TwilioDouble, session: aiohttp.ClientSession) -> Sms:
    return Sms(Account(session, vendor.url, SID, "the-token"), "+14155552345")


async def test_a_page_is_one_form_with_basic_authentication(sms: Sms, vendor: TwilioDouble) -> None:
    receipt = await sms.send(page())
    assert (receipt.vendor, receipt.id, receipt.status) == ("Twilio", f"SM{1:032d}", "queued")
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:the-token".encode()).decode()
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.form == {
        "To": "+4915112345678",
        "From": "+14155552345",
        "Body": "INC-42 sev1: Checkout is down\n"
        "You are paged: 5m without being acknowledged.\n"
        "Press I'm on it in Slack: https://acme.slack.com/archives/C0INC42\n"
        "Join the call: https://meet.example.org/INC-42\n"
        "ref 4f2a91c0",
    }


async def test_a_messaging_service_sends_under_its_own_name(
    vendor: TwilioDouble, session: aiohttp.ClientSession
) -> None:
    await Sms(Account(session, vendor.url, SID, "the-token"), "MG0123").send(page())
    assert vendor.posted[0]["MessagingServiceSid"] == "MG0123"
    assert "From" not in vendor.posted[0]


async def test_of_a_private_incident_only_the_id_leaves(sms: Sms, vendor: TwilioDouble) -> None:
    await sms.send(private(times=2))
    assert vendor.posted[0]["Body"] == "INC-42 (private): you are paged (2nd time). Open Slack.\nref 4f2a91c0"


@pytest.mark.parametrize("title", ["x" * 300, "ü€😀" * 100, ""])
@pytest.mark.parametrize("why", ["w" * 2000, None])
def test_a_text_is_short_and_keeps_its_link(title: str, why: str | None) -> None:
    body = text(page(title=title, why=why, times=12, status="investigating"))
    assert len(body) <= LONGEST
    assert "https://acme.slack.com/archives/C0INC42" in body
    assert body.endswith("ref 4f2a91c0")


def test_the_address_of_the_call_is_left_out_where_the_title_would_not_fit() -> None:
    long = f"https://meet.example.org/{'x' * 150}"
    assert "meet.example.org" not in text(page(bridge=long))
    assert "meet.example.org" in text(page(bridge=long, link=None, why=None))


@pytest.mark.parametrize("phone", ["+49 151 1234-5678", "+49 (151) 12345678", "+4915112345678"])
def test_numbers_are_converted_to_e164(phone: str) -> None:
    assert number(phone) == "+4915112345678"


@pytest.mark.parametrize(
    "phone", [None, "", "015112345678", "+0123456789", "+49151123456789012", "+49x", "+12\n345678"]
)
async def test_an_invalid_number_is_refused_before_twilio_is_asked(
    sms: Sms, vendor: TwilioDouble, phone: str | None
) -> None:
    if phone == "+12\n345678":  # white space is left out, a forged header line is not possible in a form anyhow
        assert number(phone) == "+12345678"
        return
    with pytest.raises(DeliveryError) as caught:
        await sms.send(page(person=replace(ANNA, phone=phone)))
    assert caught.value.permanent
    assert vendor.asked == []


@pytest.mark.parametrize(
    ("code", "status", "said", "words"),
    [
        (21211, 400, "The 'To' number +1555 is not a valid phone number.", "not a telephone number"),
        (21610, 400, "Attempt to send to unsubscribed recipient", "opted out"),
        (21614, 400, "To number is not a valid mobile number", "cannot receive SMS"),
        (21608, 400, "The number is unverified.", "trial account"),
        (20003, 401, "Authenticate", "TWILIO_AUTH_TOKEN"),
        (30999, 400, "Something new", "Something new"),
    ],
)
async def test_a_4xx_is_permanent_and_known_codes_have_a_hint(
    sms: Sms, vendor: TwilioDouble, code: int, status: int, said: str, words: str
) -> None:
    vendor.replies = [TwilioDouble.error(code, said, status)]
    with pytest.raises(DeliveryError) as caught:
        await sms.send(page())
    assert caught.value.permanent
    assert words in str(caught.value)
    assert str(code) in str(caught.value)


async def test_too_many_requests_is_temporary(sms: Sms, vendor: TwilioDouble) -> None:
    vendor.replies = [TwilioDouble.error(20429, "Too Many Requests", 429)]
    with pytest.raises(DeliveryError) as caught:
        await sms.send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (False, False)


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(drop=True)])
async def test_a_message_that_arrived_after_all_is_found_and_not_sent_again(
    sms: Sms, vendor: TwilioDouble, reply: Reply
) -> None:
    vendor.replies = [reply]
    with pytest.raises(DeliveryError) as caught:
        await sms.send(page())
    assert caught.value.uncertain
    receipt = await sms.send(page(uncertain=True, status="investigating"))
    assert receipt.id == f"SM{1:032d}"
    assert len(vendor.posted) == 1


async def test_another_page_to_the_same_number_is_not_taken_for_this_one(sms: Sms, vendor: TwilioDouble) -> None:
    await sms.send(page(key="aaaaaaaabbbb"))
    await sms.send(page(uncertain=True))
    assert len(vendor.posted) == 2


async def test_if_twilio_cannot_be_asked_an_uncertain_page_is_repeated(sms: Sms, vendor: TwilioDouble) -> None:
    vendor.replies = [Reply(500)]
    receipt = await sms.send(page(uncertain=True))
    assert receipt.id
    assert [asked.method for asked in vendor.asked] == ["GET", "POST"]
