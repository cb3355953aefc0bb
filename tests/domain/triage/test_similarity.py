"""Facts about an incident that resembles this one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.incident import Ladder
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry, entry
from bot.domain.triage.similarity import (
    Fix,
    Frequencies,
    SearchDocument,
    SimilarityQuery,
    compare,
    fix_text,
    fixing_step,
)
from tests.storage.helpers import MINUTE, NOW, incident


def act(at: int, act: str, walk: int = 1, step: str = "2.1 Promote the replica", **data: Any) -> Entry:
    text = f"Database failover, {step}: {act}"
    return entry(NOW + at * MINUTE, "playbook", "U1", text, walk=walk, playbook=f"book-{walk}", act=act, **data)


def test_the_last_step_before_mitigation_is_the_fix() -> None:
    known = replace(incident(), mitigated_at=NOW + 10 * MINUTE)
    acts = [
        act(1, "done", step="1.1 Look"),
        act(5, "done"),
        act(7, "skipped", step="3.1 Ask"),
        act(12, "done", step="9"),
    ]
    assert fixing_step(known, acts) == Fix("book-1", "Database failover, 2.1 Promote the replica")
    assert fixing_step(incident(), acts) is None
    assert fixing_step(known, []) is None


def test_of_a_reopened_incident_what_was_done_before_is_no_fix() -> None:
    again = replace(
        incident(),
        episode=2,
        mitigated_at=NOW + 6 * MINUTE,
        resolved_at=NOW + 30 * MINUTE,
        ladder=Ladder(NOW + 20 * MINUTE),
    )
    first, second = act(5, "done", step="1.1 Restart"), act(25, "done")
    assert fixing_step(again, [first, second]) == Fix("book-1", "Database failover, 2.1 Promote the replica")
    assert fixing_step(again, [first]) is None


def test_a_playbook_judged_helpful_takes_precedence() -> None:
    known = replace(incident(), mitigated_at=NOW + 10 * MINUTE)
    acts = [act(1, "done", walk=1), act(5, "done", walk=2), act(20, "judged", walk=1, helped=True)]
    assert fixing_step(known, acts) == Fix("book-1", "Database failover, 2.1 Promote the replica")
    acts = [act(1, "done", walk=1), act(5, "succeeded", walk=2), act(20, "judged", walk=2, helped=False)]
    assert fixing_step(known, acts) == Fix("book-1", "Database failover, 2.1 Promote the replica")


def test_only_an_ended_incident_has_a_fix() -> None:
    over = replace(incident(), status=Status.RESOLVED, summary="Rolled back")
    assert fix_text(over) == "Rolled back"
    assert fix_text(replace(over, summary="", root_cause="Bad deploy")) == "Its root cause: Bad deploy"
    assert fix_text(replace(over, status=Status.INVESTIGATING)) == ""
    assert fix_text(replace(over, status=Status.CANCELLED), "The probe lied") == "It was a false alarm: The probe lied"


def test_a_common_word_weighs_less_than_a_rare_one() -> None:
    often = Frequencies(100, {"checkout": 50, "hikari": 1})
    assert often.weight("hikari") > 3 * often.weight("checkout")
    assert Frequencies(0).weight("hikari") > Frequencies(0).weight("down") > 0


def test_more_shared_title_words_never_lower_the_confidence() -> None:
    often = Frequencies(50, {"hikari": 1, "pool": 2, "order": 9})
    document = SearchDocument(1, ("hikari", "pool", "exhaust"), (), ("restart",), ("order",))
    asked = ["hikari", "pool", "exhaust"]
    sure = [
        compare(SimilarityQuery(tuple(asked[:n]) + ("elsewhere",) * (n == 0)), document, incident(), often).confidence
        for n in range(len(asked) + 1)
    ]
    assert sure == sorted(sure)
    assert sure[0] == 0.0
