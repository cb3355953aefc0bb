"""Triage: what is known of an incident that may help, gathered for one short message."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.playbook.definition import Playbook
from bot.domain.policy.policy import Contact
from bot.domain.triage.service_catalog import Cause, ReachedService
from bot.domain.triage.similarity import SimilarIncident


@dataclass(frozen=True, slots=True)
class Triage:
    """`affected` are keys of the catalog; `guessed` where nobody named them and the title does. `playbooks`: those that
    are there, of the ids that a similar incident was mended by.
    """

    similar: tuple[SimilarIncident, ...] = ()
    affected: tuple[str, ...] = ()
    affected_guessed: bool = False
    radius: tuple[ReachedService, ...] = ()
    causes: tuple[Cause, ...] = ()
    contacts: tuple[Contact, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    playbooks: tuple[Playbook, ...] = ()

    @property
    def useful(self) -> bool:
        return bool(self.similar or self.radius or self.causes or self.contacts or self.links)
