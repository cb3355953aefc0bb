"""An audience with `subscribers: components` reaches whoever subscribed to an affected component of the status page."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.communications import tell
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from bot.usecases.communications.draft import reach_of
from bot.usecases.incidents.declare import Declaration, declare
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
