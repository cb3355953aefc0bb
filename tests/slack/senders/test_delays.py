"""A page that was answered while Slack was down is not posted, and one that is still wanted is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.routing.notice import NoticeKind
from bot.domain.values.outage_span import OutageSpan
from bot.slack.senders.base import Delivery, KnownOutages
from bot.slack.senders.delays import reason_if_answered, waited_for
from bot.usecases.outage import NOTICED, Outage
from storage.outbox.queue import ClaimedNotice
from tests.factories import FIVE
from tests.storage.helpers import incident

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LASTS = KnownOutages(Outage(NOW - timedelta(hours=4), NOTICED, "no answer", NOW - timedelta(hours=4)))
IS_OVER = KnownOutages(None, (OutageSpan(*(NOW - timedelta(hours=h) for h in (4, 0, 4, 0))),))


def page(kind: NoticeKind, unless: str | None, known: KnownOutages, hours_ago: float = 1) -> Delivery:
    """A page of an incident that was acknowledged since."""
    written = NOW - timedelta(hours=hours_ago)
    payload = {} if unless is None else {"unless": unless}
    notice = ClaimedNotice(
        1, "page:1", kind, 1, payload, "key", attempts=2, uncertain=False, redirected=False, first_try_at=written,
        created_at=written, deadline=None, fence=1, version=1,
    )  # fmt: skip
    shown = incident(1)
    shown = replace(shown, ladder=replace(shown.ladder, acknowledged_at=NOW))
    return Delivery(notice, shown, FIVE, NOW, late=waited_for(known, shown, notice), outages=known)


@pytest.mark.parametrize("known", [LASTS, IS_OVER], ids=["slack answers again", "the outage is over"])
@pytest.mark.parametrize("kind", [NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_ELSEWHERE])
def test_a_page_that_waited_is_not_posted_once_it_is_answered(kind: NoticeKind, known: KnownOutages) -> None:
    assert reason_if_answered(page(kind, "acknowledged", known))
    assert reason_if_answered(page(kind, "resolved", known)) is None  # by hand, or of a rung that goes on until then
    assert reason_if_answered(page(kind, None, known))  # an older version's


@pytest.mark.parametrize("known", [LASTS, IS_OVER], ids=["slack answers again", "the outage is over"])
def test_a_page_from_before_an_outage_waited_for_its_end_as_well(known: KnownOutages) -> None:
    """The outage counts from when a process noticed it, and none may have run for a while."""
    assert reason_if_answered(page(NoticeKind.PAGE_DIRECT, "acknowledged", known, hours_ago=5))
    assert reason_if_answered(page(NoticeKind.PAGE_DIRECT, "resolved", known, hours_ago=5)) is None


def test_a_page_that_waited_for_no_outage_is_posted() -> None:
    assert reason_if_answered(page(NoticeKind.PAGE_DIRECT, "acknowledged", KnownOutages())) is None
    assert reason_if_answered(page(NoticeKind.PAGE_DIRECT, "acknowledged", IS_OVER, hours_ago=-1)) is None  # after it
    assert reason_if_answered(page(NoticeKind.NUDGE, "acknowledged", IS_OVER)) is None
