"""Defines a search result: a playbook that fits an incident, with its rank and the reasons it matched."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.playbook.definition import Playbook

# The certainty from which a playbook is offered unasked. Measured in tests/playbooks on phrasings, holdout, negatives.
OFFER_THRESHOLD = 1.15
LEAST_EVIDENCE = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result. `score` ranks results; `certainty` decides whether to offer one that nobody asked for."""

    playbook: Playbook
    score: float
    reasons: tuple[str, ...]  # the best first, for people
    # Like `score`, but words count only by the share of the query they cover: a playbook that merely shares the word
    # “empty” is found, and never offered.
    certainty: float = 0.0
    # How many things point to it: each word of the query in its name, symptoms, keywords and alerts, and each fact. A
    # label, an affected service or the policy's choice counts as two, because none of them is vague.
    evidence: int = 0

    @property
    def worth_listing(self) -> bool:
        """Whether more than one vague symptom points to it, so that it may be listed for an incident."""
        return self.evidence >= LEAST_EVIDENCE

    @property
    def worth_offering(self) -> bool:
        """Whether the match is certain enough to be offered without being asked for."""
        return self.worth_listing and self.certainty >= OFFER_THRESHOLD
