"""A gap stops a message to the public; a message to people inside says that it is not known yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.communications import tell
from bot.domain.communications.communication import Reach
from bot.domain.communications.leaks import Confidential, Leak
from bot.domain.communications.tell import Message
from bot.domain.errors import Refused
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
