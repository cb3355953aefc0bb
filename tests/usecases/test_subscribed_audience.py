"""An audience with `subscribers: components` reaches the subscribers of an affected component of the status page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.communications import tell
from bot.domain.communications.communication import Communication
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import CommunicationPayload
from bot.domain.routing.send_result import Failed, NotNeeded
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from bot.senders.communications import CommunicationSender
from bot.usecases.communications import draft
from bot.usecases.communications.draft import reach_of
from bot.usecases.incidents.declare import Declaration, declare
from storage import communications
from storage.outbox.queue import ClaimedNotice
from storage.statuspage import subscribers
from tests.usecases.conftest import MakeContext

POLICY = """
preset: sev1-5
services: {gateway: {components: [api]}}
status_page: {preset: llm-platform}
audiences:
  customers: {emails: [ada@example.com], subscribers: components}
  inside: {public: false, notify: ["channel:#general"], subscribers: components}
"""


async def test_subscribers_of_affected_components_are_told_once_each(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    context.methods = frozenset({"email"})
    incident = await declare(context, Declaration("Down", "sev2", "U1", services=("gateway",)), "d")
    now = context.clock.now()
    listed = [
        Subscriber("a", SubscriberKind.EMAIL, "ada@example.com", now, confirmed_at=now),
        Subscriber("b", SubscriberKind.EMAIL, "ben@example.com", now, ("api",), confirmed_at=now),
        Subscriber("c", SubscriberKind.EMAIL, "cleo@example.com", now, ("dashboard",), confirmed_at=now),
        Subscriber("d", SubscriberKind.EMAIL, "dan@example.com", now),
        Subscriber("e", SubscriberKind.SLACK, "C1", now, confirmed_at=now),
    ]
    async with context.database.transaction() as conn:
        for each in listed:
            await subscribers.save(conn, each)
        customers, inside = (tell.audience_of(context.policy, key) for key in ("customers", "inside"))
        reached = await reach_of(context, conn, incident, context.policy, replace(customers, public=True))
        assert [each.address for each in reached.recipients] == ["ada@example.com", "ben@example.com", "C1"]
        other = await reach_of(context, conn, incident, context.policy, inside)
        assert [each.address for each in other.recipients] == ["#general"]
        assert ("subscribers", "the audience is not public") in [(each.who, each.why) for each in other.left_out]


async def test_who_is_left_out_of_the_subscribers_is_said(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "MOST_SUBSCRIBERS", 2)
    context = make_context(POLICY)
    incident = await declare(context, Declaration("Down", "sev2", "U1", services=("gateway",)), "d")
    now = context.clock.now()
    async with context.database.transaction() as conn:
        for number, kind in enumerate((SubscriberKind.EMAIL, SubscriberKind.WEBHOOK, SubscriberKind.EMAIL)):
            await subscribers.save(conn, Subscriber(f"s{number}", kind, f"a{number}", now, confirmed_at=now))
        customers = replace(tell.audience_of(context.policy, "customers"), public=True, emails=())
        reached = await reach_of(context, conn, incident, context.policy, customers)
    assert reached.recipients == ()
    assert [each.who for each in reached.left_out] == [
        "further subscribers", "subscribed webhooks", "subscribers by e-mail",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "address", "name", "subscribed", "result"),
    [
        ("customers", "gone@example.com", "", False, NotNeeded("they have unsubscribed from the status page")),
        ("customers", "ben@example.com", "", True, None),
        ("customers", "ada@example.com", "", False, None),  # in the policy, subscribed or not
        ("customers", "eli@example.com", "Eli", False, None),
        ("inside", "gone@example.com", "", False, None),  # its mails have nothing to do with subscriptions
    ],
)
async def test_who_unsubscribed_meanwhile_gets_no_mail(
    make_context: MakeContext, audience: str, address: str, name: str, subscribed: bool, result: NotNeeded | None
) -> None:
    """E-mail is not set up here: a mail that would be sent fails."""
    policy = POLICY.replace("subscribers: components}\n  inside", "public: true, subscribers: components}\n  inside")
    context = make_context(policy.replace('"channel:#general"], subscribers: components', '"channel:#general"]'))
    incident = await declare(context, Declaration("Down", "sev2", "U1", services=("gateway",)), "d")
    now = context.clock.now()
    message = Communication(incident.number, 1, audience, audience, "start", "Down", "It is down.", "U1", now)
    async with context.database.transaction() as conn:
        await communications.add(conn, message)
        if subscribed:
            await subscribers.save(conn, Subscriber("b", SubscriberKind.EMAIL, address, now, confirmed_at=now))
    payload = CommunicationPayload(1, address, name=name).to_json()
    row = ClaimedNotice(
        1, "k", NoticeKind.COMMS_MAIL, incident.number, payload, "k", 1, False, False, now, now, None, 1, 1
    )
    sent = await CommunicationSender(context, dict).send(row)
    assert sent == (
        result or Failed(f"Could not send the start #1 to {audience} to {address}: it is not set up any more.")
    )
