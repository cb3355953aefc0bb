"""A labelled set of texts: the lint's findings in each, and harmless texts without findings."""

from __future__ import annotations

import random

import pytest

from bot.domain.communications.leaks import UNSAFE, Confidential, Leak, find, leaks_in

SECRET_WORDS = Confidential(
    people=("Maya Roth", "Tom Baker", "jo.nilsson"), customers=("Globex", "Initech Ltd"), hosts=("corp.example.com",)
)
IMPACT = "Orders fail for some customers."
NEXT = "Next update by 10:00 UTC."
LEAKS: tuple[tuple[Leak, str], ...] = (
    (Leak.NAME, "Maya is looking into it"),
    (Leak.NAME, "escalated to Tom Baker"),
    (Leak.NAME, "thanks to jo.nilsson"),
    (Leak.HANDLE, "ask @maya"),
    (Leak.HANDLE, "write to ops-team@example.com"),
    (Leak.HANDLE, "<@U0MAYA0000> restarted it"),
    (Leak.HOST, "db-prod-01 is out of disk"),
    (Leak.HOST, "the pod api-7d9f8b6c5d-x2x4z restarts"),
    (Leak.HOST, "redis.cache.svc.cluster.local does not answer"),
    (Leak.HOST, "web03 is slow"),
    (Leak.HOST, "ip-10-0-12-7 was terminated"),
    (Leak.HOST, "orders.c9akciq32.eu-west-1.rds.amazonaws.com refuses connections"),
    (Leak.HOST, "vpn.corp.example.com is down"),
    (Leak.HOST, "payments-primary-2 failed over"),
    (Leak.IP, "10.0.12.7 refuses connections"),
    (Leak.IP, "traffic from 203.0.113.9 is blocked"),
    (Leak.IP, "2001:db8::17 is unreachable"),
    (Leak.INTERNAL_URL, "see https://grafana.example.com/d/abc"),
    (Leak.INTERNAL_URL, "see http://localhost:3000/status"),
    (Leak.INTERNAL_URL, "see https://wiki/Runbook"),
    (Leak.INTERNAL_URL, "see https://acme.slack.com/archives/C1/p2"),
    (Leak.INTERNAL_URL, "see https://acme.atlassian.net/browse/OPS-1"),
    (Leak.INTERNAL_URL, "see https://dash.corp.example.com/x"),
    (Leak.TICKET, "tracked as OPS-1234"),
    (Leak.TICKET, "INC-42 is being worked on"),
    (Leak.TICKET, "fixed in PR #4512"),
    (Leak.TICKET, "reverted commit 8f3a2c1"),
    (Leak.STACK_TRACE, "Traceback (most recent call last)"),
    (Leak.STACK_TRACE, "java.lang.NullPointerException at com.acme.Cart.add(Cart.java:42)"),
    (Leak.STACK_TRACE, 'File "app/cart.py", line 42, in add'),
    (Leak.STACK_TRACE, "pods were OOMKilled"),
    (Leak.STACK_TRACE, "panic: index out of range"),
    (Leak.SECRET, "password=hunter22 was in the log"),
    (Leak.SECRET, "the token xoxb-123456789012-abcdefghijkl leaked"),
    (Leak.SECRET, "use AKIAIOSFODNN7EXAMPLE"),
    (Leak.SECRET, "postgres://app:s3cretpw@db/orders"),
    (Leak.SECRET, "Authorization: Bearer abcdef0123456789"),
    (Leak.CUSTOMER, "Globex reported it first"),
    (Leak.CUSTOMER, "mostly INITECH LTD"),
    (Leak.HYPOTHESIS, "we think the cache is at fault"),
    (Leak.HYPOTHESIS, "it is probably a network problem"),
    (Leak.HYPOTHESIS, "this seems to be caused by a deployment"),
    (Leak.HYPOTHESIS, "it might be a bad configuration"),
    (Leak.HYPOTHESIS, "our working theory is a full disk"),
    (Leak.BLAME, "caused by human error"),
    (Leak.BLAME, "an engineer deployed the wrong version"),
    (Leak.BLAME, "the vendor is to blame"),
    (Leak.BLAME, "somebody forgot to renew the certificate"),
    (Leak.BLAME, "it is the vendor's fault"),
    (Leak.BLAME, "due to a mistake by a team of ours"),
    (Leak.GAP, "Impact: [fill in: what customers notice]"),
    (Leak.HANDLE, "U012AB3CD looks into it"),
    (Leak.HANDLE, "follow #inc-42-checkout"),
    (Leak.INTERNAL_URL, "see acme.slack.com/archives/C012/p123"),
    (Leak.INTERNAL_URL, "the file s3://backups/orders is lost"),
)
CLEAN = (
    "We are investigating elevated error rates for checkout. Some customers cannot place orders. "
    "Next update by 2026-11-30 10:00 UTC.",
    "A fix is in place. Payments that failed from 09:10 to 09:40 UTC were not charged. We will write again by 11:00.",
    "Pages load slowly in Europe. We will update you within 30 minutes. Follow https://status.example.com for news.",
    "Between 09:10 and 10:05 UTC, 40 % of requests to our API failed. We have found the cause. Next update: 10:30 UTC.",
    "Invoices are delayed by up to 2 hours; none is lost. We will post an update every hour.",
    "Version 3.2 of the mobile app cannot sign in. Signing in on the web works. Next update in 1 hour.",
    "Uploads over 10 MB fail with HTTP-500. Smaller ones work. Next update at 14:00 UTC.",
    "Some e-mails with UTF-8 attachments are delayed. We will write again before noon.",
    "Call our support at any time. Search results may be incomplete, and some are missing. Next update by 16:00 CET.",
)


