"""Mail, against a real SMTP server on this machine."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from bot.domain.errors import DeliveryError
from bot.integrations import smtp_pool
from bot.integrations.email import Email, Server, sender_of
from bot.integrations.mail_message import check_headers
from tests.integrations.mail import client_side, post_office
from tests.integrations.pages import ANNA, NOON, page, private
from tests.waiting import WITHIN_S

SENDER = Address("Tocsin", "tocsin", "example.org")


def email(url: str) -> Email:
    return Email(Server.of(url), SENDER, client_side(), lambda: NOON)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_a_page_is_a_mail_in_text_and_html() -> None:
    async with post_office() as post:
        receipt = await email(f"smtp://127.0.0.1:{post.port}").send(page(title="Checkout <b>is</b> & was down"))
    (mail,) = post.mails
    assert receipt.id == mail["Message-ID"] == "<4f2a91c0b7d84e0a9b3c5d6e7f809182@example.org>"
    assert receipt.status == "2.0.0 OK queued as 1"
    assert (mail["From"], mail["To"]) == ("Tocsin <tocsin@example.org>", "Anna Weber <anna@example.com>")
    assert mail["Subject"] == "INC-42: Checkout <b>is</b> & was down"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain").splitlines() == [
        "You are paged: INC-42: Checkout <b>is</b> & was down",
        "",
        "Severity: sev1",
        "Status: detected",
        "Why you: 5m without being acknowledged",
        "Declared: 2026-03-02 12:00 UTC",
        "",
        "Open Slack and press I'm on it: that stops the paging. Can't calls the next person at once.",
        "https://acme.slack.com/archives/C0INC42",
        "Join the call: https://meet.example.org/INC-42",
    ]
    assert '<a href="https://meet.example.org/INC-42">Join the call</a>' in part(mail, "html")
    assert "Checkout &lt;b&gt;is&lt;/b&gt; &amp; was down" in part(mail, "html")
    assert "<b>is</b>" not in part(mail, "html")


async def test_mails_about_one_incident_are_one_thread() -> None:
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page())
        await sender.send(page(key="second", times=2, severity="sev2"))
        await sender.send(page(key="third", incident="INC-43"))
    first, second, other = post.mails
    assert first["References"] == first["In-Reply-To"] == second["References"] != other["References"]
    assert first["Subject"] == second["Subject"]
    assert len({mail["Message-ID"] for mail in post.mails}) == 3
    assert "(2nd time)" in part(second, "plain")


async def test_of_a_private_incident_only_the_id_leaves() -> None:
    async with post_office() as post:
        await email(f"smtp://127.0.0.1:{post.port}").send(private())
    (mail,) = post.mails
    assert mail["Subject"] == "INC-42 (private)"
    assert part(mail, "plain").splitlines() == [
        "You are paged: INC-42 (private)",
        "",
        "",
        "This incident is private, so nothing more is said here. Open Slack and press I'm on it.",
    ]


async def test_while_slack_is_down_a_page_sends_nobody_there() -> None:
    ack, room = "https://t.example.com/ack/1.x", "https://t.example.com/incidents/INC-42"
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page(slack_down=True, acknowledge=ack, console=room))
        await sender.send(replace(private(), slack_down=True, key="second"))
    told, alone = (part(mail, "plain").replace("\r\n", "\n") for mail in post.mails)
    assert f"Acknowledge without Slack: {ack}\nSlack is down: the link above stops the paging." in told
    assert f"is run here:\n{room}\n" in told
    assert "Slack is down: stop the paging with: tocsin ack INC-42" in alone
    assert not [text for text in (told, alone) if "Open Slack" in text or "slack.com" in text]


@pytest.mark.parametrize(
    "evil",
    [
        "Down\r\nBcc: evil@example.com", "Down\nX: y", "Down\x00", "Down\u2028Bcc: a@b", "Ünïcödé 😀 \r\n\r\nbody",
        "=?utf-8?q?Down=0d=0aBcc:_evil=40example.com=0d=0a=0d=0abody?=", "=?utf-8?b?RG93bg0KQmNjOiBlQGUuZQ==?= !",
        "=?=?utf-8?q?x=0aX:_y?=",
    ],
)  # fmt: skip
async def test_no_title_and_no_name_can_start_a_header(evil: str) -> None:
    async with post_office() as post:
        await email(f"smtp://127.0.0.1:{post.port}").send(page(title=evil, person=replace(ANNA, name=evil), why=evil))
    (envelope,), (mail,) = post.envelopes, post.mails
    assert envelope.rcpt_tos == ["anna@example.com"]
    assert {"Bcc", "X"}.isdisjoint(mail.keys())
    assert mail["Subject"].strip().startswith("INC-42: ")
    assert mail["To"].addresses[0].addr_spec == "anna@example.com"
    assert mail["Date"], "nothing ends the headers"


def test_a_header_that_would_end_early_is_not_sent() -> None:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "=?utf-8?q?Down=0d=0aBcc:_evil=40example.com?="
    with pytest.raises(DeliveryError, match="Subject"):
        check_headers(message)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "anna",
        "anna@",
        "a@b\r\nRCPT TO:<evil@example.com>",
        "a@b, evil@example.com",
        "<a@b>",
        "a b@c",
        "=?utf-8?q?a=0d=0aBcc=3a_b?=@example.com",
        "a@=?utf-8?q?b=0d=0aBcc=3a_c?=.com",
    ],
)
async def test_an_invalid_address_is_refused_before_connecting(address: str | None) -> None:
    with pytest.raises(DeliveryError) as caught:
        await email("smtp://127.0.0.1:1").send(page(person=replace(ANNA, email=address)))
    assert caught.value.permanent


async def test_starttls_protects_password_and_mail() -> None:
    async with post_office(starttls=True, password="p@ss/word") as post:
        server = replace(Server.of(f"smtp://bot:p%40ss%2Fword@127.0.0.1:{post.port}"), start_tls=True)
        await Email(server, SENDER, client_side()).send(page())
    assert post.encrypted == [True]


async def test_tls_from_the_start() -> None:
    async with post_office(tls=True) as post:
        await email(f"smtps://127.0.0.1:{post.port}").send(page())
    assert post.encrypted == [True]


async def test_without_starttls_nothing_is_sent() -> None:
    async with post_office() as post:
        server = replace(Server.of(f"smtp://127.0.0.1:{post.port}"), start_tls=True)
        with pytest.raises(DeliveryError, match="STARTTLS") as caught:
            await Email(server, SENDER, client_side()).send(page())
    assert caught.value.permanent
    assert post.envelopes == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_an_untrusted_certificate_is_refused(scheme: str) -> None:
    async with post_office(tls=scheme == "smtps", starttls=scheme == "smtp") as post:
        server = replace(Server.of(f"{scheme}://127.0.0.1:{post.port}"), start_tls=scheme == "smtp")
        with pytest.raises(DeliveryError, match="certificate") as caught:
            await Email(server, SENDER).send(page())
    assert caught.value.permanent
    assert post.envelopes == []


async def test_a_wrong_password_is_permanent_and_names_the_setting() -> None:
    async with post_office(password="right") as post:
        with pytest.raises(DeliveryError, match="SMTP_URL") as caught:
            await email(f"smtp://bot:wrong@127.0.0.1:{post.port}").send(page())
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("step", "reply", "permanent", "words"),
    [
        ("RCPT", "550 5.1.1 No such user here", True, "the recipient"),
        ("RCPT", "450 4.2.0 Greylisted", False, "the recipient"),
        ("MAIL", "553 5.7.1 Sender not allowed", True, "MAIL_FROM"),
        ("DATA", "554 5.7.1 Spam", True, "the message"),
        ("DATA", "451 4.3.0 Try again later", False, "the message"),
    ],
)
async def test_a_4xx_reply_is_temporary_and_a_5xx_reply_permanent(
    step: str, reply: str, permanent: bool, words: str
) -> None:
    async with post_office() as post:
        post.refuse[step] = reply
        with pytest.raises(DeliveryError) as caught:
            await email(f"smtp://127.0.0.1:{post.port}").send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (permanent, False)
    assert words in str(caught.value)
    assert reply[:3] in str(caught.value)


async def test_silence_after_the_text_is_uncertain_and_a_repeat_has_the_same_message_id() -> None:
    async with post_office() as post:
        post.hang_up = True
        sender = email(f"smtp://127.0.0.1:{post.port}")
        with pytest.raises(DeliveryError) as caught:
            await sender.send(page())
        assert (caught.value.permanent, caught.value.uncertain) == (False, True)
        receipt = await sender.send(page(uncertain=True))
    assert receipt.id == "<4f2a91c0b7d84e0a9b3c5d6e7f809182@example.org>"


async def test_a_refused_connection_is_a_certain_failure() -> None:
    with pytest.raises(DeliveryError, match="could not connect") as caught:
        await email("smtp://127.0.0.1:1").send(page())
    assert (caught.value.permanent, caught.value.uncertain) == (False, False)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Server("mail.example.org", 587, use_tls=False, start_tls=True)),
        ("smtp://u:p%3Aq@mail.example.org:2525", Server("mail.example.org", 2525, False, True, "u", "p:q")),
        ("smtps://mail.example.org", Server("mail.example.org", 465, use_tls=True, start_tls=False)),
        ("smtp://localhost:25", Server("localhost", 25, use_tls=False, start_tls=False)),
        ("smtp://[::1]:25", Server("::1", 25, use_tls=False, start_tls=False)),
        ("smtp+plain://relay.internal", Server("relay.internal", 25, use_tls=False, start_tls=False)),
    ],
)
def test_mail_is_unencrypted_only_to_this_machine_or_on_request(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail", "smtp://", "smtp://h:x", "smtp://h/path", "smtp://[s"]
)
def test_an_invalid_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="expected smtp://") as caught:
        Server.of(url)
    assert url not in str(caught.value).replace(
        "expected smtp://user:password@host:587, smtps://… or smtp+plain://…", ""
    )


@pytest.mark.parametrize(
    "text", ["tocsin@example.org", "Tocsin <tocsin@example.org>", '"Tocsin, bell" <t@example.org>']
)
def test_valid_senders_are_accepted(text: str) -> None:
    assert sender_of(text).domain == "example.org"


@pytest.mark.parametrize("text", ["tocsin", "a@b@c", "Tocsin <t@example.org>\r\nBcc: x@y", "@example.org", "t@"])
def test_invalid_senders_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        sender_of(text)


async def test_one_connection_carries_many_mails() -> None:
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        for number in range(5):
            await sender.send(page(key=f"k{number}"))
        assert post.connections == 1
        await sender.close()
        await sender.send(page(key="later"))
        await sender.close()
    assert (post.connections, len(post.envelopes)) == (2, 6)


async def test_a_connection_that_the_server_left_meanwhile_costs_no_attempt() -> None:
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page(key="first"))
        post.leave_at_mail = True
        await sender.send(page(key="second"))
        post.refuse_once["MAIL"] = "421 4.7.0 Too many mails in this connection"
        await sender.send(page(key="third"))
        await sender.close()
    assert [mail["Message-ID"].partition("@")[0] for mail in post.mails] == ["<first", "<second", "<third"]
    assert post.connections == 3


async def test_a_mail_whose_text_was_under_way_on_a_kept_connection_stays_uncertain() -> None:
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page(key="first"))
        post.abort_after_taking = True
        with pytest.raises(DeliveryError) as caught:
            await sender.send(page(key="second"))
        assert caught.value.uncertain
        await sender.close()
    assert len(post.envelopes) == 2  # it arrived, and was not sent again here


async def test_a_refused_recipient_leaves_the_connection_for_the_next_mail() -> None:
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page(key="first"))
        post.refuse_once["RCPT"] = "550 5.1.1 No such user here"
        with pytest.raises(DeliveryError):
            await sender.send(page(key="second"))
        await sender.send(page(key="third"))
        await sender.close()
    assert (post.connections, len(post.envelopes)) == (1, 2)


async def test_an_idle_connection_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_pool, "IDLE_S", 0.05)
    async with post_office() as post:
        sender = email(f"smtp://127.0.0.1:{post.port}")
        await sender.send(page())
        async with asyncio.timeout(WITHIN_S):
            while post.open:
                await asyncio.sleep(0.02)
        assert post.farewells == 1
