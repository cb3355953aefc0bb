from __future__ import annotations

from bot.slack.blocks.modals.resolve import ResolveValues, resolve_modal, values_of_resolve
from tests.factories import FIVE, NOW, minutes, new_incident
from tests.slack.blocks.modals.submissions import errors, inputs_of, submission

OPEN = new_incident()


def test_the_resolve_form() -> None:
    view = resolve_modal(OPEN, FIVE)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Resolve incident", "Resolve")
    assert inputs_of(view) == [
        ("summary", "What fixed it?", False),
        ("root_cause", "Root cause", True),
        ("impact_ended", "Customer impact ended", True),
    ]
    ended = int(minutes(-10).timestamp())
    sent = submission(view, summary="Rolled back", root_cause="Deploy", impact_ended=ended)
    assert values_of_resolve(sent, NOW) == ResolveValues(1, "Rolled back", "Deploy", minutes(-10))


def test_an_impact_that_ends_in_the_future_and_an_empty_answer_are_refused() -> None:
    late = int(minutes(10).timestamp())
    form = resolve_modal(OPEN, FIVE)
    assert errors(lambda view: values_of_resolve(view, NOW), form, summary="", impact_ended=late) == {
        "summary": "Say what fixed it, such as “Rolled back deploy 4512”.",
        "impact_ended": "That is in the future. Choose when it ended, or leave it empty.",
    }
