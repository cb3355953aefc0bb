from __future__ import annotations

from bot.slack.blocks.modals.add_to_timeline import add_to_timeline_modal, values_of_add_to_timeline
from tests.factories import BEN, MANY, mrkdwn, new_incident
from tests.slack.blocks.modals.submissions import submission

OPEN = new_incident()


def test_which_incident_a_message_belongs_to() -> None:
    source = {"channel": "C1", "ts": "1.2", "author": BEN, "text": "a &lt; b <!here>\n<@U1|maya>", "link": None}
    view = add_to_timeline_modal([OPEN, new_incident("Other", MANY, 7)], source)
    assert mrkdwn(view["blocks"][0]) == "> a &lt; b @\u200bhere\n> @maya"
    said = values_of_add_to_timeline(submission(view, incident="INC-7"))
    assert (said.incident, said.source) == (7, source)
