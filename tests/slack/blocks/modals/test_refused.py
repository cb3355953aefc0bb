from __future__ import annotations

from bot.slack.blocks import replies
from bot.slack.blocks.modals.refused import refusal_modal
from bot.slack.blocks.modals.update import update_modal
from tests.factories import FIVE, declared, mrkdwn

OPEN = declared()


def test_a_form_that_cannot_be_carried_out_says_why() -> None:
    view = refusal_modal(update_modal(OPEN, FIVE), replies.refused("INC-1 is resolved."))
    assert "submit" not in view
    assert mrkdwn(view["blocks"][0]) == "INC-1 is resolved."
