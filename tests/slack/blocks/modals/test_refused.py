from __future__ import annotations

from bot.slack.blocks import replies
from bot.slack.blocks.modals.refused import refusal_modal
from bot.slack.blocks.modals.update import update_modal
from tests.factories import FIVE, mrkdwn, new_incident

OPEN = new_incident()


def test_a_form_that_cannot_be_carried_out_says_why() -> None:
    view = refusal_modal(update_modal(OPEN, FIVE), replies.refusal("INC-1 is resolved."))
    assert "submit" not in view
    assert mrkdwn(view["blocks"][0]) == "INC-1 is resolved."


def test_what_was_typed_into_a_refused_form_is_given_back() -> None:
    form = update_modal(OPEN, FIVE)
    form["state"] = {"values": {"text": {"text": {"type": "plain_text_input", "value": "Rolled back <now>"}}}}
    view = refusal_modal(form, replies.refusal("INC-1 is resolved."))
    assert [mrkdwn(block) for block in view["blocks"][2:]] == ["*What changed?*", "```Rolled back &lt;now&gt;```"]
