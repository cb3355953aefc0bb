from __future__ import annotations

import pytest

from bot.slack.blocks.inputs import InputErrors
from bot.slack.blocks.modals.reopen import ReopenValues, reopen_modal, values_of_reopen
from tests.factories import new_incident
from tests.slack.blocks.modals.submissions import errors, submission

OPEN = new_incident()


def test_the_reopen_form() -> None:
    view = reopen_modal(OPEN)
    assert values_of_reopen(submission(view, reason=" back ")) == ReopenValues(1, "back")
    assert errors(values_of_reopen, view, reason="") == {"reason": "Say why, such as “Errors are back since 04:10”."}


def test_a_form_that_lost_its_incident_says_so() -> None:
    view = {**submission(reopen_modal(OPEN), reason="x"), "private_metadata": "{not json"}
    with pytest.raises(InputErrors) as wrong:
        values_of_reopen(view)
    assert wrong.value.errors == {"reason": "This form lost track of its incident. Close it and open it again."}