@pytest.mark.parametrize(("leak", "text"), LEAKS)
def test_what_must_not_become_public_is_found(leak: Leak, text: str) -> None:
    assert leak in {finding.leak for finding in find(f"{IMPACT} {text}. {NEXT}", SECRET_WORDS)}


@pytest.mark.parametrize("text", CLEAN)
def test_a_good_message_is_left_alone(text: str) -> None:
    assert find(text, SECRET_WORDS) == []


@pytest.mark.parametrize(
    "text",
    ["Jose Alvarez", "jos\u00e9", "\u674e\u96f7", "\u7531\u674e\u96f7\u5904\u7406", "Initech Ltd", "Initech Ltd."],
)
def test_a_name_is_found_however_it_is_typed(text: str) -> None:
    words = Confidential(people=("Jos\u00e9 \u00c1lvarez", "\u674e\u96f7"), customers=("Initech Ltd.",))
    assert {finding.leak for finding in leaks_in(f"This is of {text} alone", words)} & {Leak.NAME, Leak.CUSTOMER}


def test_a_message_without_impact_or_next_update_is_noticed() -> None:
    found = {finding.leak for finding in find("We are looking into it.", SECRET_WORDS)}
    assert found == {Leak.NO_IMPACT, Leak.NO_NEXT_UPDATE}
    assert [f.leak for f in find("Orders failed.", SECRET_WORDS, more_to_come=False)] == []


@pytest.mark.parametrize(
    "promise", ["More at 13:20 UTC.", "More news by 15:00 UTC.", "We write again within 30 minutes."]
)
def test_a_promise_of_the_next_update_is_understood(promise: str) -> None:
    assert find(f"Orders failed. {promise}", SECRET_WORDS) == []


def test_what_is_more_than_a_number_promises_no_update() -> None:
    findings = find("More than 20 % of orders failed in 5 regions.", SECRET_WORDS)
    assert [finding.leak for finding in findings] == [Leak.NO_NEXT_UPDATE]


def test_only_secrets_and_gaps_block_and_come_first_and_a_secret_is_not_quoted() -> None:
    text = f"Maya pasted password=hunter22. [fill in: impact] {NEXT}"
    found = find(text, SECRET_WORDS)
    assert [finding.blocks for finding in found] == [True, True, False, False][: len(found)]
    assert "hunter22" not in " ".join(finding.sentence for finding in found)


def test_no_generated_leak_is_missed() -> None:
    """10,000 sentences with a name, host, address, ticket or secret somewhere in them."""
    dice = random.Random(7)
    sentences = ["{} is slow", "since 09:10 {} fails", "we restarted {}", "{}: errors", "traffic moved away from {}."]
    kinds = (
        lambda: dice.choice(["Maya Roth", "Maya", "Tom Baker", "Baker", "@tom", "jo.nilsson"]),
        lambda: (
            f"{dice.choice(['db', 'web', 'api', 'redis', 'kafka', 'node'])}-{dice.choice(['prod', 'eu', 'a'])}-"
            f"{dice.randint(1, 99):02}"
        ),
        lambda: f"{dice.choice(['orders', 'cart'])}.{dice.choice(['internal', 'svc.cluster.local', 'corp', 'lan'])}",
        lambda: f"10.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}",
        lambda: f"{dice.choice(['OPS', 'PAY', 'SRE'])}-{dice.randint(1, 9999)}",
        lambda: f"ghp_{''.join(dice.choices('abcdefghijklmnopqrstuvwxyz0123456789', k=36))}",
        lambda: f"https://{dice.choice(['grafana', 'kibana', 'jenkins'])}.example.com/{dice.randint(1, 99)}",
    )
    for _ in range(10_000):
        text = dice.choice(sentences).format(dice.choice(kinds)())
        assert any(finding.leak in UNSAFE for finding in leaks_in(text, SECRET_WORDS)), text


@pytest.mark.parametrize("page", ["http://status.internal:8080/status", "http://status.internal:8080/status/"])
def test_a_link_to_the_own_status_page_is_no_leak(page: str) -> None:
    own = Confidential(page=page)
    text = "See http://status.internal:8080/status or http://status.internal:8080/status/history."
    assert leaks_in(text, own) == []
    assert {each.leak for each in leaks_in("See http://status.internal:8080/statusx.", own)} == {Leak.INTERNAL_URL}
