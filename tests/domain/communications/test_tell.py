"""A gap stops a message to the public; a message to people inside says that it is not known yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import policy as policies
from bot.domain.communications import stages, tell
from bot.domain.communications.communication import Communication, Reach
from bot.domain.communications.leaks import Confidential, Leak
from bot.domain.communications.tell import Message
from bot.domain.errors import Refused
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Audience
from tests.factories import minutes, new_incident

INSIDE = Audience("executives", "Executives")
MESSAGE = Message("executives", "update", "INC-1", "Customers affected: [fill in: number of users]")


def test_a_gap_in_a_message_to_people_inside_is_shown_and_goes_as_not_known_yet() -> None:
    findings = tell.findings_of(MESSAGE, INSIDE, Confidential())
    assert [(finding.leak, finding.blocks) for finding in findings] == [(Leak.UNFILLED, False)]
    assert findings[0].sentence == "Goes as “not known yet” unless you fill it in: “number of users”"
    tell.require_sendable(MESSAGE, INSIDE, new_incident(), findings)
    sent = tell.new_communication(new_incident(), MESSAGE, INSIDE, Reach(), "U1", minutes(5))
    assert sent.text == "Customers affected: not known yet"


def test_a_gap_in_a_message_to_the_public_stops_it() -> None:
    public = replace(INSIDE, public=True)
    findings = tell.findings_of(MESSAGE, public, Confidential())
    with pytest.raises(Refused, match="Still to fill in"):
        tell.require_sendable(MESSAGE, public, new_incident(), findings)


def test_a_correction_of_an_earlier_message_tells_no_news_and_asks_for_none() -> None:
    """Else an audience that heard of the end would be due again, and what it was not told would count as told."""
    policy = policies.preset("sev1-5")
    over = replace(new_incident(), ended_at=minutes(30), updates=3, told={})
    told = tell.record_sent(over, communication("resolved", 2), "U1", minutes(31)).incident
    moved = replace(told, updates=4)
    corrected = tell.record_sent(moved, replace(communication("start", 3), corrects=1), "U1", minutes(40)).incident
    latest = corrected.told["executives"]
    assert (latest.stage, latest.update, latest.number, latest.at) == ("resolved", 3, 3, minutes(40))
    assert stages.due_at(replace(corrected, status=Status.RESOLVED), INSIDE, policy) is None


def communication(stage: str, number: int) -> Communication:
    message = replace(MESSAGE, stage=stage)
    made = tell.new_communication(new_incident(), message, INSIDE, Reach(), "U1", minutes(5))
    return replace(made, number=number, of_audience=number)
